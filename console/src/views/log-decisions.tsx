// Decisions as they are made, the newest first; the chosen one in full.

import { useMemo, useState } from "preact/hooks";
import { releaseLink } from "../routes";
import { store, useStore } from "../store";
import { utcShort } from "../warnings/figures";
import type { DecisionFilter, DecisionLine } from "../watch/api";
import { ALL } from "../watch/first";
import { setWatch } from "../watch/follow";
import { DataTable, type DataColumn } from "./data-table";
import { shortReason, VerdictMark } from "./release-records";

type Column = "n" | "reader" | "allowed" | "clause" | "reason" | "record";

export function DecisionsPart() {
  const decisions = useStore((state) => state.watch.decisions);
  const chosen = useStore((state) => state.watch.chosen);
  const [sort, setSort] = useState<{ column: Column; descending: boolean }>({ column: "n", descending: true });
  const rows = useMemo(() => order(decisions ?? [], sort), [decisions, sort]);
  if (!decisions) return <p class="empty">Loading the decisions…</p>;
  const at = decisions.findIndex((one) => one.n === chosen);
  const sortBy = (column: string): void =>
    setSort({ column: column as Column, descending: sort.column === column ? !sort.descending : column === "n" });
  return (
    <section class="log-decisions" aria-label="Decisions">
      <Filters count={decisions.length} />
      <DataTable
        label="Decisions, arrow keys choose"
        columns={columnsOf(decisions)}
        rows={rows}
        chosen={at}
        keyOf={(i) => String(decisions[i]?.n)}
        choose={(i) => choose(decisions[i])}
        sort={sort}
        sortBy={sortBy}
        empty={<Empty />}
      />
      {at >= 0 && <Chosen one={decisions[at]} />}
    </section>
  );
}

function columnsOf(decisions: DecisionLine[]): DataColumn[] {
  return [
    { id: "n", title: "Decided (UTC)", long: "When it was decided", width: "152px", cell: (i) => <time>{utcShort(decisions[i].decided_tai_s).slice(0, -1)}</time> },
    { id: "reader", title: "For", long: "Partner", width: "64px", cell: (i) => decisions[i].reader },
    { id: "allowed", title: "Decision", long: "Released or withheld", width: "104px", cell: (i) => <Verdict one={decisions[i]} /> },
    { id: "clause", title: "Clause", long: "Agreement and clause", width: "minmax(110px, 0.9fr)", from: 560, cell: (i) => <span title={clauseOf(decisions[i])}>{clauseOf(decisions[i]) || <span class="muted">none</span>}</span> },
    { id: "reason", title: "Why", long: "Reason", width: "minmax(130px, 1.6fr)", cell: (i) => <span title={decisions[i].reason}>{shortReason(decisions[i])}</span> },
    { id: "record", title: "Record", long: "Id of the record", width: "minmax(90px, 0.9fr)", from: 760, cell: (i) => <span class="muted" title={decisions[i].record}>{decisions[i].record}</span> },
  ];
}

function Verdict({ one }: { one: DecisionLine }) {
  const verdict = !one.allowed ? "withheld" : one.form ? "coarsened" : "released";
  return (
    <span class={`verdict-${verdict}${one.in_force ? "" : " replaced"}`} title={one.in_force ? one.form : "replaced by a later decision"}>
      <VerdictMark verdict={verdict} /> {verdict}
    </span>
  );
}

const clauseOf = ({ agreement, clause }: DecisionLine): string => [agreement, clause].filter(Boolean).join(" ");

function order(decisions: DecisionLine[], { column, descending }: { column: Column; descending: boolean }): number[] {
  const value = (i: number): string | number => {
    const one = decisions[i];
    if (column === "n") return one.n;
    if (column === "allowed") return one.allowed ? (one.form ? 1 : 0) : 2;
    return (column === "clause" ? clauseOf(one) : one[column]).toLowerCase();
  };
  const sign = descending ? -1 : 1;
  return decisions
    .map((_, i) => i)
    .sort((p, q) => {
      const [a, b] = [value(p), value(q)];
      return a < b ? -sign : a > b ? sign : decisions[q].n - decisions[p].n;
    });
}

function choose(one: DecisionLine): void {
  setWatch({ chosen: one.n });
  store.set({ said: `For ${one.reader}: ${one.allowed ? "released" : "withheld"}, ${one.reason}` });
}

/** Choose the decision `by` places further down; for keys pressed anywhere in the page. */
export function stepDecision(by: number): void {
  const { decisions, chosen } = store.state.watch;
  if (!decisions || decisions.length === 0) return;
  const at = decisions.findIndex((one) => one.n === chosen);
  choose(decisions[at < 0 ? 0 : Math.max(0, Math.min(decisions.length - 1, at + by))]);
}

function Chosen({ one }: { one: DecisionLine }) {
  return (
    <div class="log-chosen" role="region" aria-label="Chosen decision">
      <p>
        <strong>{one.reason}</strong>
        {one.form && <span class="muted"> ({one.form})</span>}
      </p>
      <p class="muted">
        {one.record}{" "}
        <a href={`${releaseLink({ page: "release", partner: one.reader, tab: "records" })}?rec=${encodeURIComponent(one.record)}`}>
          What {one.reader} would see of it now
        </a>
      </p>
    </div>
  );
}

function Filters({ count }: { count: number }) {
  const filter = useStore((state) => state.watch.filter);
  const links = useStore((state) => state.status?.links ?? null);
  const set = (patch: Partial<DecisionFilter>): void => setWatch({ filter: { ...filter, ...patch } });
  return (
    <div class="release-tools">
      <label class="search">
        <span class="unseen">Search reason, agreement or clause</span>
        <input
          id="search"
          type="search"
          placeholder="Search clause or reason"
          autocomplete="off"
          spellcheck={false}
          value={filter.words}
          onInput={(event) => set({ words: event.currentTarget.value })}
        />
        <kbd aria-hidden="true">/</kbd>
      </label>
      <label>
        <span class="muted">For</span>{" "}
        <select value={filter.reader ?? ""} onChange={(event) => set({ reader: event.currentTarget.value || null })}>
          <option value="">all partners</option>
          {links?.map(({ member }) => (
            <option key={member} value={member}>
              {member}
            </option>
          ))}
        </select>
      </label>
      <div class="switch" role="group" aria-label="Show">
        {([null, true, false] as const).map((one) => (
          <button key={String(one)} type="button" aria-pressed={filter.allowed === one} onClick={() => set({ allowed: one })}>
            {one === null ? "All" : one ? "Released" : "Withheld"}
          </button>
        ))}
      </div>
      <span class="count" id="decision-count">
        the last {count.toLocaleString("en-GB")}
      </span>
    </div>
  );
}

function Empty() {
  const filter = useStore((state) => state.watch.filter);
  const any = filter.reader !== null || filter.allowed !== null || filter.words !== "";
  return (
    <p class="empty">
      <strong>{any ? "Nothing matches." : "No decisions yet."}</strong>{" "}
      {any && (
        <button type="button" class="plain" onClick={() => setWatch({ filter: ALL })}>
          Show all
        </button>
      )}
    </p>
  );
}
