// What the node has done and where it stands: a card for each part that says how it is, and the part below.

import type { ComponentChildren } from "preact";
import { may } from "../people/presence";
import { logLink, open } from "../routes";
import { store, useStore } from "../store";
import { LOG_TABS, type LogTab } from "../url-state";
import { spanText } from "../utc";
import type { WatchState } from "../watch/first";
import { AuditPart, HoldingsPart, LinksPart, QuestionsPart } from "./log-parts";
import { DecisionsPart } from "./log-decisions";
import { WatchLines } from "./log-lines";
import { NodeTime } from "./warnings-page";

const TAB_WORDS: Record<LogTab, string> = {
  decisions: "Decisions",
  audit: "Audit",
  links: "Links",
  holdings: "Holdings",
  questions: "Questions",
  lines: "Watch log",
};
/** Parts that tell what partners get. */
const OF_RELEASE: LogTab[] = ["decisions", "holdings", "questions"];

export function LogPage() {
  const route = useStore((state) => state.route);
  const seen = useStore((state) => may("view_log", state));
  const release = useStore((state) => may("view_release", state));
  const trouble = useStore((state) => state.watch.trouble);
  if (route.page !== "log") return null;
  if (!seen) {
    return (
      <main class="not-yours">
        <p class="empty">
          <strong>Not for your role.</strong> It does not read the watch log.
        </p>
      </main>
    );
  }
  const shown = LOG_TABS.filter((one) => release || !OF_RELEASE.includes(one));
  const tab = shown.includes(route.tab) ? route.tab : shown[0];
  return (
    <main class="log-page" aria-label="Log">
      <nav class="log-cards" aria-label="Parts of the log">
        {shown.map((one) => (
          <a key={one} class={`log-card card-${one}`} href={logLink(one)} aria-current={one === tab ? "page" : undefined}>
            <span class="card-title">{TAB_WORDS[one]}</span>
            <Says tab={one} />
          </a>
        ))}
        <NodeTime />
      </nav>
      {trouble !== null && (
        <p class="note" role="alert">
          This may be old: {trouble}.
        </p>
      )}
      <Part tab={tab} />
    </main>
  );
}

function Part({ tab }: { tab: LogTab }) {
  switch (tab) {
    case "decisions":
      return <DecisionsPart />;
    case "audit":
      return <AuditPart />;
    case "links":
      return <LinksPart />;
    case "holdings":
      return <HoldingsPart />;
    case "questions":
      return <QuestionsPart />;
    case "lines":
      return <WatchLines />;
  }
}

const number = (n: number): string => n.toLocaleString("en-GB");

function Says({ tab }: { tab: LogTab }) {
  const watch = useStore((state) => state.watch);
  const last = useStore((state) => state.log.at(-1) ?? null);
  const now = useStore((state) => (state.tick ? Math.floor(state.tick.liveTai / 10) * 10 : null));
  const text = tab === "lines" ? last && { words: `${last.utc.slice(11, 19)} ${last.kind}` } : saysOf(tab, watch, now);
  return <span class={`card-says ${text && "tone" in text ? text.tone : ""}`}>{text ? text.words : "…"}</span>;
}

function saysOf(tab: LogTab, { node, sharing, decisions }: WatchState, now: number | null): { words: string; tone?: string } | null {
  if (tab === "decisions") {
    const newest = decisions?.[0];
    if (!decisions) return null;
    return { words: newest && now !== null ? `last ${spanText(Math.max(0, now - newest.decided_tai_s))} ago` : "none" };
  }
  if (tab === "audit" && node) {
    const { audit } = node;
    if (audit.alarms.length > 0) return { words: audit.alarms.length === 1 ? "1 contradiction" : `${audit.alarms.length} contradictions`, tone: "said-bad" };
    const signed = audit.witnesses.filter((one) => one.size !== null && one.size === audit.checkpoint_size).length;
    return { words: `${number(audit.leaves)} leaves, ${signed} of ${audit.witnesses.length} cosigned` };
  }
  if (tab === "links" && node) {
    const bad = node.links.filter((one) => one.state !== "up");
    if (bad.length === 0) return { words: `${node.links.length} up` };
    return { words: bad.map((one) => `${one.member} ${one.state}`).join(", "), tone: "said-warn" };
  }
  if (tab === "holdings" && sharing) {
    const locked = sharing.holdings.filter((one) => one.state === "locked").length;
    const owed = sharing.debts.length;
    const words = [`${sharing.holdings.filter((one) => one.state === "in use").length} in use`];
    if (locked) words.push(`${locked} locked`);
    if (owed) words.push(`${owed} owed`);
    return { words: words.join(", "), ...(locked || owed ? { tone: "said-warn" } : {}) };
  }
  if (tab === "questions" && sharing) {
    const open = sharing.questions.filter((one) => one.verdict === null).length;
    return { words: open ? `${open} wait` : `${sharing.questions.length} asked` };
  }
  return null;
}

/** The next part: for keys. */
export function stepLogTab(): void {
  const { route } = store.state;
  if (route.page !== "log") return;
  const shown = LOG_TABS.filter((one) => may("view_release") || !OF_RELEASE.includes(one));
  open(logLink(shown[(shown.indexOf(route.tab) + 1) % shown.length]));
}

export function Waiting({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
