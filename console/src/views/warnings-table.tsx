// The table of warnings, two lines a row; only the rows in sight are in the page.

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { eventLink, open } from "../routes";
import { store, useStore } from "../store";
import type { WarnedObject, WarningLine } from "../warnings/api";
import { countdownText, metresText, probabilityText, untilText, utcShort, wholeMetres } from "../warnings/figures";
import { LARGEST_FIRST, ordered, SEVERITY_WORDS, type WarningColumn } from "../warnings/order";
import { SeverityMark } from "./severity";

const ROW_PX = 42;
const HEAD_PX = 40;
const SPARE_ROWS = 4;
/** Providers beside the headline's that are named; more are counted. */
const MOST_NAMED = 2;

interface Column {
  id: WarningColumn;
  title: string;
  /** Second line of the head: unit or what stands below. */
  under?: string;
  long: string;
  numeric?: boolean;
  cell(line: WarningLine): ComponentChildren;
}

const COLUMNS: Column[] = [
  { id: "severity", title: "", long: "Severity", cell: Grave },
  { id: "objects", title: "Objects", long: "Objects", cell: Objects },
  { id: "tca_tai_s", title: "TCA", under: "UTC", long: "Time of closest approach", cell: Tca },
  { id: "probability", title: "Pc", under: "method", long: "Probability of collision", cell: Probability },
  { id: "miss_distance_m", title: "Miss", under: "m", long: "Miss distance", numeric: true, cell: (l) => metresText(l.miss_distance_m) },
  { id: "radial_m", title: "Radial", under: "m", long: "Radial distance", numeric: true, cell: (l) => wholeMetres(l.radial_m) },
  { id: "in_track_m", title: "In-track", under: "m", long: "In-track distance", numeric: true, cell: (l) => wholeMetres(l.in_track_m) },
  { id: "cross_track_m", title: "Cross", under: "m", long: "Cross-track distance", numeric: true, cell: (l) => wholeMetres(l.cross_track_m) },
  { id: "sigma_m", title: "Sigma", under: "m", long: "Combined sigma along the miss", numeric: true, cell: (l) => wholeMetres(l.sigma_m) },
  { id: "providers", title: "Providers", long: "Providers", cell: Providers },
  { id: "deadline_tai_s", title: "Decide by", under: "UTC", long: "Decision deadline", cell: Deadline },
  { id: "status", title: "Status", long: "Status", cell: Status },
];

/** The events that pass the filter, in the order of the table. */
export function useOrdered(): WarningLine[] {
  const events = useStore((state) => state.warnings?.events);
  const filter = useStore((state) => state.warningFilter);
  const sort = useStore((state) => state.warningSort);
  return useMemo(() => ordered(events ?? [], filter, sort), [events, filter, sort]);
}

