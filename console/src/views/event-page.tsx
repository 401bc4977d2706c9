// One encounter: what is known, how it moved, which answer to trust, why providers differ, and until when to decide.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { encounterLink, warningsLink } from "../routes";
import { store, useStore } from "../store";
import { spanText } from "../utc";
import type { Geometry, Thresholds, Triple, WarningEvent } from "../warnings/api";
import { countdownText, metresText, minus, NONE, probabilityText, untilText, utcShort } from "../warnings/figures";
import { SEVERITY_WORDS } from "../warnings/order";
import { BPlane } from "./b-plane";
import { DilutionCard } from "./dilution";
import { Methods } from "./methods";
import { Reconciliation } from "./reconciliation";
import { LabelParts, NotForYou, Sights } from "./release";
import { SeverityMark } from "./severity";
import { Trend } from "./trend";
import { NodeTime } from "./warnings-page";
import { nameOf, useSecond } from "./warnings-table";

export function EventPage() {
  const event = useStore((state) => state.event);
  const gone = useStore((state) => state.eventGone);
  const trouble = useStore((state) => state.eventTrouble);
  const back = useStore(warningsLink);
  return (
    <main class="event-page" aria-label="Warning">
      <div class="event-bar">
        <a href={back} class="back" title="All warnings (Esc)">
          ‹ All warnings
        </a>
        <span class="spring" />
        <NodeTime />
      </div>
      {gone && event && (
        <p class="note" role="alert">
          The node holds this event no longer. What stands here is as it was last told.
        </p>
      )}
      {!gone && event && trouble && (
        <p class="note" role="alert">
          This may be old: {trouble}.
        </p>
      )}
      {event ? <Known event={event} /> : <NotKnown gone={gone} trouble={trouble} />}
    </main>
  );
}

function NotKnown({ gone, trouble }: { gone: boolean; trouble: string | null }) {
  const event = useStore((state) => (state.route.page === "event" ? state.route.event : ""));
  if (!gone) return <p class="empty">{trouble ? `The event cannot be read: ${trouble}.` : "Loading the event…"}</p>;
  return (
    <p class="empty" role="alert">
      <strong>No such event.</strong> The node holds no warning “{event}”: it is over and gone, or never was.
    </p>
  );
}

function Known({ event }: { event: WarningEvent }) {
  const thresholds = useStore((state) => state.warnings?.thresholds ?? null);
  useNews(event);
  return (
    <div class="event-scroll" tabIndex={0} role="region" aria-label={`Warning ${event.event}`} key={event.event}>
      <Summary event={event} />
      <div class="cards">
        <Trend event={event} thresholds={thresholds} />
        <Encounter event={event} thresholds={thresholds} />
        <Methods event={event} />
        <Reconciliation event={event} />
        <Release event={event} />
      </div>
    </div>
  );
}

/** Say aloud that the shown event changed. */
function useNews(event: WarningEvent): void {
  const before = useRef<WarningEvent | null>(null);
  useEffect(() => {
    const { current } = before;
    before.current = event;
    if (current?.event !== event.event || current.updates === event.updates) return;
    store.set({ said: `New warning of ${event.headline_provider}: probability ${probabilityText(event.probability)}` });
  }, [event]);
}

function Summary({ event }: { event: WarningEvent }) {
  const now = useSecond();
  const { object_1, object_2, severity, status } = event;
  return (
    <header class="summary">
      <div class="summary-head">
        <SeverityMark severity={severity} />
        <h2>
          {nameOf(object_1)} <span class="muted">and</span> {nameOf(object_2)}
        </h2>
        <span class={`status status-${status.replace(/ /g, "-")}`}>{status}</span>
        {event.kind === "co-moving" && <span class="status">co-moving</span>}
        <ShowOnGlobe event={event} />
      </div>
      <p class="muted identity">
        {SEVERITY_WORDS[severity]}. {numberOf(object_1)} and {numberOf(object_2)}. Event {event.event}, {event.updates}{" "}
        {event.updates === 1 ? "warning" : "warnings"} of {event.providers.join(", ")}.
      </p>
      <dl class="tiles">
        <Tile name="Probability" under={methodWords(event)} tone={`pc-${severity}`}>
          {event.probability !== null && event.probability_is_bound ? "≤ " : ""}
          {probabilityText(event.probability, 2)}
        </Tile>
        <Tile name="Closest approach" under={utcShort(event.tca_tai_s)}>
          {now === null ? NONE : countdownText(event.tca_tai_s - now)}
        </Tile>
        <Tile name="Miss distance" under={`sigma along it ${event.sigma_m === null ? "not known" : `${metresText(event.sigma_m)} m`}`}>
          {metresText(event.miss_distance_m)} <small>m</small>
        </Tile>
        <Tile name="Relative speed" under={`headline of ${event.headline_provider}`}>
          {metresText(event.relative_speed_m_s)} <small>m/s</small>
        </Tile>
        <Tile name="Decide by" under={utcShort(event.deadline_tai_s)} tone={deadlineTone(event, now)}>
          {now === null ? NONE : status === "past" ? "over" : untilText(event.deadline_tai_s - now)}
        </Tile>
      </dl>
      <p class="deadline-why">
        <span class="muted">Deadline:</span> {event.deadline_why}
      </p>
    </header>
  );
}

const numberOf = (one: WarningEvent["object_1"]): string =>
  [one.name || "unnamed", one.designator ? `number ${one.designator}` : "no number", one.own ? "ours" : (one.owner && `of ${one.owner}`)]
    .filter(Boolean)
    .join(", ");

