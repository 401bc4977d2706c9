// The state of audit, links, holdings and questions, each as a table.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { wordsOf } from "../api";
import { may } from "../people/presence";
import { useStore } from "../store";
import { probabilityText, untilText, utcShort } from "../warnings/figures";
import { setLink, type LinkLine } from "../watch/api";
import { setWatch } from "../watch/follow";

const number = (n: number): string => n.toLocaleString("en-GB");

function useNow(): number | null {
  return useStore((state) => (state.tick ? Math.floor(state.tick.liveTai / 5) * 5 : null));
}

function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="release-scroll" tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  );
}

function Listed({ title, heads, none, children }: { title: string; heads: string[]; none: string; children: ComponentChildren[] }) {
  return (
    <section class="release-part">
      <h2>{title}</h2>
      {children.length === 0 ? (
        <p class="muted">{none}</p>
      ) : (
        <table class="plain-table">
          <thead>
            <tr>
              {heads.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      )}
    </section>
  );
}

export function AuditPart() {
  const audit = useStore((state) => state.watch.node?.audit ?? null);
  const now = useNow();
  if (!audit) return <p class="empty">Loading the audit…</p>;
  const ago = (tai: number | null): string => (tai === null || now === null ? "" : untilText(tai - now));
  const behind = audit.checkpoint_size === null ? audit.leaves : audit.leaves - audit.checkpoint_size;
  return (
    <Scroll label="Audit">
      {audit.alarms.length > 0 && (
        <section class="release-part alarms" role="alert">
          <h2>Two histories were shown</h2>
          <ul class="past">
            {audit.alarms.map((one, n) => (
              <li key={n}>
                <strong>{one.log}</strong>: its tree of {number(one.size)} leaves, told by {one.told_by}, is {one.standing} (
                {utcShort(one.seen_tai_s)})
              </li>
            ))}
          </ul>
        </section>
      )}
      <section class="release-part">
        <h2>Our tree</h2>
        <dl class="facts audit-facts">
          <Line name="Leaves">
            {number(audit.leaves)}: one for every decision and every envelope, generation {audit.generation}
          </Line>
          <Line name="Checkpoint">
            {audit.checkpoint_size === null ? (
              "none signed yet"
            ) : (
              <>
                {number(audit.checkpoint_size)} leaves, {ago(audit.checkpoint_tai_s)}
                <span class="muted">, {number(behind)} leaves since</span>
              </>
            )}
          </Line>
          {audit.checkpoint_root !== null && (
            <Line name="Root">
              <code>{audit.checkpoint_root}</code>
            </Line>
          )}
          <Line name="Split view">{audit.alarms.length === 0 ? "nothing seen that contradicts" : <strong class="said-bad">seen: look above</strong>}</Line>
        </dl>
      </section>
      <Listed title="Who cosigned" heads={["Witness", "Our tree as it saw it", "When"]} none="No partners: nobody cosigns.">
        {audit.witnesses.map((one) => (
          <tr key={one.member}>
            <th scope="row">{one.member}</th>
            <td>
              {one.size === null ? <span class="muted">nothing yet</span> : `${number(one.size)} leaves`}
              {one.size !== null && one.size === audit.checkpoint_size && <span class="said-good"> ✓ the last checkpoint</span>}
            </td>
            <td>{ago(one.at_tai_s)}</td>
          </tr>
        ))}
      </Listed>
      <Listed title="Trees of partners that we witness" heads={["Partner", "Largest tree shown", "When"]} none="No partner has shown its tree yet.">
        {audit.trees.map(([log, size, seen]) => (
          <tr key={log}>
            <th scope="row">{log}</th>
            <td>{number(size)} leaves</td>
            <td>{ago(seen)}</td>
          </tr>
        ))}
      </Listed>
    </Scroll>
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

export function LinksPart() {
  const links = useStore((state) => state.watch.node?.links ?? null);
  const now = useNow();
  if (!links) return <p class="empty">Loading the links…</p>;
  return (
    <Scroll label="Links">
      <Listed
        title="Links to partners"
        heads={["Partner", "State", "Last envelope", "Its feed", "Ours", "What is wrong", "Change"]}
        none="No partners."
      >
        {links.map((one) => (
          <tr key={one.member} data-link={one.member}>
            <th scope="row">{one.member}</th>
            <td>
              <strong class={one.state === "up" ? "said-good" : one.state === "late" ? "said-warn" : "said-bad"}>{one.state}</strong>
            </td>
            <td class="nowrap">
              {one.received_tai_s === null || now === null ? <span class="muted">none yet</span> : untilText(one.received_tai_s - now)}
            </td>
            <td class="nowrap">{number(one.held)} held</td>
            <td>
              {number(one.sealed)} sealed
              {one.confirmed > 0 && <span class="muted">, {number(one.confirmed)} confirmed</span>}
              {one.notices_waiting > 0 && <span class="muted">, {number(one.notices_waiting)} notices wait</span>}
            </td>
            <td>{one.fault ?? <span class="muted">nothing</span>}</td>
            <td>
              <Cut link={one} />
            </td>
          </tr>
        ))}
      </Listed>
    </Scroll>
  );
}

/** A cut is asked twice: what a partner was to get waits from then on. */
function Cut({ link }: { link: LinkLine }) {
  const mine = useStore((state) => may("cut_link", state));
  const [sure, setSure] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  if (!mine) return <span class="muted">not yours</span>;
  const cut = link.state === "cut";
  const set = async (up: boolean): Promise<void> => {
    setSure(false);
    setFault(null);
    try {
      setWatch({ node: await setLink(link.member, up) });
    } catch (problem) {
      setFault(wordsOf(problem));
    }
  };
  return (
    <div class="word">
      {cut ? (
        <button type="button" onClick={() => void set(true)}>
          Restore<span class="unseen"> the link to {link.member}</span>
        </button>
      ) : sure ? (
        <>
          <button type="button" class="danger" onClick={() => void set(false)}>
            Cut it now<span class="unseen">: {link.member}</span>
          </button>
          <button type="button" class="quiet" onClick={() => setSure(false)}>
            Back
          </button>
        </>
      ) : (
        <button type="button" onClick={() => setSure(true)}>
          Cut…<span class="unseen"> the link to {link.member}</span>
        </button>
      )}
      {fault !== null && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}

export function HoldingsPart() {
  const sharing = useStore((state) => state.watch.sharing);
  const now = useNow();
  if (!sharing) return <p class="empty">Loading the holdings…</p>;
  const ago = (tai: number): string => (now === null ? "" : untilText(tai - now));
  return (
    <Scroll label="Holdings">
      <Listed
        title="What we hold from partners"
        heads={["From", "Under", "Records", "State", "Since", "Lease"]}
        none="Nothing came from partners yet."
      >
        {sharing.holdings.map((one) => (
          <tr key={`${one.source} ${one.agreement}`} data-holding={one.agreement}>
            <th scope="row">{one.source}</th>
            <td>{one.agreement}</td>
            <td>{number(one.records)}</td>
            <td>
              <strong class={one.state === "in use" ? "said-good" : one.state === "locked" ? "said-warn" : "said-bad"}>{one.state}</strong>
              {one.reason !== null && <small class="muted">{one.reason}</small>}
            </td>
            <td class="nowrap">
              {one.state === "in use" && <span class="muted">heard </span>}
              {ago(one.since_tai_s)}
            </td>
            <td class="nowrap">{one.lease_until_tai_s === null ? <span class="muted">none</span> : `runs out ${ago(one.lease_until_tai_s)}`}</td>
          </tr>
        ))}
      </Listed>
      <Listed title="Receipts that partners owe us" heads={["From", "Under", "Records given", "Withdrawn"]} none="None: every withdrawal is settled.">
        {sharing.debts.map((one) => (
          <tr key={`${one.reader} ${one.agreement}`}>
            <th scope="row">{one.reader}</th>
            <td>{one.agreement}</td>
            <td>
              <strong class="said-warn">{number(one.records)}</strong>
            </td>
            <td>{ago(one.since_tai_s)}</td>
          </tr>
        ))}
      </Listed>
      <Listed title="Receipts of deletion" heads={["From", "Under", "Records deleted", "When", "Passed on before"]} none="None yet.">
        {sharing.receipts.map(({ reader, receipt }) => (
          <tr key={`${reader} ${receipt.agreement}`}>
            <th scope="row">{reader}</th>
            <td>{receipt.agreement}</td>
            <td>{number(receipt.records)}</td>
            <td>{ago(receipt.deleted_tai_s)}</td>
            <td>
              {Object.entries(receipt.passed_on)
                .map(([member, count]) => `${number(count)} to ${member}`)
                .join(", ") || <span class="muted">nothing</span>}
            </td>
          </tr>
        ))}
      </Listed>
    </Scroll>
  );
}

export function QuestionsPart() {
  const sharing = useStore((state) => state.watch.sharing);
  if (!sharing) return <p class="empty">Loading the questions…</p>;
  const row = (one: (typeof sharing.questions)[number], n: number): ComponentChildren => (
    <tr key={n}>
      <th scope="row">{one.member}</th>
      <td>{one.about}</td>
      <td class="nowrap">
        {utcShort(one.begins_tai_s).slice(0, 16)} to {utcShort(one.ends_tai_s).slice(0, 16)}
      </td>
      <td>
        {one.verdict === null ? <span class="said-warn">waits</span> : <strong>{one.verdict}</strong>}
        {one.words && <small class="muted">{one.words}</small>}
      </td>
      <td>
        {one.probability !== null && `Pc ≤ ${probabilityText(one.probability, 0)}`}
        {one.tca_tai_s !== null && <small class="muted">at {utcShort(one.tca_tai_s).slice(0, 16)}</small>}
      </td>
    </tr>
  );
  const heads = ["Member", "About", "For the time (UTC)", "Answer", "How near"];
  return (
    <Scroll label="Questions">
      <Listed title="What we asked" heads={heads} none="We have asked nobody about hidden objects.">
        {sharing.questions.filter((one) => one.ours).map(row)}
      </Listed>
      <Listed title="What we were asked" heads={heads} none="Nobody has asked us.">
        {sharing.questions.filter((one) => !one.ours).map(row)}
      </Listed>
    </Scroll>
  );
}
