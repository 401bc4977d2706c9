// Which warnings to show, in which order.

import type { Severity, WarningLine } from "./api";

export const SEVERITIES: Severity[] = ["red", "amber", "green", "none"];
export const SEVERITY_WORDS: Record<Severity, string> = {
  red: "Over the red threshold",
  amber: "Over the amber threshold",
  green: "Under the thresholds",
  none: "No probability",
};

export interface WarningFilter {
  text: string;
  hidden: ReadonlySet<string>;
  provider: string | null;
  /** Also those whose closest approach is over. */
  past: boolean;
}

export type WarningColumn =
  | "severity"
  | "objects"
  | "tca_tai_s"
  | "probability"
  | "miss_distance_m"
  | "radial_m"
  | "in_track_m"
  | "cross_track_m"
  | "sigma_m"
  | "providers"
  | "deadline_tai_s"
  | "status";

export interface WarningSort {
  column: WarningColumn;
  descending: boolean;
}

export const NO_FILTER: WarningFilter = { text: "", hidden: new Set(), provider: null, past: false };
/** What must be decided first stands first. */
export const FIRST_SORT: WarningSort = { column: "deadline_tai_s", descending: false };

const STATUSES = ["open", "deadline passed", "past"];

/** Where the first look is for the largest. */
export const LARGEST_FIRST: ReadonlySet<WarningColumn> = new Set<WarningColumn>(["probability"]);

const VALUES: Record<WarningColumn, (line: WarningLine) => number | string | null> = {
  severity: (line) => SEVERITIES.indexOf(line.severity),
  objects: (line) => `${line.object_1.name} ${line.object_2.name}`.toLowerCase(),
  tca_tai_s: (line) => line.tca_tai_s,
  probability: (line) => line.probability,
  miss_distance_m: (line) => line.miss_distance_m,
  // A distance is near or far, whichever way it points.
  radial_m: (line) => magnitude(line.radial_m),
  in_track_m: (line) => magnitude(line.in_track_m),
  cross_track_m: (line) => magnitude(line.cross_track_m),
  sigma_m: (line) => line.sigma_m,
  providers: (line) => line.providers.join(" ").toLowerCase(),
  deadline_tai_s: (line) => line.deadline_tai_s,
  status: (line) => STATUSES.indexOf(line.status),
};

const magnitude = (value: number | null): number | null => (value === null ? null : Math.abs(value));

/** Those that pass, in order; what has no value stands last either way, and ties keep the node's order. */
export function ordered(events: WarningLine[], filter: WarningFilter, sort: WarningSort): WarningLine[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const value = VALUES[sort.column];
  const sign = sort.descending ? -1 : 1;
  return events
    .filter((line) => passes(line, words, filter))
    .sort((p, q) => {
      // Those that are over never stand before those to come, whatever is looked for.
      if (sort.column !== "status" && (p.status === "past") !== (q.status === "past")) return p.status === "past" ? 1 : -1;
      const [a, b] = [value(p), value(q)];
      if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
      return a < b ? -sign : a > b ? sign : 0;
    });
}

function passes(line: WarningLine, words: string[], filter: WarningFilter): boolean {
  if (!filter.past && line.status === "past") return false;
  if (filter.hidden.has(line.severity)) return false;
  if (filter.provider !== null && !line.providers.includes(filter.provider)) return false;
  if (words.length === 0) return true;
  const said = [line.object_1, line.object_2].flatMap((one) => [one.name, one.designator, one.owner ?? ""]);
  const haystack = [...said, ...line.providers, line.event, line.status, line.kind].join(" ").toLowerCase();
  return words.every((word) => haystack.includes(word));
}

export function readSort(text: string | null): WarningSort {
  const column = (text ?? "").replace(/^-/, "");
  if (!(column in VALUES)) return FIRST_SORT;
  return { column: column as WarningColumn, descending: text?.startsWith("-") ?? false };
}

/** The sort for the address; empty for the one that every page starts with. */
export function writeSort(sort: WarningSort): string {
  if (sort.column === FIRST_SORT.column && sort.descending === FIRST_SORT.descending) return "";
  return `${sort.descending ? "-" : ""}${sort.column}`;
}
