// Releases: what we hold beside what one partner would see of it now, and what its agreements say, would say, and wait for.

import type { ComponentChildren } from "preact";
import { may } from "../people/presence";
import { partnerOf } from "../release/follow";
import { open, releaseLink } from "../routes";
import { store, useStore } from "../store";
import { RELEASE_TABS, type ReleaseTab } from "../url-state";
import { AgreementsTab } from "./agreements-tab";
import { ApprovalsTab } from "./approvals-tab";
import { RecordsTab } from "./release-records";
import { NodeTime } from "./warnings-page";
import { WhatIfTab } from "./what-if-tab";

const TAB_WORDS: Record<ReleaseTab, string> = {
  records: "Records",
  agreements: "Agreements",
  "what-if": "What if",
  approvals: "Approvals",
};

export function ReleasePage() {
  const route = useStore((state) => state.route);
  const partner = useStore(partnerOf);
  const seen = useStore((state) => may("view_release", state));
  if (route.page !== "release") return null;
  if (!seen) {
    return (
      <main class="not-yours">
        <p class="empty">
          <strong>Not for your role.</strong> It does not see what partners get.
        </p>
      </main>
    );
  }
  return (
    <main class="release" aria-label="Releases">
      <div class="release-bar">
        <Partner partner={partner} tab={route.tab} />
        <Tabs tab={route.tab} partner={route.partner} />
        <span class="spring" />
        <NodeTime />
      </div>
      <Body tab={route.tab} partner={partner} />
    </main>
  );
}

function Body({ tab, partner }: { tab: ReleaseTab; partner: string | null }) {
  if (tab === "approvals") return <ApprovalsTab />;
  if (partner === null) return <NoPartners />;
  if (tab === "agreements") return <AgreementsTab partner={partner} />;
  if (tab === "what-if") return <WhatIfTab partner={partner} />;
  return <RecordsTab partner={partner} />;
}

function NoPartners() {
  const known = useStore((state) => state.status !== null);
  return (
    <p class="empty">
      {known ? (
        <>
          <strong>No partners.</strong> Nothing is released to anybody.
        </>
      ) : (
        "Waiting for the node…"
      )}
    </p>
  );
}

function Partner({ partner, tab }: { partner: string | null; tab: ReleaseTab }) {
  const members = useStore((state) => state.status?.links ?? NOBODY).map((link) => link.member);
  const listed = partner !== null && !members.includes(partner) ? [...members, partner] : members;
  return (
    <label class="partner">
      <span class="muted">As seen by</span>{" "}
      <select
        id="partner"
        value={partner ?? ""}
        onChange={(event) => open(releaseLink({ page: "release", partner: event.currentTarget.value, tab }))}
      >
        {listed.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}

const NOBODY: { member: string }[] = [];

function Tabs({ tab, partner }: { tab: ReleaseTab; partner: string | null }) {
  const waiting = useStore(
    (state) => state.release.proposals?.proposals.filter((one) => one.state === "open" || one.state === "ready").length ?? 0,
  );
  return (
    <nav class="tabs" aria-label="About releases">
      {RELEASE_TABS.map((one) => (
        <a
          key={one}
          href={releaseLink({ page: "release", partner, tab: one })}
          aria-current={one === tab ? "page" : undefined}
        >
          {TAB_WORDS[one]}
          {one === "approvals" && waiting > 0 && (
            <span class="tab-count">
              {waiting}
              <span class="unseen"> waiting</span>
            </span>
          )}
        </a>
      ))}
    </nav>
  );
}

/** Why what is shown may be old. */
export function ReleaseTrouble(): ComponentChildren {
  const trouble = useStore((state) => state.release.trouble);
  if (trouble === null) return null;
  return (
    <p class="note" role="alert">
      This may be old: {trouble}.
    </p>
  );
}

/** The next tab: for keys. */
export function stepTab(): void {
  const { route } = store.state;
  if (route.page !== "release") return;
  const next = RELEASE_TABS[(RELEASE_TABS.indexOf(route.tab) + 1) % RELEASE_TABS.length];
  open(releaseLink({ ...route, tab: next }));
}
