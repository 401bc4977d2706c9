// What waits for two persons: who proposes what of which text, until when; and yes or no, for those who may say it.

import { useState } from "preact/hooks";
import { wordsOf } from "../api";
import { withProof } from "../people/proof";
import { approve, reject, type Proposal } from "../release/api";
import { releaseFollower } from "../release/follow";
import { useStore } from "../store";
import { utcShort, untilText } from "../warnings/figures";
import { ReleaseTrouble } from "./release-page";

const STATES: Record<Proposal["state"], string> = {
  open: "waits",
  ready: "approved, to be done",
  done: "done",
  rejected: "rejected",
  lapsed: "lapsed",
};

export function ApprovalsTab() {
  const held = useStore((state) => state.release.proposals);
  const trouble = useStore((state) => state.release.trouble);
  if (!held) return <p class="empty">{trouble ? `The proposals cannot be read: ${trouble}.` : "Loading the proposals…"}</p>;
  const waiting = held.proposals.filter((one) => one.state === "open" || one.state === "ready");
  const over = held.proposals.filter((one) => !waiting.includes(one));
  return (
    <div class="release-scroll" tabIndex={0} role="region" aria-label="Proposals">
      <ReleaseTrouble />
      {!held.needed && (
        <p class="note">This node has no accounts: nobody can be told apart, so whoever holds its key signs alone.</p>
      )}
      <Listed title="Waiting for two persons" proposals={waiting} now={held.now_tai_s} none="Nothing waits for approval." />
      {over.length > 0 && <Listed title="Settled" proposals={over} now={held.now_tai_s} none="" />}
    </div>
  );
}

interface ListedProps {
  title: string;
  proposals: Proposal[];
  /** The machine's clock, by which proposals lapse. */
  now: number;
  none: string;
}

function Listed({ title, proposals, now, none }: ListedProps) {
  return (
    <section class="release-part">
      <h2>{title}</h2>
      {proposals.length === 0 ? (
        <p class="muted">{none}</p>
      ) : (
        <table class="plain-table proposals">
          <thead>
            <tr>
              <th scope="col">Act</th>
              <th scope="col">Text (SHA-256)</th>
              <th scope="col">Proposed by</th>
              <th scope="col">Said</th>
              <th scope="col">State</th>
              <th scope="col">
                <span class="unseen">Your word</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {proposals.map((one) => (
              <Row key={one.id} one={one} now={now} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Row({ one, now }: { one: Proposal; now: number }) {
  const waits = one.state === "open" || one.state === "ready";
  return (
    <tr data-proposal={one.id} class={waits ? undefined : "over"}>
      <th scope="row">
        <strong>{one.act}</strong> {one.agreement}
        {one.words && <small class="muted">{one.words}</small>}
      </th>
      <td>
        <code title={one.document_sha256}>{one.document_sha256.slice(0, 16)}…</code>
      </td>
      <td>
        {one.proposed_by}
        <small class="muted">{utcShort(one.proposed_tai_s)}</small>
      </td>
      <td>
        {one.approvals.length === 0 && !one.rejection && <span class="muted">nobody yet</span>}
        <ul class="votes">
          {one.approvals.map((vote) => (
            <li key={vote.account}>
              <span class="said-good">✓ yes</span> {vote.account} <span class="muted">by {vote.means}</span>
            </li>
          ))}
          {one.rejection && (
            <li>
              <span class="said-bad">✕ no</span> {one.rejection.account} <span class="muted">{one.rejection.words}</span>
            </li>
          )}
        </ul>
      </td>
      <td>
        {STATES[one.state]}
        {waits && <small class="muted">lapses {untilText(one.ends_tai_s - now)}</small>}
      </td>
      <td>{(one.you_may_approve || one.you_may_reject) && <Word one={one} />}</td>
    </tr>
  );
}

/** Yes or no; a yes asks for a fresh proof of who says it, a no for a reason. */
function Word({ one }: { one: Proposal }) {
  const [rejecting, setRejecting] = useState(false);
  const [reason, setReason] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const say = async (act: () => Promise<unknown>): Promise<void> => {
    setFault(null);
    try {
      await act();
      setRejecting(false);
    } catch (problem) {
      setFault(wordsOf(problem));
    }
    releaseFollower.again();
  };
  return (
    <div class="word">
      {rejecting ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void say(() => reject(one.id, reason));
          }}
        >
          <label class="unseen" for={`why-${one.id}`}>
            Why not
          </label>
          <input
            id={`why-${one.id}`}
            type="text"
            placeholder="Why not"
            required
            maxLength={400}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
          <button type="submit">Reject</button>
          <button type="button" class="quiet" onClick={() => setRejecting(false)}>
            Back
          </button>
        </form>
      ) : (
        <>
          {one.you_may_approve && (
            <button type="button" class="main" onClick={() => void say(() => withProof(() => approve(one)))}>
              Approve<span class="unseen"> to {one.act} {one.agreement}</span>
            </button>
          )}
          {one.you_may_reject && (
            <button type="button" onClick={() => setRejecting(true)}>
              Reject<span class="unseen"> to {one.act} {one.agreement}</span>
            </button>
          )}
        </>
      )}
      {fault !== null && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}
