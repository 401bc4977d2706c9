// Why the providers' answers differ: the causes, what each does to the probability in powers of ten, and the figures.

import type { Difference, ProviderPair, WarningEvent } from "../warnings/api";
import { factorText, figureText, probabilityText, utcShort } from "../warnings/figures";

export function Reconciliation({ event }: { event: WarningEvent }) {
  const { reconciliation, providers } = event;
  const pairs = reconciliation?.pairs ?? [];
  return (
    <section class="card wide-card" aria-labelledby="reconciliation-title">
      <div class="card-head">
        <h3 id="reconciliation-title">Why the providers differ</h3>
      </div>
      <p>
        {reconciliation?.summary ||
          (providers.length < 2 ? `Only ${providers[0] ?? "one provider"} warns of this encounter: nothing to compare.` : "Nothing to compare.")}
      </p>
      {pairs.map((pair) => (
        <Compared key={pair.between.join(" ")} pair={pair} />
      ))}
    </section>
  );
}

function Compared({ pair }: { pair: ProviderPair }) {
  const [a, b] = pair.between;
  const [first, second] = pair.probability;
  const largest = Math.max(0.5, ...pair.differences.map((one) => Math.abs(one.effect_decades ?? 0)));
  return (
    <>
      <h4>
        {a} {probabilityText(first, 2)} <span class="muted">against</span> {b} {probabilityText(second, 2)}
        {pair.decades !== null && (
          <span class="muted">
            , {factorText(pair.decades)} ({signed(pair.decades)} decades)
          </span>
        )}
      </h4>
      <table class="figures causes">
        <thead>
          <tr>
            <th scope="col">Cause</th>
            <th scope="col">Effect on Pc, {a} to {b}</th>
            <th scope="col">Why</th>
            <th scope="col">Figures</th>
          </tr>
        </thead>
        <tbody>
          {pair.differences.map((one) => (
            <tr key={`${one.cause} ${one.words}`}>
              <th scope="row">{one.cause}</th>
              <td>
                <Effect decades={one.effect_decades} largest={largest} />
              </td>
              <td class="words">{one.words}</td>
              <td>
                <DifferingFigures difference={one} names={pair.between} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

const signed = (decades: number): string => `${decades < 0 ? "−" : "+"}${Math.abs(decades).toFixed(2)}`;

/** A bar to the right for more, to the left for less likely. */
function Effect({ decades, largest }: { decades: number | null; largest: number }) {
  if (decades === null) return <span class="muted">explains only</span>;
  const length = (Math.abs(decades) / largest) * 38;
  return (
    <span class="effect">
      <svg viewBox="0 0 80 12" width="80" height="12" aria-hidden="true">
        <line x1="40" x2="40" y1="0" y2="12" />
        <rect x={decades < 0 ? 40 - length : 40} y="2" width={length} height="8" class={decades < 0 ? "less" : "more"} />
      </svg>
      <span class="numeric">{factorText(decades)}</span>
      <span class="muted numeric">{signed(decades)}</span>
    </span>
  );
}

/** The unit of times; people read them as UTC. */
const EPOCH = "TAI s";

const valueText = (value: number | null, unit: string): string =>
  value !== null && unit === EPOCH ? utcShort(value).slice(5, -1) : figureText(value);

function DifferingFigures({ difference, names }: { difference: Difference; names: [string, string] }) {
  if (difference.figures.length === 0) return null;
  return (
    <table class="figures inner">
      <thead>
        <tr>
          <th scope="col">
            <span class="unseen">Figure</span>
          </th>
          {names.map((name) => (
            <th scope="col" class="numeric" key={name}>
              {name}
            </th>
          ))}
          <th scope="col">
            <span class="unseen">Unit</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {difference.figures.map((one) => (
          <tr key={one.name}>
            <th scope="row">{one.name}</th>
            <td class="numeric">{valueText(one.a, one.unit)}</td>
            <td class="numeric">{valueText(one.b, one.unit)}</td>
            <td class="muted">{one.unit === EPOCH ? "UTC" : one.unit}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
