// What we hold beside what the partner would see: counts by kind and by reason, and a table of every record.

import { useMemo } from "preact/hooks";
import type { Kind, KindSeen, Said, Verdict } from "../release/api";
import {
  clauseText,
  KIND_WORDS,
  KINDS,
  NO_FILTER,
  ONE_OF_KIND,
  VERDICT_WORDS,
  VERDICTS,
  type ReleaseColumn,
  type ReleaseFilter,
  type ReleaseRows,
} from "../release/rows";
import { choose, setRelease } from "../release/state";
import { store, useStore } from "../store";
import { spanText, utcText } from "../utc";
import { untilText } from "../warnings/figures";
import { DataTable, type DataColumn } from "./data-table";
import { ReleaseTrouble } from "./release-page";
import { ReleaseSheet } from "./release-sheet";

const number = (n: number): string => n.toLocaleString("en-GB");

export function RecordsTab({ partner }: { partner: string }) {
  const rows = useStore((state) => state.release.rows);
  const chosen = useStore((state) => state.release.chosen !== null);
  const trouble = useStore((state) => state.release.trouble);
  if (!rows || rows.seen.reader !== partner) {
    return <p class="empty">{trouble ? `Releases cannot be read: ${trouble}.` : "Deciding…"}</p>;
  }
  return (
    <div class={`release-records${chosen ? " picked" : ""}`}>
      <section class="release-main" aria-label={`What ${partner} would see`}>
        <ReleaseTrouble />
        {rows.seen.faults.length > 0 && (
          <p class="note" role="alert">
            Nothing is released until this is mended: {rows.seen.faults.join("; ")}
          </p>
        )}
        <div class="release-sums">
          <Kinds rows={rows} partner={partner} />
          <Reasons rows={rows} />
        </div>
        <Filters rows={rows} />
        <Table rows={rows} partner={partner} />
      </section>
      <ReleaseSheet />
    </div>
  );
}

