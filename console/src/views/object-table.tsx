// The table of all objects: only the rows in sight are in the page.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { STANDING_WORDS, type Picture, type SortColumn } from "../objects";
import { session } from "../session";
import { selectedRow, store, useStore } from "../store";
import { spanText } from "../utc";
import { Mark } from "./marks";

const ROW_PX = 26;
const HEAD_PX = 27;
const SPARE_ROWS = 6;
/** At this width all columns have room. */
const ALL_PX = 820;

interface Column {
  id: SortColumn;
  title: string;
  /** For screen readers and as a hint. */
  long: string;
  numeric?: boolean;
  /** Width in the grid's own terms. */
  width: string;
  /** Shown where the table is at least this wide, px. */
  from?: number;
  text(picture: Picture, row: number, nowTai: number): string;
}

const km = (metres: number | null): string => (metres === null ? "open" : Math.round(metres / 1000).toLocaleString("en-GB"));

const COLUMNS: Column[] = [
  { id: "name", width: "minmax(100px, 1fr)", title: "Name", long: "Name", text: ({ columns }, i) => columns.name[i] },
  { id: "designator", width: "minmax(70px, 0.6fr)", title: "Number", long: "Designator, as claimed", from: ALL_PX, text: (p, i) => p.columns.designator[i] },
  { id: "source", width: "minmax(50px, 0.35fr)", title: "Source", long: "Member we have it from", text: ({ columns }, i) => columns.source[i] },
  { id: "regime", width: "42px", title: "Orbit", long: "Orbit regime", text: ({ columns }, i) => columns.regime[i] },
  {
    id: "perigee_altitude_m",
    width: "minmax(56px, 0.25fr)",
    title: "Per. km",
    long: "Perigee altitude, km",
    numeric: true,
    text: ({ columns }, i) => km(columns.perigee_altitude_m[i]),
  },
  {
    id: "apogee_altitude_m",
    width: "minmax(57px, 0.25fr)",
    title: "Apo. km",
    long: "Apogee altitude, km",
    numeric: true,
    text: ({ columns }, i) => km(columns.apogee_altitude_m[i]),
  },
  {
    id: "inclination_deg",
    width: "minmax(44px, 0.25fr)",
    from: 450,
    title: "Inc. °",
    long: "Inclination, degrees",
    numeric: true,
    text: ({ columns }, i) => columns.inclination_deg[i]?.toFixed(1) ?? "none",
  },
  {
    id: "period_s",
    width: "86px",
    title: "Period min",
    long: "Period, minutes",
    numeric: true,
    from: ALL_PX,
    text: ({ columns }, i) => minutes(columns.period_s[i]),
  },
  {
    id: "position_sigma_m",
    width: "84px",
    title: "Sigma m",
    long: "Position sigma, metres",
    numeric: true,
    from: ALL_PX,
    text: ({ columns }, i) => columns.position_sigma_m[i]?.toFixed(0) ?? "not stated",
  },
  {
    id: "epoch_tai_s",
    width: "minmax(60px, 0.25fr)",
    title: "Age",
    long: "Age of the orbit at the shown time",
    numeric: true,
    text: ({ columns }, i, now) => ageText(now - columns.epoch_tai_s[i]),
  },
  {
    id: "classification",
    width: "56px",
    title: "Level",
    long: "Classification level",
    numeric: true,
    from: ALL_PX,
    text: ({ columns }, i) => String(columns.classification[i]),
  },
];

const minutes = (seconds: number | null): string => (seconds === null ? "open" : (seconds / 60).toFixed(1));

/** One unit, so that the column stays narrow. */
function ageText(seconds: number): string {
  const text = spanText(seconds).replace(/ (min|h|d) .*/, " $1");
  return seconds < 0 ? `−${text}` : text;
}

export function ObjectTable() {
  const picture = useStore((state) => state.picture);
  const order = useStore((state) => state.order);
  const row = useStore(selectedRow);
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const { width, height } = useSize(scroller);
  const columns = COLUMNS.filter((column) => width >= (column.from ?? 0));
  const at = order.indexOf(row);
  useScrollTo(scroller, at);
  const first = Math.max(0, Math.floor(top / ROW_PX) - SPARE_ROWS);
  const last = Math.min(order.length, Math.ceil((top + height) / ROW_PX) + SPARE_ROWS);
  return (
    <div
      class="table"
      style={{ "--columns": `26px ${columns.map((column) => column.width).join(" ")}` }}
      ref={scroller}
      role="grid"
      tabIndex={0}
      aria-label="Objects of the picture"
      aria-rowcount={order.length + 1}
      aria-colcount={columns.length + 1}
      aria-activedescendant={at >= first && at < last ? `row-${row}` : undefined}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={moveByKey}
    >
      <Heads columns={columns} />
      <div role="rowgroup" class="rows" style={{ height: `${order.length * ROW_PX}px` }}>
        {picture &&
          [...order.subarray(first, last)].map((i, n) => (
            <Row key={picture.columns.object[i]} {...{ picture, columns, i }} at={first + n} picked={i === row} />
          ))}
      </div>
      {picture && order.length === 0 && <Empty all={picture.count} />}
      {!picture && <p class="empty">Loading the picture…</p>}
    </div>
  );
}

