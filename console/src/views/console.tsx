// The page.

import { useStore } from "../store";
import { GlobeView } from "./globe-view";
import { Header } from "./header";
import { LogStrip } from "./log-strip";
import { ObjectSheet } from "./object-sheet";
import { ObjectTable } from "./object-table";
import { Shortcuts } from "./shortcuts";
import { TimeBar } from "./time-bar";
import { Tools } from "./tools";

export function Console() {
  const noGlobe = useStore((state) => state.noGlobe);
  const wide = useStore((state) => state.wideTable) || noGlobe !== null;
  const picked = useStore((state) => state.selected !== null);
  return (
    <div class={`page${wide ? " wide" : ""}${picked ? " picked" : ""}`}>
      <Header />
      <main>
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
      <TimeBar />
      <LogStrip />
      <Shortcuts />
      <Said />
    </div>
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
