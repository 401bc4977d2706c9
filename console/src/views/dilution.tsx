// How the probability would change with larger or smaller covariance, and whether more doubt makes it look safer.

import { useMemo } from "preact/hooks";
import type uPlot from "uplot";
import type { Dilution, Thresholds } from "../warnings/api";
import { probabilityText } from "../warnings/figures";
import { Chart, decadeAxis, decades, type Paint } from "./chart";
import { drawThresholds } from "./trend";

/** The curve falls for ever towards small scales; so many decades below its top are told. */
const SHOWN_DECADES = 10;
/** So many points of the whole curve are in the table. */
const ROWS = 32;

export function DilutionCard({ dilution, thresholds }: { dilution: Dilution | null; thresholds: Thresholds | null }) {
  return (
    <section class="card" aria-labelledby="dilution-title">
      <div class="card-head">
        <h3 id="dilution-title">Dilution</h3>
        {dilution && <span class="muted">covariance of {dilution.provider}, scaled</span>}
      </div>
      {dilution ? <Diluted dilution={dilution} thresholds={thresholds} /> : <NoCurve />}
    </section>
  );
}

function NoCurve() {
  return <p class="empty">No curve: without the covariance of both objects there is nothing to scale.</p>;
}

function Diluted({ dilution, thresholds }: { dilution: Dilution; thresholds: Thresholds | null }) {
  const data = useMemo((): uPlot.AlignedData => {
    const floor = dilution.maximum_probability * 10 ** -SHOWN_DECADES;
    return [dilution.scale, dilution.probability.map((one) => (one > floor ? one : null))];
  }, [dilution]);
  return (
    <>
      <p class={dilution.in_dilution ? "said-warn" : ""}>
        {dilution.in_dilution
          ? `In the dilution region: the orbits are known too poorly for this probability to reassure. With sigma × ${scaleText(dilution.maximum_scale)} it would be ${probabilityText(dilution.maximum_probability)}.`
          : "Not diluted: with this miss, better known orbits would make the probability smaller."}
      </p>
      <div class="beside">
        {(data[1] as (number | null)[]).some((one) => one !== null) ? (
          <Chart
            name="dilution"
            label="Probability against the scale of sigma; figures in the table"
            height={230}
            data={data}
            options={(paint) => curve(paint, dilution, thresholds, data)}
          />
        ) : (
          <p class="empty">No curve to draw: at every scale that was tried the probability is next to nothing.</p>
        )}
        <Figures dilution={dilution} />
      </div>
    </>
  );
}

function curve(
  paint: Paint,
  dilution: Dilution,
  thresholds: Thresholds | null,
  data: uPlot.AlignedData,
): Omit<uPlot.Options, "width" | "height"> {
  const shown = (data[1] as (number | null)[]).filter((one): one is number => one !== null);
  return {
    series: [{}, { stroke: paint("accent"), width: 2, points: { show: false } }],
    scales: {
      x: { time: false, distr: 3, log: 10, range: decades(dilution.scale) },
      y: { distr: 3, log: 10, range: decades(shown) },
    },
    axes: [
      decadeAxis(paint, { side: 2, label: "factor on sigma (1: as stated)", labelSize: 18, size: 24 }),
      decadeAxis(paint, { size: 50 }),
    ],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    padding: [8, 10, 0, 0],
    hooks: {
      drawClear: [(u) => shade(u, dilution, paint)],
      draw: [(u) => drawThresholds(u, thresholds, paint, "left"), (u) => points(u, dilution, paint)],
    },
  };
}

/** The dilution region: right of the maximum more doubt gives less probability. */
function shade(u: uPlot, { maximum_scale }: Dilution, paint: Paint): void {
  const { left, top, width, height } = u.bbox;
  const from = Math.max(left, Math.min(left + width, u.valToPos(maximum_scale, "x", true)));
  const ratio = devicePixelRatio;
  u.ctx.save();
  u.ctx.fillStyle = paint("warn-ground");
  u.ctx.fillRect(from, top, left + width - from, height);
  u.ctx.fillStyle = paint("warn");
  u.ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  u.ctx.textAlign = "right";
  u.ctx.textBaseline = "bottom";
  if (left + width - from > 90 * ratio) u.ctx.fillText("dilution region", left + width - 4 * ratio, top + height - 4 * ratio);
  u.ctx.restore();
}