function Heads({ columns }: { columns: Column[] }) {
  const sort = useStore((state) => state.sort);
  const head = (id: SortColumn, title: string, long: string, numeric = false) => (
    <div
      key={id}
      role="columnheader"
      class={`cell head c-${id}${numeric ? " numeric" : ""}`}
      aria-sort={sort.column !== id ? "none" : sort.descending ? "descending" : "ascending"}
    >
      <button type="button" title={`${long}: sort`} aria-label={`${long}: sort`} onClick={() => sortBy(id)}>
        {title}
        <span class="arrow" aria-hidden="true">
          {sort.column !== id ? "" : sort.descending ? "▼" : "▲"}
        </span>
      </button>
    </div>
  );
  return (
    <div role="rowgroup" class="heads">
      <div role="row" class="row" aria-rowindex={1}>
        {head("standing", "", "Kind")}
        {columns.map((column) => head(column.id, column.title, column.long, column.numeric))}
      </div>
    </div>
  );
}

interface RowProps {
  picture: Picture;
  columns: Column[];
  i: number;
  at: number;
  picked: boolean;
}

function Row({ picture, columns, i, at, picked }: RowProps) {
  const now = useStore((state) => Math.floor((state.tick?.tai ?? 0) / 60) * 60);
  return (
    <div
      id={`row-${i}`}
      role="row"
      class={`row${picked ? " picked" : ""}`}
      aria-rowindex={at + 2}
      aria-selected={picked}
      style={{ top: `${at * ROW_PX}px` }}
      onClick={() => session.select(picture.columns.object[i])}
      onDblClick={() => session.centre()}
    >
      <div role="gridcell" class="cell c-standing">
        <Mark standing={picture.standing[i]} />
        <span class="unseen">{STANDING_WORDS[picture.standing[i]]}</span>
      </div>
      {columns.map((column) => (
        <div role="gridcell" key={column.id} class={`cell c-${column.id}${column.numeric ? " numeric" : ""}`}>
          {column.text(picture, i, now)}
        </div>
      ))}
    </div>
  );
}

function Empty({ all }: { all: number }) {
  const filter = useStore((state) => state.filter);
  if (all === 0) {
    return (
      <p class="empty">
        <strong>No orbits yet.</strong> Objects appear when the node takes in a catalogue, makes a track, or a partner
        shares one.
      </p>
    );
  }
  return (
    <p class="empty">
      <strong>Nothing matches{filter.text ? ` “${filter.text}”` : ""}.</strong>{" "}
      <button type="button" class="plain" onClick={showAll}>
        Show all {all.toLocaleString("en-GB")}
      </button>
    </p>
  );
}

const showAll = (): void =>
  store.set({ filter: { text: "", hiddenStandings: new Set(), hiddenRegimes: new Set() } });

function sortBy(column: SortColumn): void {
  const { sort } = store.state;
  // The first look at ages is for the oldest, that is the smallest epoch.
  store.set({ sort: { column, descending: sort.column === column && !sort.descending } });
}

function moveByKey(event: KeyboardEvent): void {
  const page = 15;
  const steps: Record<string, number> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: page,
    PageUp: -page,
    Home: -1e9,
    End: 1e9,
  };
  const by = steps[event.key];
  if (by === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  session.step(by);
}

function useSize(of: { current: HTMLDivElement | null }): { width: number; height: number } {
  const [size, setSize] = useState({ width: 460, height: 600 });
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

/** Bring the picked row into sight when the pick changes, not when the user scrolls. */
function useScrollTo(of: { current: HTMLDivElement | null }, at: number): void {
  const selected = useStore((state) => state.selected);
  useEffect(() => {
    const box = of.current;
    if (!box || at < 0) return;
    const top = at * ROW_PX;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + HEAD_PX + ROW_PX > box.scrollTop + box.clientHeight) {
      box.scrollTop = top + HEAD_PX + ROW_PX - box.clientHeight;
    }
  }, [selected, at >= 0]);
}
