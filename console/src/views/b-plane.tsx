// The encounter in the plane across the relative velocity: object 1 with the hard body at the origin, object 2 where it
// passes, with the combined doubt around it. One scale for both axes, in metres.

import type { Geometry, Pair } from "../warnings/api";
import { ellipseOf, roundTicks, sigmaAlong, type Ellipse } from "../warnings/ellipse";
import { metresText, wholeMetres } from "../warnings/figures";

const SIZE = 340;
const LEFT = 52;
const BOTTOM = 34;
const RIGHT = 20;
const TOP = 8;
const INNER = SIZE - LEFT - RIGHT;
/** Smaller than this the hard body is drawn as a dot of this radius, and said to be. */
const DOT = 2.5;

interface Frame {
  /** Pixels per metre. */
  scale: number;
  centre: Pair;
  halfM: number;
}

export function BPlane({ geometry }: { geometry: Geometry }) {
  const { miss_m: miss, covariance_m2, axes } = geometry.b_plane;
  const ellipse = covariance_m2 ? ellipseOf(covariance_m2) : null;
  if (!miss) return <p class="empty">No picture: the states at the closest approach are not known.</p>;
  return (
    <div class="beside b-plane">
      <figure>
        <Picture geometry={geometry} miss={miss} ellipse={ellipse} />
        <figcaption>
          <Axis arrow="→" words={axes[0]} />
          <Axis arrow="↑" words={axes[1]} />
        </figcaption>
      </figure>
      <Figures geometry={geometry} miss={miss} ellipse={ellipse} />
    </div>
  );
}

function Axis({ arrow, words }: { arrow: string; words: string }) {
  return (
    <span>
      <span aria-hidden="true">{arrow}</span> {words}
    </span>
  );
}

interface PartProps {
  geometry: Geometry;
  miss: Pair;
  ellipse: Ellipse | null;
}

function Picture({ geometry, miss, ellipse }: PartProps) {
  const radius = geometry.hard_body_radius_m ?? 0;
  const frame = frameOf(miss, ellipse, radius);
  const [x0, y0] = toPixel(frame, [0, 0]);
  const [x, y] = toPixel(frame, miss);
  return (
    <svg
      id="b-plane"
      viewBox={`0 0 ${SIZE} ${TOP + INNER + BOTTOM}`}
      role="img"
      aria-label={`Encounter plane: miss ${metresText(Math.hypot(...miss))} m; figures in the table`}
    >
      <clipPath id="b-plane-area">
        <rect x={LEFT} y={TOP} width={INNER} height={INNER} />
      </clipPath>
      <Grid frame={frame} />
      <g clip-path="url(#b-plane-area)">
        {ellipse &&
          [3, 2, 1].map((k) => (
            <ellipse
              key={k}
              class={`sigma sigma-${k}`}
              cx={x}
              cy={y}
              rx={k * ellipse.longM * frame.scale}
              ry={k * ellipse.shortM * frame.scale}
              transform={`rotate(${(-ellipse.turnRad * 180) / Math.PI} ${x} ${y})`}
            />
          ))}
        <circle class="hard-body" cx={x0} cy={y0} r={Math.max(DOT, radius * frame.scale)} />
        <line class="miss" x1={x0} y1={y0} x2={x} y2={y} />
        <circle class="object-2" cx={x} cy={y} r="3" />
      </g>
    </svg>
  );
}

