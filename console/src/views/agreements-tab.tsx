// The agreements with one partner: which way they go, where they stand, who still has to sign.

import type { AgreementLine } from "../release/api";
import { releaseLink } from "../routes";
import { useStore } from "../store";
import { spanText, utcText } from "../utc";
import { untilText } from "../warnings/figures";
import { ReleaseTrouble } from "./release-page";
import { PROPOSED } from "./what-if-tab";

export function AgreementsTab({ partner }: { partner: string }) {
  const agreements = useStore((state) => state.release.agreements);
  const member = useStore((state) => state.status?.member ?? "");
  const trouble = useStore((state) => state.release.trouble);
  if (!agreements) return <p class="empty">{trouble ? `The agreements cannot be read: ${trouble}.` : "Loading the agreements…"}</p>;
  const ours = agreements.filter((one) => one.giver === member && one.readers.includes(partner));
  const theirs = agreements.filter((one) => one.giver === partner && one.readers.includes(member));
  return (
    <div class="release-scroll" tabIndex={0} role="region" aria-label={`Agreements with ${partner}`}>
      <ReleaseTrouble />
      <Listed title={`${member} gives to ${partner}`} agreements={ours} none={`No agreement: nothing goes to ${partner}.`} />
      <Listed title={`${partner} gives to ${member}`} agreements={theirs} none={`No agreement by which ${partner} gives to us.`} />
      <Proposed partner={partner} />
    </div>
  );
}

function Listed({ title, agreements, none }: { title: string; agreements: AgreementLine[]; none: string }) {
  return (
    <section class="release-part">
      <h2>{title}</h2>
      {agreements.length === 0 ? (
        <p class="muted">{none}</p>
      ) : (
        <table class="plain-table agreements">
          <colgroup>
            {["a-name", "a-state", "a-since", "a-term", "a-signed", "a-awaited", "a-lease", "a-says"].map((one) => (
              <col key={one} class={one} />
            ))}
          </colgroup>
          <thead>
            <tr>
              <th scope="col">Agreement</th>
              <th scope="col">State</th>
              <th scope="col">Since</th>
              <th scope="col">Term</th>
              <th scope="col">Signed</th>
              <th scope="col">Still to sign</th>
              <th scope="col">Lease</th>
              <th scope="col">Says</th>
            </tr>
          </thead>
          <tbody>
            {agreements.map((one) => (
              <Row key={one.reference} one={one} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** What the partner wrote and nobody here has signed: it bears on nothing until somebody does. */
function Proposed({ partner }: { partner: string }) {
  const proposed = useStore((state) => state.release.proposed).filter((one) => one.partner === partner);
  if (proposed.length === 0) return null;
  return (
    <section class="release-part">
      <h2>Proposed by {partner}, not signed by us</h2>
      <table class="plain-table proposals">
        <thead>
          <tr>
            <th scope="col">Agreement</th>
            <th scope="col">Gives</th>
            <th scope="col">Read</th>
            <th scope="col">Term</th>
            <th scope="col">Says</th>
          </tr>
        </thead>
        <tbody>
          {proposed.map((one) => (
            <tr key={one.reference}>
              <th scope="row">
                <strong>{one.reference}</strong> <span class="muted">{one.title}</span>
                {one.other_text && <small class="said-warn">We hold another text of this reference.</small>}
              </th>
              <td>{one.giver}</td>
              <td>{one.readers.join(", ")}</td>
              <td class="nowrap">
                {day(one.begins_tai_s)} to
                <br />
                {day(one.ends_tai_s)}
              </td>
              <td>
                {one.clauses} {one.clauses === 1 ? "clause" : "clauses"}{" "}
                <a
                  class="nowrap"
                  href={releaseLink({ page: "release", partner, tab: "what-if", from: `${partner}${PROPOSED}${one.reference}` })}
                >
                  Read and try
                </a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const day = (tai: number): string => utcText(tai).slice(0, 10);

function Row({ one }: { one: AgreementLine }) {
  const now = useStore((state) => (state.tick ? Math.floor(state.tick.liveTai / 60) * 60 : null));
  const partner = useStore((state) => (state.route.page === "release" ? state.route.partner : null));
  const state = one.state.replace(" ", "-");
  return (
    <tr class={one.state === "superseded" || one.state === "withdrawn" || one.state === "expired" ? "over" : undefined}>
      <th scope="row">
        <strong>{one.reference}</strong> <span class="muted">{one.title}</span>
      </th>
      <td>
        <span class={`standing standing-${state}`}>{one.state}</span>
        {one.state !== "in force" && <small class="muted">{one.words}</small>}
      </td>
      <td class="nowrap">{now === null ? "" : one.since_tai_s > 0 ? untilText(one.since_tai_s - now) : "long ago"}</td>
      <td class="nowrap">
        {day(one.begins_tai_s)} to
        <br />
        {day(one.ends_tai_s)}
      </td>
      <td>{one.signed.join(", ") || <span class="muted">nobody</span>}</td>
      <td>{one.awaited.length > 0 ? <strong class="said-warn">{one.awaited.join(", ")}</strong> : <span class="muted">nobody</span>}</td>
      <td class="nowrap">{one.lease_s === null ? <span class="muted">none</span> : spanText(one.lease_s).replace(" 0 h", "").replace(" 0 min", "")}</td>
      <td>
        {[
          `${one.clauses} ${one.clauses === 1 ? "clause" : "clauses"}`,
          one.purpose,
          one.mode,
          one.onward && "third parties' data too",
          one.safety_of_flight && "answers on hidden objects",
        ]
          .filter(Boolean)
          .join(", ")}{" "}
        <a class="nowrap" href={releaseLink({ page: "release", partner, tab: "what-if", from: one.reference })}>Edit and try</a>
      </td>
    </tr>
  );
}