function Kinds({ rows, partner }: { rows: ReleaseRows; partner: string }) {
  const kind = useStore((state) => state.release.filter.kind);
  const held = rows.seen.kinds.filter((one) => one.held > 0);
  const own = held.some((one) => one.verdicts["its own"]);
  const verdicts = VERDICTS.filter((one) => one !== "its own" || own);
  return (
    <section class="sum" aria-labelledby="kinds-title">
      <h2 id="kinds-title">What we hold, and what {partner} would see of it now</h2>
      <table class="sum-table">
        <thead>
          <tr>
            <th scope="col">Kind</th>
            <th scope="col" class="numeric">
              We hold
            </th>
            <th scope="col" class="bar-head">
              <span class="unseen">Shares</span>
            </th>
            {verdicts.map((one) => (
              <th key={one} scope="col" class="numeric" title={VERDICT_WORDS[one]}>
                <VerdictMark verdict={one} /> {one}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {held.map((one) => (
            <tr key={one.kind} class={kind === one.kind ? "chosen" : undefined}>
              <th scope="row">
                <button type="button" class="plain" aria-pressed={kind === one.kind} onClick={() => toggleKind(one.kind)}>
                  {KIND_WORDS[one.kind]}
                </button>
                {one.limit && <small class="limit">{one.limit}</small>}
              </th>
              <td class="numeric">{number(one.held)}</td>
              <td class="bar-cell">
                <Bar seen={one} />
              </td>
              {verdicts.map((verdict) => (
                <td key={verdict} class={`numeric${one.verdicts[verdict] ? "" : " muted"}`}>
                  {number(one.verdicts[verdict] ?? 0)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {held.length === 0 && <p class="empty">This node holds no records.</p>}
    </section>
  );
}

/** The same shares as the figures beside it, as lengths. */
function Bar({ seen }: { seen: KindSeen }) {
  return (
    <span class="bar" aria-hidden="true">
      {VERDICTS.map((verdict) => (
        <span
          key={verdict}
          class={`bar-${verdict.replace(" ", "-")}`}
          style={{ width: `${(100 * (seen.verdicts[verdict] ?? 0)) / Math.max(1, seen.held)}%` }}
        />
      ))}
    </span>
  );
}

function toggleKind(kind: Kind): void {
  const { filter } = store.state.release;
  setRelease({ filter: { ...filter, kind: filter.kind === kind ? null : kind, reason: null } });
}

function Reasons({ rows }: { rows: ReleaseRows }) {
  const filter = useStore((state) => state.release.filter);
  const reasons = useMemo(() => rows.reasons(filter), [rows, filter]);
  return (
    <section class="sum reasons" aria-labelledby="reasons-title">
      <h2 id="reasons-title">Why</h2>
      <ul tabIndex={0} aria-labelledby="reasons-title">
        {reasons.map(({ said, count }) => (
          <li key={`${said.verdict} ${said.reason}`}>
            <button
              type="button"
              class="reason"
              aria-pressed={filter.reason === said.reason}
              title={said.reason}
              onClick={() => setRelease({ filter: { ...filter, reason: filter.reason === said.reason ? null : said.reason } })}
            >
              <span class="reason-count">{number(count)}</span>
              <VerdictMark verdict={said.verdict} />
              <span class="reason-words">{said.reason}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Filters({ rows }: { rows: ReleaseRows }) {
  const filter = useStore((state) => state.release.filter);
  const shown = useStore((state) => state.release.order.length);
  const set = (patch: Partial<ReleaseFilter>): void => setRelease({ filter: { ...filter, ...patch } });
  const counts = useMemo(() => {
    const found = new Map<Verdict, number>();
    for (const one of rows.seen.kinds)
      for (const verdict of VERDICTS) found.set(verdict, (found.get(verdict) ?? 0) + (one.verdicts[verdict] ?? 0));
    return found;
  }, [rows]);
  const toggle = (verdict: Verdict): void => {
    const hidden = new Set(filter.hidden);
    if (!hidden.delete(verdict)) hidden.add(verdict);
    set({ hidden });
  };
  return (
    <div class="release-tools">
      <label class="search">
        <span class="unseen">Search name, number, source or record</span>
        <input
          id="search"
          type="search"
          placeholder="Search name, number, record"
          autocomplete="off"
          spellcheck={false}
          value={filter.text}
          onInput={(event) => set({ text: event.currentTarget.value })}
        />
        <kbd aria-hidden="true">/</kbd>
      </label>
      <div class="warning-chips" role="group" aria-label="Show">
        {VERDICTS.filter((one) => counts.get(one)).map((verdict) => (
          <button
            key={verdict}
            type="button"
            class="chip"
            title={VERDICT_WORDS[verdict]}
            aria-pressed={!filter.hidden.has(verdict)}
            onClick={() => toggle(verdict)}
          >
            <VerdictMark verdict={verdict} /> {verdict} <span class="chip-count">{number(counts.get(verdict) ?? 0)}</span>
          </button>
        ))}
      </div>
      <label>
        <span class="unseen">Kind of record</span>
        <select value={filter.kind ?? ""} onChange={(event) => set({ kind: (event.currentTarget.value || null) as Kind | null })}>
          <option value="">All kinds</option>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {KIND_WORDS[kind]}
            </option>
          ))}
        </select>
      </label>
      {filter.reason !== null && (
        <button type="button" class="chip reason-chip" onClick={() => set({ reason: null })} title={filter.reason}>
          ✕ <span>{filter.reason}</span>
        </button>
      )}
      <span class="count" id="release-count">
        {shown === rows.count ? number(shown) : `${number(shown)} of ${number(rows.count)}`}
      </span>
    </div>
  );
}

function Table({ rows, partner }: { rows: ReleaseRows; partner: string }) {
  const order = useStore((state) => state.release.order);
  const sort = useStore((state) => state.release.sort);
  const chosen = useStore((state) => state.release.chosen);
  const now = useStore((state) => (state.tick ? Math.floor(state.tick.liveTai / 10) * 10 : rows.seen.now_tai_s));
  const columns: DataColumn[] = [
    { id: "kind", title: "Kind", long: "Kind of record", width: "92px", cell: (i) => ONE_OF_KIND[rows.kind[i]] },
    { id: "name", title: "Name", long: "Name and number", width: "minmax(110px, 1fr)", cell: (i) => <span title={rows.name[i]}>{rows.name[i]}</span> },
    { id: "source", title: "From", long: "Member we have it from", width: "58px", from: 620, cell: (i) => rows.source[i] },
    { id: "epoch", title: "Age", long: "Age of what it tells", numeric: true, width: "66px", from: 760, cell: (i) => ageText(rows.epoch[i], now) },
    { id: "level", title: "Level", long: "Classification level", numeric: true, width: "48px", from: 860, cell: (i) => String(rows.level[i]) },
    { id: "verdict", title: "Sees", long: `Whether ${partner} would see it`, width: "108px", cell: (i) => <VerdictCell said={rows.said[i]} /> },
    { id: "clause", title: "Clause", long: "Agreement and clause that decide", width: "minmax(110px, 0.8fr)", from: 700, cell: (i) => <span title={clauseText(rows.said[i])}>{clauseText(rows.said[i]) || <span class="muted">none</span>}</span> },
    { id: "reason", title: "Why", long: "Reason", width: "minmax(120px, 1.4fr)", cell: (i) => <span title={rows.said[i].reason}>{shortReason(rows.said[i])}</span> },
    { id: "revisit", title: "Free in", long: "When time alone may release it", numeric: true, width: "84px", from: 620, cell: (i) => <Free at={rows.revisit[i]} now={now} /> },
  ];
  return (
    <DataTable
      label={`Records and what ${partner} would see. Arrow keys choose`}
      groups={[
        { title: "We hold", first: "kind" },
        { title: `${partner} would see`, first: "verdict" },
      ]}
      columns={columns}
      rows={order}
      chosen={rows.row(chosen)}
      keyOf={(i) => rows.record[i] ?? String(i)}
      choose={(i) => pick(rows, i)}
      sort={sort}
      sortBy={(column) => sortBy(column as ReleaseColumn)}
      empty={<Empty all={rows.count} />}
    />
  );
}

function Empty({ all }: { all: number }) {
  return (
    <p class="empty">
      <strong>{all === 0 ? "No records." : "Nothing matches."}</strong>{" "}
      {all > 0 && (
        <button type="button" class="plain" onClick={() => setRelease({ filter: NO_FILTER })}>
          Show all {number(all)}
        </button>
      )}
    </p>
  );
}

function pick(rows: ReleaseRows, row: number): void {
  choose(rows.record[row]);
  const { verdict, reason } = rows.said[row];
  store.set({ said: `${ONE_OF_KIND[rows.kind[row]]} ${rows.name[row]}: ${verdict}, ${reason}` });
}

/** Choose the record `by` places further down the table; for keys pressed anywhere in the page. */
export function stepRecord(by: number): void {
  const { rows, order, chosen } = store.state.release;
  if (!rows || order.length === 0) return;
  const at = order.indexOf(rows.row(chosen));
  pick(rows, order[at < 0 ? 0 : Math.max(0, Math.min(order.length - 1, at + by))]);
}

function sortBy(column: ReleaseColumn): void {
  const { sort } = store.state.release;
  setRelease({ sort: { column, descending: sort.column === column && !sort.descending } });
}

/** Without the clause, which stands beside it. */
export function shortReason(said: Pick<Said, "agreement" | "clause" | "reason">): string {
  const head = `${said.agreement} clause ${said.clause} `;
  return said.reason.startsWith(head) ? said.reason.slice(head.length) : said.reason;
}

function ageText(epoch: number | null, now: number): string {
  if (epoch === null) return "";
  const text = spanText(now - epoch).replace(/ (min|h|d) .*/, " $1");
  return now < epoch ? `−${text}` : text;
}

function Free({ at, now }: { at: number | null; now: number }) {
  if (at === null) return null;
  return <span title={`Time alone may release it: ${utcText(at)}`}>{at <= now ? "now" : untilText(at - now).replace(/^in /, "")}</span>;
}

function VerdictCell({ said }: { said: Said }) {
  return (
    <span class={`verdict-${said.verdict.replace(" ", "-")}`} title={said.form || VERDICT_WORDS[said.verdict]}>
      <VerdictMark verdict={said.verdict} /> {said.verdict}
    </span>
  );
}

/** Shape as well as colour: a full disc, a half one, a cross, a ring. */
export function VerdictMark({ verdict }: { verdict: Verdict }) {
  const shapes: Record<Verdict, string> = {
    released: "M6 1.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9Z",
    coarsened: "M6 1.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9Zm0 1.4v6.2a3.1 3.1 0 0 0 0-6.2Z",
    withheld: "M2 3.4 3.4 2 6 4.6 8.6 2 10 3.4 7.4 6 10 8.6 8.6 10 6 7.4 3.4 10 2 8.6 4.6 6Z",
    "its own": "M6 1.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9Zm0 1.5a3 3 0 1 0 0 6a3 3 0 1 0 0-6Z",
  };
  return (
    <svg class={`verdict-mark mark-${verdict.replace(" ", "-")}`} viewBox="0 0 12 12" width="11" height="11" aria-hidden="true">
      <path fill-rule="evenodd" d={shapes[verdict]} />
    </svg>
  );
}
