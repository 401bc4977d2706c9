// Search and filter; the filter's buttons are the legend of the globe as well.

import { REGIMES, STANDINGS, STANDING_WORDS, type Standing } from "../objects";
import { store, useStore } from "../store";
import { Mark } from "./marks";

export function Tools() {
  const filter = useStore((state) => state.filter);
  const wide = useStore((state) => state.wideTable);
  const noGlobe = useStore((state) => state.noGlobe);
  return (
    <div class="tools">
      <div class="tool-row">
        <label class="search">
          <span class="unseen">Search name, number or source</span>
          <input
            id="search"
            type="search"
            placeholder="Search name, number, source"
            autocomplete="off"
            spellcheck={false}
            value={filter.text}
            onInput={(event) => store.set({ filter: { ...filter, text: event.currentTarget.value } })}
          />
          <kbd aria-hidden="true">/</kbd>
        </label>
        <Count />
        {noGlobe === null && (
          <button
            type="button"
            class="quiet"
            aria-pressed={wide}
            onClick={() => store.set({ wideTable: !wide })}
            title="Table over the whole width (t)"
          >
            {wide ? "Globe" : "Widen"}
          </button>
        )}
      </div>
      <div class="tool-row chips" role="group" aria-label="Show">
        <Standings />
        <span class="divider" />
        {REGIMES.map((regime) => (
          <button
            type="button"
            class="chip"
            key={regime}
            aria-pressed={!filter.hiddenRegimes.has(regime)}
            onClick={() => store.set({ filter: { ...filter, hiddenRegimes: toggled(filter.hiddenRegimes, regime) } })}
          >
            {regime}
          </button>
        ))}
      </div>
    </div>
  );
}

const SHORT: Record<Standing, string> = { own: "Own", partner: "Partner", element_set: "Elements" };

function Standings() {
  const filter = useStore((state) => state.filter);
  return (
    <>
      {STANDINGS.map((standing) => (
        <button
          type="button"
          class="chip"
          key={standing}
          title={STANDING_WORDS[standing]}
          aria-pressed={!filter.hiddenStandings.has(standing)}
          onClick={() =>
            store.set({ filter: { ...filter, hiddenStandings: toggled(filter.hiddenStandings, standing) } })
          }
        >
          <Mark standing={standing} /> {SHORT[standing]}
        </button>
      ))}
    </>
  );
}

function Count() {
  const shown = useStore((state) => state.order.length);
  const all = useStore((state) => state.picture?.count ?? 0);
  const number = (n: number) => n.toLocaleString("en-GB");
  return (
    <span class="count" id="count">
      {shown === all ? number(all) : `${number(shown)} of ${number(all)}`}
    </span>
  );
}

function toggled<T>(set: ReadonlySet<T>, one: T): ReadonlySet<T> {
  const next = new Set(set);
  if (!next.delete(one)) next.add(one);
  return next;
}