function methodWords(event: WarningEvent): string {
  const words = [event.probability_method ?? "no method"];
  if (event.probability_is_bound) words.push("a bound");
  if (event.in_dilution) words.push("diluted");
  return words.join(", ");
}

function deadlineTone(event: WarningEvent, now: number | null): string {
  if (now === null || event.status === "past") return "";
  const left = event.deadline_tai_s - now;
  return left < 0 ? "said-bad" : left < 6 * 3600 ? "said-warn" : "";
}

function Tile({ name, under, tone = "", children }: { name: string; under: string; tone?: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={`figure ${tone}`}>{children}</dd>
      <dd class="muted under">{under}</dd>
    </div>
  );
}

function ShowOnGlobe({ event }: { event: WarningEvent }) {
  const [first, second] = [event.object_1.object, event.object_2.object];
  const object = first ?? second;
  if (object === null) return <span class="muted">Neither object is in the picture</span>;
  const companion = first === null ? null : second;
  return (
    <a class="button" href={encounterLink(object, companion, event.tca_tai_s)} title="Both objects in the picture at the closest approach (g g)">
      Show on globe
    </a>
  );
}

function Encounter({ event, thresholds }: { event: WarningEvent; thresholds: Thresholds | null }) {
  const [asked, setAsked] = useState<string | null>(null);
  const wanted = asked ?? event.headline_provider;
  const geometry = event.geometry.find((one) => one.provider === wanted) ?? event.geometry[0];
  return (
    <>
      <div class="column">
        <section class="card" aria-labelledby="b-plane-title">
          <div class="card-head">
            <h3 id="b-plane-title">Encounter plane</h3>
            {event.geometry.length > 1 && (
              <div class="switch" role="group" aria-label="Encounter as told by">
                {event.geometry.map(({ provider }) => (
                  <button type="button" key={provider} aria-pressed={provider === geometry.provider} onClick={() => setAsked(provider)}>
                    {provider}
                  </button>
                ))}
              </div>
            )}
          </div>
          {geometry ? <BPlane geometry={geometry} /> : <p class="empty">No provider told the geometry.</p>}
        </section>
      </div>
      <div class="column">
        <section class="card" aria-labelledby="rtn-title">
          <div class="card-head">
            <h3 id="rtn-title">Radial, in-track, cross-track</h3>
            {geometry && <span class="muted">as told by {geometry.provider}</span>}
          </div>
          {geometry ? <Rtn geometry={geometry} event={event} /> : <p class="empty">No provider told the geometry.</p>}
        </section>
        <DilutionCard dilution={event.dilution} thresholds={thresholds} />
      </div>
    </>
  );
}

const speedText = (value: number): string =>
  minus(value.toLocaleString("en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 }));

const ROWS = ["Radial", "In-track", "Cross-track"];

function Rtn({ geometry, event }: { geometry: Geometry; event: WarningEvent }) {
  const { rtn } = geometry;
  const cell = (triple: Triple | null, n: number): string => metresText(triple?.[n] ?? null);
  return (
    <>
      <table class="figures rtn">
        <caption class="muted">Object 2 from object 1, on the axes of object 1; sigma of each object on its own axes.</caption>
        <thead>
          <tr>
            <td />
            <th scope="col" class="numeric">Position, m</th>
            <th scope="col" class="numeric">Velocity, m/s</th>
            <th scope="col" class="numeric">Sigma, m</th>
            <th scope="col" class="numeric">Sigma of 1, m</th>
            <th scope="col" class="numeric">Sigma of 2, m</th>
          </tr>
        </thead>
        <tbody>
          {ROWS.map((name, n) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="numeric">{cell(rtn.position_m, n)}</td>
              <td class="numeric">{rtn.velocity_m_s ? speedText(rtn.velocity_m_s[n]) : NONE}</td>
              <td class="numeric">{cell(rtn.sigma_m, n)}</td>
              <td class="numeric">{cell(rtn.sigma_1_m, n)}</td>
              <td class="numeric">{cell(rtn.sigma_2_m, n)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <dl class="facts data-ages">
        <Data name={nameOf(event.object_1)} age={geometry.object_1_data_age_s} />
        <Data name={nameOf(event.object_2)} age={geometry.object_2_data_age_s} />
      </dl>
    </>
  );
}

function Data({ name, age }: { name: string; age: number | null }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{age === null ? "age of its data not stated" : `newest data ${spanText(age)} old when the warning was made`}</dd>
    </div>
  );
}

function Release({ event }: { event: WarningEvent }) {
  return (
    <>
      <section class="card" aria-labelledby="release-title">
        <div class="card-head">
          <h3 id="release-title">Who may see it</h3>
        </div>
        {event.who_may_see === null ? (
          <NotForYou />
        ) : event.who_may_see.length > 0 ? (
          <Sights sights={event.who_may_see} />
        ) : (
          <p class="muted">
            {event.seen_record === null
              ? "No warning of our own on this event: its providers decide who sees theirs."
              : "No partners: nobody but us."}
          </p>
        )}
      </section>
      <section class="card" aria-labelledby="label-title">
        <div class="card-head">
          <h3 id="label-title">Label</h3>
          <span class="muted">of the headline, from {event.headline_provider}</span>
        </div>
        <LabelParts label={event.label} />
      </section>
    </>
  );
}
