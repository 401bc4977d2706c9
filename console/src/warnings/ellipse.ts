// The ellipse of a covariance in a plane: its axes by eigenvalues.

import type { Pair } from "./api";

export interface Ellipse {
  /** Standard deviations along the axes, the longer first, m. */
  longM: number;
  shortM: number;
  /** Direction of the longer axis from the first axis of the plane towards the second, rad. */
  turnRad: number;
}

/** Null for what is no covariance: a negative or undefined variance along some direction. */
export function ellipseOf(covariance: [Pair, Pair]): Ellipse | null {
  const [[xx, xy], [, yy]] = covariance;
  const middle = (xx + yy) / 2;
  const spread = Math.hypot((xx - yy) / 2, xy);
  const shorter = middle - spread;
  // Rounding may leave a flat ellipse a shade below zero.
  if (!Number.isFinite(middle) || !Number.isFinite(spread) || shorter < -1e-9 * middle) return null;
  return {
    longM: Math.sqrt(middle + spread),
    shortM: Math.sqrt(Math.max(0, shorter)),
    turnRad: Math.atan2(2 * xy, xx - yy) / 2,
  };
}

/** Standard deviation along a direction of the plane, m. */
export function sigmaAlong(covariance: [Pair, Pair], direction: Pair): number | null {
  const length = Math.hypot(...direction);
  if (length === 0) return null;
  const [x, y] = [direction[0] / length, direction[1] / length];
  const variance = x * x * covariance[0][0] + 2 * x * y * covariance[0][1] + y * y * covariance[1][1];
  return variance >= 0 ? Math.sqrt(variance) : null;
}

/** Ticks of a round step, some `wanted` of them, inside a range. */
export function roundTicks(low: number, high: number, wanted: number): number[] {
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw) ?? 10 * power;
  const ticks: number[] = [];
  for (let k = Math.ceil(low / step); k * step <= high * (1 + 1e-12); k++) ticks.push(k * step || 0);
  return ticks;
}