/** The stated covariance at 1, and the maximum. */
function points(u: uPlot, dilution: Dilution, paint: Paint): void {
  const ratio = devicePixelRatio;
  const mark = (scale: number, value: number, colour: string, words: string, right: boolean): void => {
    const [x, y] = [u.valToPos(scale, "x", true), u.valToPos(value, "y", true)];
    if (!Number.isFinite(y) || y > u.bbox.top + u.bbox.height || x < u.bbox.left) return;
    u.ctx.save();
    u.ctx.fillStyle = colour;
    u.ctx.beginPath();
    u.ctx.arc(x, y, 4.5 * ratio, 0, 2 * Math.PI);
    u.ctx.fill();
    u.ctx.font = `600 ${11 * ratio}px system-ui, sans-serif`;
    u.ctx.textAlign = right ? "left" : "right";
    u.ctx.fillText(words, x + (right ? 8 : -8) * ratio, y + 4 * ratio);
    u.ctx.restore();
  };
  const now = stated(dilution);
  const after = dilution.maximum_scale < 1;
  if (now !== null) mark(1, now, paint("picked"), "stated", after);
  // Where the two are nearly one, one mark is enough.
  if (Math.abs(Math.log10(dilution.maximum_scale)) < 0.05) return;
  mark(dilution.maximum_scale, dilution.maximum_probability, paint("warn"), "maximum", !after);
}

/** Probability at the covariance as stated, between the two points of the curve around 1. */
export function stated({ scale, probability }: Dilution): number | null {
  const after = scale.findIndex((one) => one >= 1);
  if (after < 0) return null;
  if (scale[after] === 1 || after === 0) return probability[after];
  const share = Math.log(1 / scale[after - 1]) / Math.log(scale[after] / scale[after - 1]);
  const [low, high] = [probability[after - 1], probability[after]];
  return low > 0 && high > 0 ? low * (high / low) ** share : low + share * (high - low);
}

const scaleText = (scale: number): string => (scale >= 0.0995 && scale < 1000 ? String(Number(scale.toPrecision(3))) : scale.toExponential(1).replace("+", ""));

function Figures({ dilution }: { dilution: Dilution }) {
  const now = stated(dilution);
  const floor = dilution.maximum_probability * 10 ** -SHOWN_DECADES;
  const rows = dilution.scale
    .map((scale, n) => ({ scale, probability: dilution.probability[n] }))
    .filter((row, n, all) => row.probability > floor && n % Math.max(1, Math.round(all.length / ROWS)) === 0);
  return (
    <div class="figure-scroll" tabIndex={0} role="region" aria-label="Figures of the dilution curve">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col" class="numeric">
              Sigma ×
            </th>
            <th scope="col" class="numeric">
              Pc
            </th>
            <th scope="col">Where</th>
          </tr>
        </thead>
        <tbody>
          <tr class="strong">
            <td class="numeric">1</td>
            <td class="numeric">{probabilityText(now, 2)}</td>
            <td class="nowrap">stated</td>
          </tr>
          <tr class="strong">
            <td class="numeric">{scaleText(dilution.maximum_scale)}</td>
            <td class="numeric">{probabilityText(dilution.maximum_probability, 2)}</td>
            <td class="nowrap">maximum</td>
          </tr>
          {rows.map((row) => (
            <tr key={row.scale}>
              <td class="numeric">{scaleText(row.scale)}</td>
              <td class="numeric">{probabilityText(row.probability, 2)}</td>
              <td class="muted nowrap">{row.scale > dilution.maximum_scale ? "diluted" : ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