function Grid({ frame }: { frame: Frame }) {
  const [cx, cy] = frame.centre;
  const across = roundTicks(cx - frame.halfM, cx + frame.halfM, 5);
  const up = roundTicks(cy - frame.halfM, cy + frame.halfM, 6);
  const bottom = TOP + INNER;
  return (
    <g class="grid">
      <rect x={LEFT} y={TOP} width={INNER} height={INNER} />
      {across.map((value) => {
        const [px] = toPixel(frame, [value, cy]);
        return (
          <g key={value} class={value === 0 ? "zero" : undefined}>
            <line x1={px} x2={px} y1={TOP} y2={bottom} />
            <text class="tick-x" x={px} y={bottom + 14} data-metres={value}>
              {tickText(value)}
            </text>
          </g>
        );
      })}
      {up.map((value) => {
        const [, py] = toPixel(frame, [cx, value]);
        return (
          <g key={value} class={value === 0 ? "zero" : undefined}>
            <line x1={LEFT} x2={LEFT + INNER} y1={py} y2={py} />
            <text class="tick-y" x={LEFT - 5} y={py + 4} data-metres={value}>
              {tickText(value)}
            </text>
          </g>
        );
      })}
      <text class="axis-unit" x={LEFT + INNER / 2} y={bottom + 29}>
        metres, same scale both ways
      </text>
    </g>
  );
}

function Figures({ geometry, miss, ellipse }: PartProps) {
  const { covariance_m2 } = geometry.b_plane;
  const along = covariance_m2 ? sigmaAlong(covariance_m2, miss) : null;
  const length = Math.hypot(...miss);
  const rows: [string, string, string, string?][] = [
    ["Miss in this plane", metresText(length), "m", "key-miss"],
    ["along →", metresText(miss[0]), "m"],
    ["along ↑", metresText(miss[1]), "m"],
    ["Hard-body radius", metresText(geometry.hard_body_radius_m), "m", "key-body"],
  ];
  if (ellipse) {
    const degrees = (ellipse.turnRad * 180) / Math.PI;
    rows.push(
      ["Sigma, long axis", metresText(ellipse.longM), "m", "key-sigma"],
      ["Sigma, short axis", metresText(ellipse.shortM), "m"],
      ["Long axis from →", degrees.toFixed(1).replace("-", "−"), "°"],
      ["Sigma along the miss", metresText(along), "m"],
      ["Miss in sigmas", along ? (length / along).toFixed(2) : "–", ""],
    );
  }
  return (
    <div>
      <table class="figures">
        <caption class="unseen">Figures of the encounter plane</caption>
        <tbody>
          {rows.map(([name, value, unit, key]) => (
            <tr key={name}>
              <th scope="row" class={key ? `key ${key}` : "no-key"}>
                {name}
              </th>
              <td class="numeric">{value}</td>
              <td class="muted">{unit}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="muted">Hard-body radius: {geometry.hard_body_radius_source || "source not stated"}.</p>
      {ellipse ? (
        <p class="muted">Ellipses of 1, 2 and 3 sigma around object 2; object 1 at the origin.</p>
      ) : (
        <p class="said-warn">{covariance_m2 ? "The covariance is not one: a variance is negative." : "No ellipses: no combined covariance is known."}</p>
      )}
    </div>
  );
}

/** A square around the origin with its hard body, the miss and the ellipse of 3 sigma. */
function frameOf(miss: Pair, ellipse: Ellipse | null, radius: number): Frame {
  const [dx, dy] = ellipse ? reach(ellipse) : [0, 0];
  const low: Pair = [Math.min(-radius, miss[0] - dx), Math.min(-radius, miss[1] - dy)];
  const high: Pair = [Math.max(radius, miss[0] + dx), Math.max(radius, miss[1] + dy)];
  const halfM = Math.max(high[0] - low[0], high[1] - low[1], 1e-3) * 0.54;
  return { scale: INNER / (2 * halfM), centre: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2], halfM };
}

/** Half of width and height of the ellipse of 3 sigma. */
function reach({ longM, shortM, turnRad }: Ellipse): Pair {
  const [c, s] = [Math.cos(turnRad), Math.sin(turnRad)];
  return [3 * Math.hypot(longM * c, shortM * s), 3 * Math.hypot(longM * s, shortM * c)];
}

function toPixel({ scale, centre }: Frame, [x, y]: Pair): Pair {
  return [LEFT + INNER / 2 + (x - centre[0]) * scale, TOP + INNER / 2 - (y - centre[1]) * scale];
}

function tickText(value: number): string {
  return Math.abs(value) >= 10 || value === 0 ? wholeMetres(value) : String(Number(value.toPrecision(3))).replace("-", "−");
}
