// The probability by every method, which of them to trust, and why.

import type { MethodResult, WarningEvent } from "../warnings/api";
import { NONE, probabilityText } from "../warnings/figures";

export function Methods({ event }: { event: WarningEvent }) {
  const { methods, recommended } = event;
  return (
    <section class="card wide-card" aria-labelledby="methods-title">
      <div class="card-head">
        <h3 id="methods-title">Methods</h3>
        <span class="muted">on the warning of {event.headline_provider}</span>
      </div>
      {recommended?.method && (
        <p>
          <strong>
            Trust {recommended.method}: {event.probability_is_bound && "≤ "}
            {probabilityText(recommended.probability, 2)}
          </strong>
        </p>
      )}
      {!recommended?.method && <p>No method can be recommended.</p>}
      {recommended && recommended.reasons.length > 0 && (
        <ul class="reasons">
          {recommended.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      {methods.length > 0 && <Table methods={methods} chosen={chosenOf(event)} />}
    </section>
  );
}

/** The row to trust: of one name there may be the provider's own figure and ours, and ours was checked. */
function chosenOf({ methods, recommended }: WarningEvent): MethodResult | null {
  const named = methods.filter((one) => one.name === recommended?.method);
  return named.find((one) => one.valid) ?? named[0] ?? null;
}

function Table({ methods, chosen }: { methods: MethodResult[]; chosen: MethodResult | null }) {
  return (
      <table class="figures methods">
        <thead>
          <tr>
            <th scope="col">Method</th>
            <th scope="col" class="numeric">
              Pc
            </th>
            <th scope="col" class="numeric">
              Between
            </th>
            <th scope="col">Holds</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {methods.map((one, n) => (
            <tr key={n} class={one === chosen ? "strong chosen-method" : undefined}>
              <th scope="row">
                {one.name}
                {one === chosen && <span class="unseen"> (recommended)</span>}
              </th>
              <td class="numeric">{probabilityText(one.probability, 2)}</td>
              <td class="numeric nowrap">{between(one)}</td>
              <td class={`nowrap ${one.valid === null ? "muted" : one.valid ? "said-good" : "said-bad"}`}>
                {one.valid === null ? NONE : one.valid ? "✓ yes" : "✕ no"}
              </td>
              <td class="words">{one.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
  );
}

function between({ low, high }: MethodResult): string {
  if (low === null && high === null) return NONE;
  if (low === null) return `≤ ${probabilityText(high)}`;
  if (high === null) return `≥ ${probabilityText(low)}`;
  return `${probabilityText(low)}–${probabilityText(high)}`;
}
