// A table of many rows: only those in sight are in the page. Rows are numbers into whatever the columns read.

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

export const ROW_PX = 26;
const HEAD_PX = 27;
const SPARE_ROWS = 6;

export interface DataColumn {
  id: string;
  title: string;
  /** For screen readers and as a hint. */
  long: string;
  numeric?: boolean;
  /** In the grid's own terms. */
  width: string;
  /** Shown where the table is at least this wide, px. */
  from?: number;
  cell(row: number): ComponentChildren;
}

interface Props {
  label: string;
  /** Words over the columns: where each group begins. */
  groups?: { title: string; first: string }[];
  columns: DataColumn[];
  rows: ArrayLike<number>;
  chosen: number;
  keyOf(row: number): string;
  choose(row: number): void;
  sort: { column: string; descending: boolean };
  sortBy(column: string): void;
  empty: ComponentChildren;
}

export function DataTable({ label, groups = [], columns, rows, chosen, keyOf, choose, sort, sortBy, empty }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const { width, height } = useSize(scroller);
  const shown = columns.filter((column) => width >= (column.from ?? 0));
  const at = Array.prototype.indexOf.call(rows, chosen);
  useScrollTo(scroller, at, chosen);
  const first = Math.max(0, Math.floor(top / ROW_PX) - SPARE_ROWS);
  const last = Math.min(rows.length, Math.ceil((top + height) / ROW_PX) + SPARE_ROWS);
  const starts = new Map(groups.map((group) => [firstShown(group.first, columns, shown), group.title]));
  const step = (by: number): void => {
    if (rows.length === 0) return;
    choose(rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + by))]);
  };
  return (
    <div
      class={`table data-table${groups.length > 0 ? " grouped" : ""}`}
      style={{ "--columns": shown.map((column) => column.width).join(" ") }}
      ref={scroller}
      role="grid"
      tabIndex={0}
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-colcount={shown.length}
      aria-activedescendant={at >= first && at < last ? rowId(label, chosen) : undefined}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={(event) => byKey(event, step)}
    >
      <div role="rowgroup" class="heads">
        {groups.length > 0 && (
          <div class="row groups" aria-hidden="true">
            {shown.map((column) => (
              <div key={column.id} class={`cell${starts.has(column.id) ? " starts" : ""}`}>
                {starts.get(column.id) ?? ""}
              </div>
            ))}
          </div>
        )}
        <div role="row" class="row" aria-rowindex={1}>
          {shown.map(({ id, title, long, numeric }) => (
            <div
              key={id}
              role="columnheader"
              class={`cell head c-${id}${numeric ? " numeric" : ""}${starts.has(id) ? " starts" : ""}`}
              aria-sort={sort.column !== id ? "none" : sort.descending ? "descending" : "ascending"}
            >
              <button type="button" title={`${long}: sort`} aria-label={`${long}: sort`} onClick={() => sortBy(id)}>
                {title}
                <span class="arrow" aria-hidden="true">
                  {sort.column !== id ? "" : sort.descending ? "▼" : "▲"}
                </span>
              </button>
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" class="rows" style={{ height: `${rows.length * ROW_PX}px` }}>
        {Array.from({ length: Math.max(0, last - first) }, (_, n) => rows[first + n]).map((row, n) => (
          <div
            key={keyOf(row)}
            id={rowId(label, row)}
            role="row"
            class={`row${row === chosen ? " picked" : ""}`}
            aria-rowindex={first + n + 2}
            aria-selected={row === chosen}
            data-key={keyOf(row)}
            style={{ top: `${(first + n) * ROW_PX}px` }}
            onClick={() => choose(row)}
          >
            {shown.map((column) => (
              <div
                role="gridcell"
                key={column.id}
                class={`cell c-${column.id}${column.numeric ? " numeric" : ""}${starts.has(column.id) ? " starts" : ""}`}
              >
                {column.cell(row)}
              </div>
            ))}
          </div>
        ))}
      </div>
      {rows.length === 0 && empty}
    </div>
  );
}

const rowId = (label: string, row: number): string => `${label.replace(/\W+/g, "-")}-${row}`;

/** Where a group begins when its first columns have no room. */
function firstShown(first: string, columns: DataColumn[], shown: DataColumn[]): string | undefined {
  const from = columns.findIndex((column) => column.id === first);
  return columns.slice(from).find((column) => shown.includes(column))?.id;
}

function byKey(event: KeyboardEvent, step: (by: number) => void): void {
  const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -1e9, End: 1e9 };
  const by = steps[event.key];
  if (by === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  step(by);
}

function useSize(of: { current: HTMLDivElement | null }): { width: number; height: number } {
  const [size, setSize] = useState({ width: 700, height: 500 });
  useLayoutEffect(() => {
    if (!of.current) return undefined;
    const { clientWidth, clientHeight } = of.current;
    setSize({ width: clientWidth, height: clientHeight });
    const observer = new ResizeObserver(([entry]) => setSize(entry.contentRect));
    observer.observe(of.current);
    return () => observer.disconnect();
  }, []);
  return size;
}

/** Bring the chosen row into sight when the choice changes, not when the user scrolls. */
function useScrollTo(of: { current: HTMLDivElement | null }, at: number, chosen: number): void {
  useEffect(() => {
    const box = of.current;
    if (!box || at < 0) return;
    const heads = (box.querySelector(".heads") as HTMLElement | null)?.offsetHeight ?? HEAD_PX;
    const top = at * ROW_PX;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + heads + ROW_PX > box.scrollTop + box.clientHeight) box.scrollTop = top + heads + ROW_PX - box.clientHeight;
  }, [chosen, at >= 0]);
}
