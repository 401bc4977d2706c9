// What the page of releases shows, and shows at first.

import type { AgreementLine, Held, Kind, Proposals, ProposedLine, RecordSheet } from "./api";
import { FIRST_SORT, NO_FILTER, type ReleaseFilter, type ReleaseRows, type ReleaseSort } from "./rows";

export interface ReleaseState {
  held: ReadonlyMap<Kind, Held>;
  /** What the partner of the address would see, once it is known. */
  rows: ReleaseRows | null;
  /** Rows in the order of the table. */
  order: Uint32Array;
  filter: ReleaseFilter;
  sort: ReleaseSort;
  /** Record whose sheet is open. */
  chosen: string | null;
  sheet: RecordSheet | null;
  sheetTrouble: string | null;
  agreements: AgreementLine[] | null;
  proposals: Proposals | null;
  /** Agreements that partners propose. */
  proposed: ProposedLine[];
  /** Why what is shown may be old, or null. */
  trouble: string | null;
}

export const FIRST: ReleaseState = {
  held: new Map(),
  rows: null,
  order: new Uint32Array(0),
  filter: NO_FILTER,
  sort: FIRST_SORT,
  chosen: null,
  sheet: null,
  sheetTrouble: null,
  agreements: null,
  proposals: null,
  proposed: [],
  trouble: null,
};
