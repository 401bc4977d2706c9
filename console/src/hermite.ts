// Cubic Hermite interpolation between two keyframes; the vertex shader of globe/points.ts does the same.

/** Position in km of object i at fraction s of the step, into out; false when the object has no place there. */
export function positionAt(
  a: Float32Array,
  b: Float32Array,
  stepS: number,
  s: number,
  i: number,
  out: Float64Array,
): boolean {
  const o = 6 * i;
  const placed = isPlaced(a, i) && isPlaced(b, i);
  const s2 = s * s;
  const s3 = s2 * s;
  const h00 = 2 * s3 - 3 * s2 + 1;
  const h10 = (s3 - 2 * s2 + s) * stepS;
  const h01 = 3 * s2 - 2 * s3;
  const h11 = (s3 - s2) * stepS;
  for (let axis = 0; axis < 3; axis++) {
    const at = o + axis;
    out[axis] = h00 * a[at] + h10 * a[at + 3] + h01 * b[at] + h11 * b[at + 3];
  }
  return placed;
}

export function isPlaced(frame: Float32Array, i: number): boolean {
  const o = 6 * i;
  return frame[o] !== 0 || frame[o + 1] !== 0 || frame[o + 2] !== 0;
}
