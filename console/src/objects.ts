// The objects of the picture for the table and the globe: which to show, in which order.

import type { ObjectColumns } from "./api";

/** What an object is to us; each has its own shape and colour. */
export type Standing = "own" | "partner" | "element_set";
export const STANDINGS: Standing[] = ["own", "partner", "element_set"];
export const STANDING_WORDS: Record<Standing, string> = {
  own: "Own tracks",
  partner: "Partners' tracks",
  element_set: "Element sets",
};
export const REGIMES = ["LEO", "MEO", "GEO", "HEO"];

export type SortColumn =
  | "standing"
  | "name"
  | "designator"
  | "source"
  | "regime"
  | "perigee_altitude_m"
  | "apogee_altitude_m"
  | "inclination_deg"
  | "period_s"
  | "epoch_tai_s"
  | "position_sigma_m"
  | "classification";

export interface Sort {
  column: SortColumn;
  descending: boolean;
}

export interface Filter {
  text: string;
  hiddenStandings: ReadonlySet<Standing>;
  hiddenRegimes: ReadonlySet<string>;
}

/** One revision of the picture with what searching and drawing need beside the columns. */
export class Picture {
  readonly standing: Standing[];
  private readonly haystack: string[];
  private readonly rowOf = new Map<string, number>();

  constructor(readonly columns: ObjectColumns) {
    const { count, kind, own, object, name, designator, source } = columns;
    this.standing = new Array<Standing>(count);
    this.haystack = new Array<string>(count);
    for (let i = 0; i < count; i++) {
      this.standing[i] = kind[i] === "element_set" ? "element_set" : own[i] ? "own" : "partner";
      this.haystack[i] = `${name[i]} ${designator[i]} ${source[i]}`.toLowerCase();
      this.rowOf.set(object[i], i);
    }
  }

  get count(): number {
    return this.columns.count;
  }

  /** Row of an object by its lasting name, -1 when the picture does not hold it. */
  row(object: string | null): number {
    return object === null ? -1 : (this.rowOf.get(object) ?? -1);
  }

  rowOfKey(key: string): number {
    return this.columns.key.indexOf(key);
  }

  /** Rows that pass the filter, in the order of the sort. */
  order(filter: Filter, sort: Sort): Uint32Array {
    const rows = this.passing(filter);
    const values: (string | number)[] = new Array<string | number>(this.count);
    const column = this.column(sort.column);
    for (const i of rows) values[i] = column(i);
    const sign = sort.descending ? -1 : 1;
    return rows.sort((p, q) => {
      const a = values[p];
      const b = values[q];
      return a < b ? -sign : a > b ? sign : p - q;
    });
  }

  private passing(filter: Filter): Uint32Array {
    const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = new Uint32Array(this.count);
    let n = 0;
    for (let i = 0; i < this.count; i++) {
      if (filter.hiddenStandings.has(this.standing[i])) continue;
      if (filter.hiddenRegimes.has(this.columns.regime[i])) continue;
      if (!words.every((word) => this.haystack[i].includes(word))) continue;
      rows[n++] = i;
    }
    return rows.slice(0, n);
  }

  private column(name: SortColumn): (i: number) => string | number {
    if (name === "standing") return (i) => STANDINGS.indexOf(this.standing[i]);
    if (name === "name" || name === "source" || name === "regime") {
      const texts = this.columns[name];
      return (i) => texts[i].toLowerCase();
    }
    if (name === "designator") {
      const texts = this.columns.designator;
      // Catalogue numbers sort as numbers; the rest behind them.
      return (i) => (/^\d+$/.test(texts[i]) ? texts[i].padStart(12, "0") : `~${texts[i]}`);
    }
    const numbers: (number | null)[] = this.columns[name];
    return (i) => numbers[i] ?? Infinity;
  }
}
