// What we hold beside what one partner would see of it, as rows: which to show, in which order.

import type { Held, Kind, Said, Seen, Verdict } from "./api";

export const KINDS: Kind[] = ["track", "element_set", "sensor", "conjunction_warning", "identity_claim", "observation"];
export const KIND_WORDS: Record<Kind, string> = {
  track: "Tracks",
  element_set: "Element sets",
  sensor: "Sensors",
  conjunction_warning: "Warnings",
  identity_claim: "Identities",
  observation: "Observations",
};
export const ONE_OF_KIND: Record<Kind, string> = {
  track: "track",
  element_set: "element set",
  sensor: "sensor",
  conjunction_warning: "warning",
  identity_claim: "identity",
  observation: "observation",
};
export const VERDICTS: Verdict[] = ["released", "coarsened", "withheld", "its own"];
export const VERDICT_WORDS: Record<Verdict, string> = {
  released: "Released as it is",
  coarsened: "Released in another form: coarser, or without some of it",
  withheld: "Withheld",
  "its own": "The partner's own",
};

export type ReleaseColumn = "kind" | "name" | "source" | "epoch" | "level" | "verdict" | "clause" | "reason" | "revisit";

export interface ReleaseSort {
  column: ReleaseColumn;
  descending: boolean;
}

export interface ReleaseFilter {
  text: string;
  hidden: ReadonlySet<string>;
  kind: Kind | null;
  reason: string | null;
}

export const NO_FILTER: ReleaseFilter = { text: "", hidden: new Set(), kind: null, reason: null };
export const FIRST_SORT: ReleaseSort = { column: "kind", descending: false };

/** All records side by side with what was said of each. */
export class ReleaseRows {
  readonly kind: Kind[] = [];
  readonly record: string[] = [];
  readonly name: string[] = [];
  readonly source: string[] = [];
  readonly epoch: (number | null)[] = [];
  readonly level: number[] = [];
  readonly said: Said[] = [];
  readonly revisit: (number | null)[] = [];
  private readonly rowOf = new Map<string, number>();
  private readonly haystack: string[] = [];

  constructor(
    readonly seen: Seen,
    held: ReadonlyMap<Kind, Held>,
  ) {
    for (const one of seen.kinds) {
      const columns = held.get(one.kind);
      if (!columns) continue;
      for (let i = 0; i < one.said.length; i++) {
        this.rowOf.set(columns.record[i], this.kind.length);
        this.kind.push(one.kind);
        this.record.push(columns.record[i]);
        this.name.push(columns.name[i]);
        this.source.push(columns.source[i]);
        this.epoch.push(columns.epoch_tai_s[i]);
        this.level.push(columns.classification[i]);
        this.said.push(seen.said[one.said[i]]);
        this.revisit.push(one.revisit_tai_s[i] ?? null);
        this.haystack.push(`${columns.name[i]} ${columns.source[i]} ${columns.record[i]}`.toLowerCase());
      }
    }
  }

  get count(): number {
    return this.kind.length;
  }

  row(record: string | null): number {
    return record === null ? -1 : (this.rowOf.get(record) ?? -1);
  }

  /** When the next row may be released by time alone. */
  get nextTai(): number {
    return this.revisit.reduce<number>((next, at) => (at !== null && at < next ? at : next), Infinity);
  }

  /** How many rows each thing was said of, the most frequent first, of the rows that pass all but the reason. */
  reasons(filter: ReleaseFilter): { said: Said; count: number }[] {
    const counts = new Map<Said, number>();
    for (const row of this.passing({ ...filter, reason: null })) {
      const said = this.said[row];
      counts.set(said, (counts.get(said) ?? 0) + 1);
    }
    return [...counts].map(([said, count]) => ({ said, count })).sort((a, b) => b.count - a.count);
  }

  /** Rows that pass the filter, in the order of the sort; what has no value stands last either way. */
  order(filter: ReleaseFilter, sort: ReleaseSort): Uint32Array {
    const rows = this.passing(filter);
    const value = this.value(sort.column);
    const values: (string | number | null)[] = new Array<string | number | null>(this.count);
    for (const row of rows) values[row] = value(row);
    const sign = sort.descending ? -1 : 1;
    return rows.sort((p, q) => {
      const [a, b] = [values[p], values[q]];
      if (a === null || b === null) return a === b ? p - q : a === null ? 1 : -1;
      return a < b ? -sign : a > b ? sign : p - q;
    });
  }

  private passing(filter: ReleaseFilter): Uint32Array {
    const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = new Uint32Array(this.count);
    let n = 0;
    for (let i = 0; i < this.count; i++) {
      const said = this.said[i];
      if (filter.kind !== null && this.kind[i] !== filter.kind) continue;
      if (filter.hidden.has(said.verdict)) continue;
      if (filter.reason !== null && said.reason !== filter.reason) continue;
      if (!words.every((word) => this.haystack[i].includes(word))) continue;
      rows[n++] = i;
    }
    return rows.slice(0, n);
  }

  private value(column: ReleaseColumn): (row: number) => string | number | null {
    switch (column) {
      case "kind":
        return (i) => KINDS.indexOf(this.kind[i]);
      case "name":
        return (i) => this.name[i].toLowerCase();
      case "source":
        return (i) => this.source[i].toLowerCase();
      // The youngest stands first where ages rise.
      case "epoch":
        return (i) => (this.epoch[i] === null ? null : -(this.epoch[i] ?? 0));
      case "level":
        return (i) => this.level[i];
      case "verdict":
        return (i) => VERDICTS.indexOf(this.said[i].verdict);
      case "clause":
        return (i) => clauseText(this.said[i]).toLowerCase() || null;
      case "reason":
        return (i) => this.said[i].reason.toLowerCase();
      case "revisit":
        return (i) => this.revisit[i];
    }
  }
}

export const clauseText = ({ agreement, clause }: Said): string => [agreement, clause].filter(Boolean).join(" ");
