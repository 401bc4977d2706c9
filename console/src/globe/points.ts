// All objects as points, moved by the vertex shader: the main thread only hands over a keyframe per step.

import {
  BufferGeometry,
  Color,
  DynamicDrawUsage,
  Group,
  InterleavedBuffer,
  InterleavedBufferAttribute,
  BufferAttribute,
  Points,
  ShaderMaterial,
  Vector3,
} from "three";
import type { Picture, Standing } from "../objects";
import { EARTH_RADIUS_KM } from "./geodesy";
import { setRaw } from "./earth";
import type { Pair } from "../keyframes";
import type { Palette } from "./palette";

// Keep in step with hermite.ts. An object without a place (zeros in a keyframe) is put outside the view.
const MOVE = /* glsl */ `
  attribute vec3 velocityA, positionB, velocityB;
  uniform float fraction, stepS, pixels;
  uniform vec3 eye;
  vec3 placeKm() {
    float s = fraction, s2 = s * s, s3 = s2 * s;
    return (2.0 * s3 - 3.0 * s2 + 1.0) * position + (s3 - 2.0 * s2 + s) * stepS * velocityA
      + (3.0 * s2 - 2.0 * s3) * positionB + (s3 - s2) * stepS * velocityB;
  }
  bool placed() { return dot(position, position) > 1.0 && dot(positionB, positionB) > 1.0; }
`;

// Smaller in front of the Earth, so that coasts stay readable below a crowd.
const DOT_VERTEX = /* glsl */ `
  ${MOVE}
  void main() {
    vec3 p = placeKm() / ${EARTH_RADIUS_KM.toFixed(3)};
    vec3 ray = normalize(p - eye);
    float along = -dot(eye, ray);
    bool before = dot(eye, eye) - along * along < 1.0;
    gl_PointSize = pixels * (before ? 1.4 : 2.0);
    gl_Position = placed() ? projectionMatrix * modelViewMatrix * vec4(p, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  }`;

const DOT_FRAGMENT = /* glsl */ `
  precision mediump float;
  uniform vec3 colour;
  void main() { gl_FragColor = vec4(colour, 1.0); }`;

const MARK_VERTEX = /* glsl */ `
  ${MOVE}
  void main() {
    gl_PointSize = pixels * 11.0;
    gl_Position = placed()
      ? projectionMatrix * modelViewMatrix * vec4(placeKm() / ${EARTH_RADIUS_KM.toFixed(3)}, 1.0)
      : vec4(2.0, 2.0, 2.0, 1.0);
  }`;

// Own tracks are filled diamonds, partners' hollow squares: told apart without colour. A rim in the colour of space
// keeps them readable over the crowd.
const MARK_FRAGMENT = /* glsl */ `
  precision mediump float;
  uniform vec3 colour, rim;
  uniform bool diamond;
  void main() {
    vec2 q = abs(gl_PointCoord - 0.5) * 11.0;
    float d = diamond ? (q.x + q.y) * 0.82 : max(q.x, q.y) + 0.6;
    float edge = diamond ? 3.6 : 3.9;
    if (d > edge + 1.2) discard;
    bool hollow = !diamond && d < 2.5;
    if (hollow) discard;
    gl_FragColor = vec4(d > edge ? rim : colour, d > edge ? 0.85 : 1.0);
  }`;

/** A keyframe on the graphics processor: position and velocity interleaved as they come from the node. */
class FrameBuffer {
  readonly position: InterleavedBufferAttribute;
  readonly velocity: InterleavedBufferAttribute;
  held: Float32Array | null = null;
  private readonly buffer: InterleavedBuffer;

  constructor(count: number) {
    this.buffer = new InterleavedBuffer(new Float32Array(6 * Math.max(1, count)), 6);
    this.buffer.setUsage(DynamicDrawUsage);
    this.position = new InterleavedBufferAttribute(this.buffer, 3, 0);
    this.velocity = new InterleavedBufferAttribute(this.buffer, 3, 3);
  }

  take(frame: Float32Array): void {
    (this.buffer.array as Float32Array).set(frame);
    this.buffer.needsUpdate = true;
    this.held = frame;
  }
}

interface Layer {
  standing: Standing;
  points: Points<BufferGeometry, ShaderMaterial>;
}

export class ObjectPoints {
  readonly group = new Group();
  private layers: Layer[] = [];
  private first = new FrameBuffer(0);
  private second = new FrameBuffer(0);

  constructor(pixelRatio: number) {
    for (const standing of ["element_set", "partner", "own"] as const) {
      const points = new Points(new BufferGeometry(), material(standing, pixelRatio));
      points.frustumCulled = false;
      points.renderOrder = standing === "element_set" ? 1 : standing === "partner" ? 2 : 3;
      this.layers.push({ standing, points });
      this.group.add(points);
    }
  }

  /** Take a new picture: buffers for as many objects, nothing drawn until frames and rows are given. */
  hold(picture: Picture): void {
    this.first = new FrameBuffer(picture.count);
    this.second = new FrameBuffer(picture.count);
    for (const { points } of this.layers) {
      points.geometry.dispose();
      points.geometry = new BufferGeometry();
      points.geometry.setIndex(new BufferAttribute(new Uint32Array(0), 1));
    }
    this.bind();
  }

  /** Draw these rows only. */
  show(rows: Uint32Array, picture: Picture): void {
    for (const { standing, points } of this.layers) {
      const own = rows.filter((i) => picture.standing[i] === standing);
      points.geometry.setIndex(new BufferAttribute(own, 1));
      points.visible = own.length > 0;
    }
  }

  move(pair: Pair, eye: Vector3): void {
    if (this.first.held !== pair.a || this.second.held !== pair.b) this.load(pair);
    for (const { points } of this.layers) {
      const { uniforms } = points.material;
      uniforms["fraction"].value = pair.fraction;
      uniforms["stepS"].value = pair.stepS;
      (uniforms["eye"].value as Vector3).copy(eye);
    }
  }

  paint(palette: Palette): void {
    for (const { standing, points } of this.layers) {
      setRaw(points.material.uniforms["colour"].value as Color, palette.objects[standing]);
      setRaw(points.material.uniforms["rim"].value as Color, palette.space);
    }
  }

  /** In the usual case the second frame becomes the first and only one travels to the graphics processor. */
  private load(pair: Pair): void {
    if (this.second.held === pair.a) [this.first, this.second] = [this.second, this.first];
    if (this.first.held !== pair.a) this.first.take(pair.a);
    if (this.second.held !== pair.b) this.second.take(pair.b);
    this.bind();
  }

  private bind(): void {
    for (const { points } of this.layers) {
      const { geometry } = points;
      geometry.setAttribute("position", this.first.position);
      geometry.setAttribute("velocityA", this.first.velocity);
      geometry.setAttribute("positionB", this.second.position);
      geometry.setAttribute("velocityB", this.second.velocity);
    }
  }
}

function material(standing: Standing, pixels: number): ShaderMaterial {
  const dots = standing === "element_set";
  return new ShaderMaterial({
    vertexShader: dots ? DOT_VERTEX : MARK_VERTEX,
    fragmentShader: dots ? DOT_FRAGMENT : MARK_FRAGMENT,
    transparent: !dots,
    depthWrite: false,
    uniforms: {
      fraction: { value: 0 },
      stepS: { value: 60 },
      pixels: { value: pixels },
      eye: { value: new Vector3() },
      colour: { value: new Color() },
      rim: { value: new Color() },
      diamond: { value: standing === "own" },
    },
  });
}
