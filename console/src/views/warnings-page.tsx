// The list of warnings: which encounters, how close, how likely, and until when something can be decided.

import { store, useStore } from "../store";
import type { Severity, Warnings } from "../warnings/api";
import { utcShort, untilText } from "../warnings/figures";
import { NO_FILTER, SEVERITIES, SEVERITY_WORDS, type WarningFilter } from "../warnings/order";
import { SeverityMark } from "./severity";
import { useOrdered, WarningsTable } from "./warnings-table";

export function WarningsPage() {
  const warnings = useStore((state) => state.warnings);
  return (
    <main class="warnings" aria-label="Warnings">
      <WarningTools />
      {warnings ? <Listed warnings={warnings} /> : <Waiting />}
    </main>
  );
}

function Waiting() {
  const trouble = useStore((state) => state.warningsTrouble);
  return <p class="empty">{trouble ? `The warnings cannot be read: ${trouble}.` : "Loading the warnings…"}</p>;
}

function Listed({ warnings }: { warnings: Warnings }) {
  const events = useOrdered();
  return (
    <>
      {events.length > 0 ? <WarningsTable events={events} /> : <NothingListed warnings={warnings} />}
      <Screened warnings={warnings} />
    </>
  );
}

function NothingListed({ warnings }: { warnings: Warnings }) {
  const { events, assets } = warnings;
  const over = events.filter((one) => one.status === "past").length;
  if (events.length === 0) {
    return (
      <p class="empty">
        <strong>No warnings.</strong>{" "}
        {assets.length === 0
          ? "No assets are configured, so this node screens for nothing. Warnings of partners would stand here."
          : `No close approach of ${assets.length === 1 ? "the asset" : `the ${assets.length} assets`} is known.`}
      </p>
    );
  }
  return (
    <p class="empty">
      <strong>Nothing matches.</strong>{" "}
      {over > 0 && `${over} of ${events.length} are over. `}
      <button type="button" class="plain" onClick={() => store.set({ warningFilter: { ...NO_FILTER, past: true } })}>
        Show all {events.length}
      </button>
    </p>
  );
}

function WarningTools() {
  const filter = useStore((state) => state.warningFilter);
  const set = (patch: Partial<WarningFilter>): void => store.set({ warningFilter: { ...filter, ...patch } });
  return (
    <div class="tools warning-tools">
      <label class="search">
        <span class="unseen">Search object, number, owner, provider or event</span>
        <input
          id="search"
          type="search"
          placeholder="Search object or provider"
          autocomplete="off"
          spellcheck={false}
          value={filter.text}
          onInput={(event) => set({ text: event.currentTarget.value })}
        />
        <kbd aria-hidden="true">/</kbd>
      </label>
      <div class="warning-chips" role="group" aria-label="Show">
        {SEVERITIES.map((severity) => (
          <SeverityChip key={severity} severity={severity} filter={filter} set={set} />
        ))}
        <button type="button" class="chip more" aria-pressed={filter.past} onClick={() => set({ past: !filter.past })}>
          {filter.past ? "✓ Past" : "+ Past"}
        </button>
      </div>
      <Providers filter={filter} set={set} />
      <WarningCount />
      <span class="spring" />
      <NodeTime />
    </div>
  );
}

interface ToolProps {
  filter: WarningFilter;
  set(patch: Partial<WarningFilter>): void;
}

const SHORT: Record<Severity, string> = { red: "Red", amber: "Amber", green: "Green", none: "No Pc" };

function SeverityChip({ severity, filter, set }: ToolProps & { severity: Severity }) {
  const count = useStore(
    (state) => state.warnings?.events.filter((one) => one.severity === severity && one.status !== "past").length ?? 0,
  );
  const toggle = (): void => {
    const hidden = new Set(filter.hidden);
    if (!hidden.delete(severity)) hidden.add(severity);
    set({ hidden });
  };
  return (
    <button
      type="button"
      class="chip"
      title={SEVERITY_WORDS[severity]}
      aria-pressed={!filter.hidden.has(severity)}
      onClick={toggle}
    >
      <SeverityMark severity={severity} /> {SHORT[severity]} <span class="chip-count">{count}</span>
    </button>
  );
}

function Providers({ filter, set }: ToolProps) {
  const warnings = useStore((state) => state.warnings);
  const known = new Set(warnings?.events.flatMap((one) => one.providers) ?? []);
  if (filter.provider !== null) known.add(filter.provider);
  return (
    <label class="from">
      <span class="muted">From</span>{" "}
      <select value={filter.provider ?? ""} onChange={(event) => set({ provider: event.currentTarget.value || null })}>
        <option value="">all</option>
        {[...known].sort().map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}

function WarningCount() {
  const shown = useOrdered().length;
  const all = useStore((state) => state.warnings?.events.length ?? 0);
  return (
    <span class="count" id="warning-count">
      {shown === all ? `${all}` : `${shown} of ${all}`}
    </span>
  );
}

/** Countdowns run against this clock, whatever time the picture shows. */
export function NodeTime() {
  const now = useStore((state) => (state.tick ? Math.floor(state.tick.liveTai) : null));
  return (
    <span class="node-time" title="The node's clock, UTC; countdowns run against it">
      <span class="muted">Node</span> <time id="node-time">{now === null ? "" : utcShort(now)}</time>
    </span>
  );
}

function Screened({ warnings }: { warnings: Warnings }) {
  const { screened, thresholds, assets } = warnings;
  const trouble = useStore((state) => state.warningsTrouble);
  const now = useStore((state) => (state.tick ? Math.floor(state.tick.liveTai / 60) * 60 : null));
  return (
    <p class="screened">
      {trouble && <strong class="said-bad">These warnings may be old: {trouble}. </strong>}
      <span>
        {[
          assets.length === 0 && "No assets configured",
          screened.at_tai_s !== null && now !== null && `Screened ${untilText(screened.at_tai_s - now)}`,
          screened.words || (screened.at_tai_s === null && "Not screened yet"),
        ]
          .filter(Boolean)
          .join(" · ")}
      </span>
      <span class="spring" />
      <span>
        Pc thresholds: <SeverityMark severity="red" /> red {thresholds.red.toExponential(0)},{" "}
        <SeverityMark severity="amber" /> amber {thresholds.amber.toExponential(0)}
      </span>
    </p>
  );
}
