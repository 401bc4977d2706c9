// How an encounter's figures moved from warning to warning, by provider.

import { useMemo } from "preact/hooks";
import uPlot from "uplot";
import { dateOf } from "../utc";
import type { HistoryPoint, Thresholds, WarningEvent } from "../warnings/api";
import { metresText, probabilityText, utcShort } from "../warnings/figures";
import { axis, Chart, decadeAxis, decades, levelLine, type Paint } from "./chart";

const SYNC = "trend";
const LEFT_PX = 58;
/** No smaller probability is drawn or told. */
const FLOOR = 1e-12;
const COLOURS = ["own", "partner", "exercise", "good", "picked", "element-set"];
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [1, 2]];

export function Trend({ event, thresholds }: { event: WarningEvent; thresholds: Thresholds | null }) {
  const { history } = event;
  const providers = useMemo(() => [...new Set(history.map((one) => one.provider))], [history]);
  const lines = (value: (one: HistoryPoint) => number | null) => aligned(history, providers, value);
  const data = useMemo(
    () => ({
      probability: lines((one) => (one.probability === null ? null : Math.max(FLOOR, one.probability))),
      miss: lines((one) => one.miss_distance_m),
      sigma: lines((one) => one.sigma_m),
    }),
    [history],
  );
  const probabilities = history.flatMap((one) => one.probability ?? []);
  return (
    <section class="card wide-card" aria-labelledby="trend-title">
      <div class="card-head">
        <h3 id="trend-title">Trend</h3>
        <Legend providers={providers} />
      </div>
      <div class="beside trend">
        <div>
          <p class="chart-title">Probability of collision</p>
          <Chart
            name="probability"
            label={`Probability of collision over time for ${providers.join(", ")}; figures in the table beside it`}
            height={150}
            data={data.probability}
            options={(paint) => ({
              ...shared(paint, providers),
              scales: { ...X_SCALE, y: { distr: 3, log: 10, range: probabilityRange(probabilities, thresholds) } },
              axes: [timeAxis(paint, false), decadeAxis(paint, { size: LEFT_PX })],
              hooks: { draw: [(u) => drawThresholds(u, thresholds, paint)] },
            })}
          />
          <p class="chart-title">Miss distance, m</p>
          <Chart
            name="miss"
            label="Miss distance over time in metres; figures in the table"
            height={96}
            data={data.miss}
            options={(paint) => metresOptions(paint, providers, false)}
          />
          <p class="chart-title">Combined sigma along the miss, m</p>
          <Chart
            name="sigma"
            label="Combined sigma along the miss over time in metres; figures in the table"
            height={120}
            data={data.sigma}
            options={(paint) => metresOptions(paint, providers, true)}
          />
        </div>
        <History history={history} />
      </div>
    </section>
  );
}

function Legend({ providers }: { providers: string[] }) {
  return (
    <ul class="legend">
      {providers.map((provider, n) => (
        <li key={provider}>
          <svg viewBox="0 0 28 8" width="28" height="8" aria-hidden="true" class={`series-${n % COLOURS.length}`}>
            <line x1="0" x2="28" y1="4" y2="4" stroke-dasharray={DASHES[n % DASHES.length].join(" ")} />
            <circle cx="14" cy="4" r="3" />
          </svg>
          {provider}
        </li>
      ))}
    </ul>
  );
}