export function WarningsTable({ events }: { events: WarningLine[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const height = useHeight(scroller);
  const first = Math.max(0, Math.floor(top / ROW_PX) - SPARE_ROWS);
  const last = Math.min(events.length, Math.ceil((top + height) / ROW_PX) + SPARE_ROWS);
  useScrollTo(scroller, events);
  return (
    <div
      class="warning-scroll"
      ref={scroller}
      tabIndex={0}
      role="region"
      aria-label="Warnings. Arrow keys choose, Enter opens"
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={(event) => chooseByKey(event, events)}
    >
      <table class="warning-table" aria-rowcount={events.length + 1}>
        <colgroup>
          {COLUMNS.map((column) => (
            <col key={column.id} class={`w-${column.id}`} />
          ))}
        </colgroup>
        <Heads />
        <tbody>
          {first > 0 && <Gap rows={first} />}
          {events.slice(first, last).map((line, n) => (
            <Row key={line.event} line={line} at={first + n} />
          ))}
          {last < events.length && <Gap rows={events.length - last} />}
        </tbody>
      </table>
    </div>
  );
}

function Gap({ rows }: { rows: number }) {
  return <tr aria-hidden="true" style={{ height: `${rows * ROW_PX}px` }} />;
}

function Heads() {
  const sort = useStore((state) => state.warningSort);
  return (
    <thead>
      <tr aria-rowindex={1}>
        {COLUMNS.map(({ id, title, under, long, numeric }) => (
          <th
            key={id}
            scope="col"
            class={numeric ? "numeric" : undefined}
            aria-sort={sort.column !== id ? "none" : sort.descending ? "descending" : "ascending"}
          >
            <button type="button" title={`${long}: sort`} aria-label={`${long}: sort`} onClick={() => sortBy(id)}>
              <span>
                {title}
                <span class="arrow" aria-hidden="true">
                  {sort.column !== id ? "" : sort.descending ? "▼" : "▲"}
                </span>
              </span>
              <small>{under ?? "\u00a0"}</small>
            </button>
          </th>
        ))}
      </tr>
    </thead>
  );
}

function sortBy(column: WarningColumn): void {
  const { warningSort: sort } = store.state;
  const first = LARGEST_FIRST.has(column);
  store.set({ warningSort: { column, descending: sort.column === column ? !sort.descending : first } });
}

function Row({ line, at }: { line: WarningLine; at: number }) {
  const chosen = useStore((state) => state.chosenEvent === line.event);
  return (
    <tr
      class={`${chosen ? "chosen" : ""}${line.status === "past" ? " over" : ""}`}
      aria-rowindex={at + 2}
      aria-current={chosen ? "true" : undefined}
      data-event={line.event}
      onClick={() => open(eventLink(line.event))}
    >
      {COLUMNS.map((column) => {
        const Cell = column.cell;
        const of = <Cell {...line} />;
        const kind = column.numeric ? `numeric w-${column.id}` : `w-${column.id}`;
        return (
          <td key={column.id} class={kind}>
            {of}
          </td>
        );
      })}
    </tr>
  );
}

function Grave({ severity }: WarningLine) {
  return (
    <span title={SEVERITY_WORDS[severity]}>
      <SeverityMark severity={severity} />
      <span class="unseen">{SEVERITY_WORDS[severity]}</span>
    </span>
  );
}

function Objects({ event, object_1, object_2, kind }: WarningLine) {
  return (
    <a href={eventLink(event)} tabIndex={-1} title={`${nameOf(object_1)} and ${nameOf(object_2)}`} class="two-lines">
      <span class={object_1.own ? "own-name" : undefined}>{nameOf(object_1)}</span>
      <span class={object_2.own ? "own-name" : undefined}>
        {nameOf(object_2)}
        {kind === "co-moving" && <span class="muted"> co-moving</span>}
      </span>
    </a>
  );
}

/** A name, else the number. */
export const nameOf = ({ name, designator }: WarnedObject): string => name || designator || "unnamed";

function Tca({ tca_tai_s }: WarningLine) {
  const now = useSecond();
  return (
    <Two under={now === null ? "" : countdownText(tca_tai_s - now)}>
      <time>{utcShort(tca_tai_s).slice(0, -1)}</time>
    </Two>
  );
}

function Probability({ probability, probability_method, probability_is_bound, in_dilution, severity }: WarningLine) {
  return (
    <Two under={probability_method ?? "not known"}>
      <span class={`pc pc-${severity}`}>
        {probability !== null && probability_is_bound ? "≤ " : ""}
        {probabilityText(probability)}
      </span>
      {in_dilution && (
        <small class="muted" title="In the dilution region: better orbits could raise it">
          {" "}
          diluted
        </small>
      )}
    </Two>
  );
}

function Providers({ providers, headline_provider, updates }: WarningLine) {
  const others = providers.filter((one) => one !== headline_provider);
  const more = others.length > MOST_NAMED ? [`${others.length} more`] : others;
  return (
    <Two under={`${updates} ${updates === 1 ? "warning" : "warnings"}`}>
      <span title={providers.join(", ")}>
        {headline_provider}
        {more.length > 0 && <span class="muted">, {more.join(", ")}</span>}
      </span>
    </Two>
  );
}

function Deadline({ deadline_tai_s, status }: WarningLine) {
  const now = useSecond();
  const left = now === null ? null : deadline_tai_s - now;
  const tone = status === "past" || left === null ? "" : left < 0 ? "said-bad" : left < 6 * 3600 ? "said-warn" : "";
  return (
    <Two under={left === null ? "" : status === "past" ? "over" : untilText(left)} tone={tone}>
      <time>{utcShort(deadline_tai_s).slice(5, 16)}</time>
    </Two>
  );
}

function Status({ status }: WarningLine) {
  return <span class={`status status-${status.replace(/ /g, "-")}`}>{status}</span>;
}

function Two({ children, under, tone = "" }: { children: ComponentChildren; under: string; tone?: string }) {
  return (
    <span class="two-lines">
      <span>{children}</span>
      <span class={tone || "muted"} title={under}>
        {under}
      </span>
    </span>
  );
}

/** The node's time to the second; null before it is known. */
export function useSecond(): number | null {
  return useStore((state) => (state.tick ? Math.floor(state.tick.liveTai) : null));
}

function chooseByKey(event: KeyboardEvent, events: WarningLine[]): void {
  if (event.key === "Enter" && event.target === event.currentTarget) return openChosen(event);
  const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -1e9, End: 1e9 };
  const by = steps[event.key];
  if (by === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  step(events, by);
}

function openChosen(event: KeyboardEvent): void {
  event.stopPropagation();
  if (store.state.chosenEvent !== null) open(eventLink(store.state.chosenEvent));
}

function step(events: WarningLine[], by: number): void {
  if (events.length === 0) return;
  const at = events.findIndex((line) => line.event === store.state.chosenEvent);
  const line = events[at < 0 ? 0 : Math.max(0, Math.min(events.length - 1, at + by))];
  const pc = line.probability === null ? "no probability" : `probability ${probabilityText(line.probability)}`;
  store.set({
    chosenEvent: line.event,
    said: `${nameOf(line.object_1)} and ${nameOf(line.object_2)}, ${pc}, ${utcShort(line.tca_tai_s)}`,
  });
}

/** Choose the warning `by` places further down the list; for keys pressed anywhere in the page. */
export function stepWarning(by: number): void {
  const { warnings, warningFilter, warningSort } = store.state;
  step(ordered(warnings?.events ?? [], warningFilter, warningSort), by);
}

function useHeight(of: { current: HTMLDivElement | null }): number {
  const [height, setHeight] = useState(700);
  useLayoutEffect(() => {
    if (!of.current) return undefined;
    const observer = new ResizeObserver(([entry]) => setHeight(entry.contentRect.height));
    observer.observe(of.current);
    return () => observer.disconnect();
  }, []);
  return height;
}

/** Bring the chosen row into sight when the choice changes. */
function useScrollTo(of: { current: HTMLDivElement | null }, events: WarningLine[]): void {
  const chosen = useStore((state) => state.chosenEvent);
  useEffect(() => {
    const box = of.current;
    const at = events.findIndex((line) => line.event === chosen);
    if (!box || at < 0) return;
    const top = at * ROW_PX;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + HEAD_PX + ROW_PX > box.scrollTop + box.clientHeight) {
      box.scrollTop = top + HEAD_PX + ROW_PX - box.clientHeight;
    }
  }, [chosen]);
}
