// One record for one partner: what is decided, by which clause, with every test behind it.

import type { ComponentChildren } from "preact";
import type { RecordSheet } from "../release/api";
import { clauseText, ONE_OF_KIND } from "../release/rows";
import { choose } from "../release/state";
import { useStore } from "../store";
import { utcShort, untilText } from "../warnings/figures";
import { LabelParts } from "./release";
import { VerdictMark } from "./release-records";

export function ReleaseSheet() {
  const chosen = useStore((state) => state.release.chosen);
  const sheet = useStore((state) => state.release.sheet);
  const trouble = useStore((state) => state.release.sheetTrouble);
  const name = useStore(({ release }) => release.rows?.name[release.rows.row(release.chosen)] ?? null);
  if (chosen === null) return null;
  return (
    <aside class="sheet" aria-label="Chosen record">
      <div class="sheet-head">
        <h2>{name ?? chosen}</h2>
        <button type="button" class="quiet" onClick={() => choose(null)} title="Close (Esc)">
          Close
        </button>
      </div>
      <div class="sheet-body" tabIndex={0} role="group" aria-label="The decision and why">
        {trouble !== null ? <p class="empty">{trouble}</p> : sheet ? <Body sheet={sheet} /> : <p class="empty">Deciding…</p>}
      </div>
    </aside>
  );
}

function Body({ sheet }: { sheet: RecordSheet }) {
  const { said } = sheet;
  const now = useStore((state) => (state.tick ? Math.floor(state.tick.liveTai) : null));
  return (
    <>
      <p class={`ruling verdict-${said.verdict.replace(" ", "-")}`}>
        <VerdictMark verdict={said.verdict} />{" "}
        <strong>
          {said.verdict} {said.verdict !== "its own" && `for ${sheet.reader}`}
        </strong>
      </p>
      <p class="ruling-why">{said.reason}</p>
      <dl class="facts">
        {clauseText(said) && <Line name="Clause">{clauseText(said)}</Line>}
        {said.form && <Line name="Form">{said.form}</Line>}
        {sheet.revisit_tai_s !== null && (
          <Line name="Free">
            {now !== null && untilText(sheet.revisit_tai_s - now)}
            <span class="muted">, {utcShort(sheet.revisit_tai_s)}: time alone may release it</span>
          </Line>
        )}
        <Line name="Record">
          {ONE_OF_KIND[sheet.kind]} of {sheet.originator} <span class="muted record-id">{sheet.record}</span>
        </Line>
      </dl>
      {sheet.trace.length > 0 && (
        <>
          <h3>Every test that was made</h3>
          <ol class="trace">
            {sheet.trace.map((line, n) => (
              <li key={n}>{line}</li>
            ))}
          </ol>
        </>
      )}
      <h3>Decided so far</h3>
      {sheet.past.length === 0 && <p class="muted">Nothing was decided on it for {sheet.reader} yet.</p>}
      <ul class="past">
        {sheet.past.map((one, n) => (
          <li key={n}>
            <time>{utcShort(one.decided_tai_s)}</time> {one.allowed ? "released" : "withheld"}: {one.reason}
          </li>
        ))}
      </ul>
      <h3>Label</h3>
      <LabelParts label={sheet.label} />
      {sheet.facts.length > 0 && (
        <>
          <h3>What it tells</h3>
          <dl class="facts elements">
            {sheet.facts.map((fact) => (
              <Line key={fact.name} name={fact.name}>
                {fact.value} <span class="muted">{fact.unit}</span>
              </Line>
            ))}
          </dl>
        </>
      )}
    </>
  );
}

function Line({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