/** The same figures as a table, the newest first. */
function History({ history }: { history: HistoryPoint[] }) {
  return (
    <div class="figure-scroll" tabIndex={0} role="region" aria-label="Figures of the trend">
      <table class="figures trend-figures">
        <thead>
          <tr>
            <th scope="col">Made, UTC</th>
            <th scope="col">From</th>
            <th scope="col" class="numeric">
              Pc
            </th>
            <th scope="col" class="numeric">
              Miss m
            </th>
            <th scope="col" class="numeric">
              Sigma m
            </th>
            <th scope="col">Method</th>
          </tr>
        </thead>
        <tbody>
          {[...history].reverse().map((one) => (
            <tr key={`${one.provider} ${one.record}`}>
              <td class="nowrap">{utcShort(one.made_tai_s).slice(5, 16)}</td>
              <td>{one.provider}</td>
              <td class="numeric">
                {one.probability !== null && one.probability_is_bound ? "≤ " : ""}
                {probabilityText(one.probability, 2)}
              </td>
              <td class="numeric">{metresText(one.miss_distance_m)}</td>
              <td class="numeric">{metresText(one.sigma_m)}</td>
              <td class="muted">{one.probability_method ?? "not known"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** One column of times, one of values for each provider; null where the provider said nothing then. */
function aligned(
  history: HistoryPoint[],
  providers: string[],
  value: (one: HistoryPoint) => number | null,
): uPlot.AlignedData {
  const times = [...new Set(history.map((one) => one.made_tai_s))].sort((p, q) => p - q);
  const at = new Map(times.map((time, n) => [time, n]));
  const columns = providers.map(() => new Array<number | null>(times.length).fill(null));
  for (const one of history) {
    columns[providers.indexOf(one.provider)][at.get(one.made_tai_s) as number] = value(one);
  }
  return [times.map((tai) => dateOf(tai).getTime() / 1000), ...columns];
}

const X_SCALE: uPlot.Scales = {
  x: {
    time: true,
    // A single warning stands in the middle of an hour rather than of nothing.
    range: (_u, low, high) => {
      const room = Math.max(1800, (high - low) * 0.04);
      return [low - room, high + room];
    },
  },
};

function shared(paint: Paint, providers: string[]): Omit<uPlot.Options, "width" | "height" | "scales" | "axes"> & { series: uPlot.Series[] } {
  const series = providers.map((label, n): uPlot.Series => {
    const stroke = paint(COLOURS[n % COLOURS.length]);
    return { label, stroke, width: 1.75, dash: DASHES[n % DASHES.length], spanGaps: true, points: { show: true, size: 6, fill: stroke } };
  });
  return {
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    series: [{}, ...series],
    legend: { show: false },
    cursor: { sync: { key: SYNC }, y: false, drag: { x: false, y: false } },
    padding: [8, 10, 0, 0],
  };
}

function metresOptions(paint: Paint, providers: string[], last: boolean): Omit<uPlot.Options, "width" | "height"> {
  return {
    ...shared(paint, providers),
    scales: { ...X_SCALE, y: { range: (_u, _low, high) => [0, high > 0 ? high * 1.12 : 1] } },
    axes: [
      timeAxis(paint, last),
      axis(paint, { size: LEFT_PX, space: 24, values: (_u, splits) => splits.map((one) => one.toLocaleString("en-GB")) }),
    ],
  };
}

/** Only the lowest of the charts names the times; the others keep their lines. */
function timeAxis(paint: Paint, named: boolean): uPlot.Axis {
  if (!named) return axis(paint, { size: 6, values: (_u, splits) => splits.map(() => "") });
  return axis(paint, {
    size: 34,
    space: 76,
    values: (_u, splits) => splits.map((one, n) => timeText(one, n === 0 ? null : splits[n - 1])),
  });
}

/** Hour and minute, with the date below where it is another one than before. */
function timeText(seconds: number, before: number | null): string {
  const iso = (one: number): string => new Date(one * 1000).toISOString();
  const text = iso(seconds);
  const newDay = before === null || iso(before).slice(0, 10) !== text.slice(0, 10);
  return `${text.slice(11, 16)}${newDay ? `\n${text.slice(5, 10)}` : ""}`;
}

function probabilityRange(values: number[], thresholds: Thresholds | null): [number, number] {
  const drawn = values.map((one) => Math.max(FLOOR, one));
  return decades(thresholds ? [...drawn, thresholds.red, 0.9 * thresholds.amber] : drawn);
}

export function drawThresholds(
  u: uPlot,
  thresholds: Thresholds | null,
  paint: Paint,
  at: "left" | "right" = "right",
): void {
  if (!thresholds) return;
  levelLine(u, thresholds.red, paint("bad"), `red ${thresholds.red.toExponential(0)}`, at);
  levelLine(u, thresholds.amber, paint("warn"), `amber ${thresholds.amber.toExponential(0)}`, at);
}
