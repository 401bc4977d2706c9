// The page: what stands always, and the page of the address between.

import { useRef } from "preact/hooks";
import { may, rolesText } from "../people/presence";
import { useStore } from "../store";
import { AccountDialog } from "./account";
import { EventPage } from "./event-page";
import { GlobeView } from "./globe-view";
import { Header } from "./header";
import { LogPage } from "./log-page";
import { LogStrip } from "./log-strip";
import { ObjectSheet } from "./object-sheet";
import { ObjectTable } from "./object-table";
import { ProofDialog } from "./proof-dialog";
import { ReleasePage } from "./release-page";
import { Shortcuts } from "./shortcuts";
import { TimeBar } from "./time-bar";
import { Tools } from "./tools";
import { WarningsPage } from "./warnings-page";

export function Console() {
  const page = useStore((state) => state.route.page);
  // Who keeps the node sees no picture, and reads its log.
  const seen = useStore((state) => may("view_picture", state) || state.route.page === "log");
  return (
    <div class={`page on-${page}`}>
      <Header />
      {seen ? (
        <>
          <PicturePage shown={page === "picture"} />
          {page === "warnings" && <WarningsPage />}
          {page === "event" && <EventPage />}
          {page === "release" && <ReleasePage />}
          {page === "log" && <LogPage />}
          {page === "picture" && <TimeBar />}
        </>
      ) : (
        <NotYours />
      )}
      <LogStrip />
      <Shortcuts />
      <ProofDialog />
      <AccountDialog />
      <Said />
    </div>
  );
}

/** For roles that keep the node and see no picture. */
function NotYours() {
  const roles = useStore((state) => rolesText(state.presence?.person?.roles ?? []));
  return (
    <main class="not-yours">
      <p class="empty">
        <strong>Not for your role.</strong> You are logged in as {roles}, which sees no picture and no warnings.
      </p>
    </main>
  );
}

/** Made when first looked at and kept from then on, as the globe is dear to make. */
function PicturePage({ shown }: { shown: boolean }) {
  const made = useRef(shown);
  made.current ||= shown;
  const noGlobe = useStore((state) => state.noGlobe);
  const wide = useStore((state) => state.wideTable) || noGlobe !== null;
  const picked = useStore((state) => state.selected !== null);
  if (!made.current) return null;
  return (
    <main class={`picture${wide ? " wide" : ""}${picked ? " picked" : ""}`} hidden={!shown}>
      <section class="globe-area" aria-label="Globe" hidden={wide}>
        {noGlobe === null && <GlobeView />}
      </section>
      <section class="side" aria-label="Objects">
        {noGlobe !== null && <p class="note">{noGlobe} The table shows the same objects.</p>}
        <Tools />
        <div class="split">
          <ObjectTable />
          <ObjectSheet />
        </div>
      </section>
    </main>
  );
}

function Said() {
  const said = useStore((state) => state.said);
  return (
    <p class="unseen" role="status" aria-live="polite">
      {said}
    </p>
  );
}
