// The globe: owns the canvas, draws when something moved, and answers where an object is on it.

import { Scene, Vector3, WebGLRenderer, Color, LinearSRGBColorSpace } from "three";
import type { Orbit } from "../api";
import { positionAt } from "../hermite";
import type { Pair } from "../keyframes";
import type { Picture } from "../objects";
import { Earth, setRaw } from "./earth";
import { EARTH_RADIUS_KM, hiddenByEarth, sunDirection } from "./geodesy";
import { OrbitLine } from "./orbit-line";
import type { Palette } from "./palette";
import { ObjectPoints } from "./points";
import { Viewpoint } from "./viewpoint";

export interface Place {
  /** Position in km, ITRF. */
  km: [number, number, number];
  /** Pixels from the canvas's left upper corner. */
  x: number;
  y: number;
  hidden: boolean;
}

const PICK_RADIUS_PX = 14;
/** The picture is drawn anew once the fastest objects have moved this far in it: at the pace of the sky, twice a second or so. */
const SEEN_STEP_PX = 0.25;
const FASTEST_KM_S = 8;
/** A track lies over the element set of the same object, and ours over a partner's: the upper one is meant. */
const HEAD_START_PX = { own: 9, partner: 6, element_set: 0 };

export class Globe {
  readonly view: Viewpoint;
  drawn = 0;
  /** Counts the pictures that got places, so that whoever shows a place knows when to look again. */
  generation = 0;
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly earth = new Earth();
  private readonly points: ObjectPoints;
  private readonly orbitLine = new OrbitLine();
  private readonly space = new Color();
  private picture: Picture | null = null;
  private rows: Uint32Array = new Uint32Array(0);
  private pair: Pair | null = null;
  private drawnTai = NaN;
  private dirty = true;
  private width = 1;
  private height = 1;

  /** Throws when there is no WebGL. */
  constructor(readonly canvas: HTMLCanvasElement) {
    const software = drawsInSoftware();
    // Smoothing costs a processor that draws in software two thirds of its frames.
    this.renderer = new WebGLRenderer({ canvas, antialias: !software, powerPreference: "high-performance" });
    this.renderer.outputColorSpace = LinearSRGBColorSpace;
    const ratio = software ? 1 : Math.min(2, window.devicePixelRatio);
    this.renderer.setPixelRatio(ratio);
    this.points = new ObjectPoints(ratio);
    this.view = new Viewpoint(() => (this.dirty = true));
    this.scene.add(this.earth.group, this.points.group, this.orbitLine.line);
  }

  resize(width: number, height: number): void {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.renderer.setSize(this.width, this.height, false);
    this.view.resize(this.width, this.height);
    this.draw();
  }

  paint(palette: Palette): void {
    setRaw(this.space, palette.space);
    this.renderer.setClearColor(this.space, 1);
    this.earth.paint(palette);
    this.points.paint(palette);
    this.orbitLine.paint(palette);
    this.dirty = true;
  }

  /** The time that is shown, NaN before the first frame. */
  get tai(): number {
    return this.pair?.tai ?? NaN;
  }

  /** Take a picture; its objects appear with the first pair of keyframes. */
  hold(picture: Picture): void {
    this.points.hold(picture);
    this.picture = picture;
    this.pair = null;
    this.drawnTai = NaN;
    this.rows = new Uint32Array(0);
    this.dirty = true;
  }

  show(rows: Uint32Array): void {
    if (!this.picture) return;
    this.rows = rows;
    this.points.show(rows, this.picture);
    this.dirty = true;
  }

  showOrbit(orbit: Orbit | null): void {
    this.orbitLine.show(orbit);
    this.dirty = true;
  }

  move(pair: Pair): void {
    if (pair.a.length !== 6 * (this.picture?.count ?? 0)) return;
    if (this.pair === null) this.generation += 1;
    this.pair = pair;
    const movedPx = (Math.abs(pair.tai - this.drawnTai) * FASTEST_KM_S) / this.view.kmPerPixel(this.height);
    if (!(movedPx < SEEN_STEP_PX)) this.dirty = true; // also when nothing was drawn yet
  }

  /** Draw if anything changed since the last time. */
  draw(): void {
    if (!this.dirty) return;
    this.dirty = false;
    this.points.group.visible = this.pair !== null;
    if (this.pair) {
      this.points.move(this.pair, this.view.eye);
      this.orbitLine.move(this.pair.tai);
      this.earth.sun = sunDirection(this.pair.tai);
    }
    this.drawnTai = this.tai;
    this.renderer.render(this.scene, this.view.camera);
    this.drawn += 1;
  }

  /** Where an object of the picture is now, or null when it has no place. */
  place(row: number): Place | null {
    if (!this.pair || row < 0) return null;
    const km = new Float64Array(3);
    const { a, b, stepS, fraction } = this.pair;
    if (6 * row >= a.length || !positionAt(a, b, stepS, fraction, row, km)) return null;
    const at = new Vector3(km[0], km[1], km[2]).divideScalar(EARTH_RADIUS_KM);
    const { x, y, z } = this.view.eye;
    const hidden = hiddenByEarth([at.x, at.y, at.z], [x, y, z]);
    at.project(this.view.camera);
    const behind = Math.abs(at.z) > 1;
    return {
      km: [km[0], km[1], km[2]],
      x: ((at.x + 1) / 2) * this.width,
      y: ((1 - at.y) / 2) * this.height,
      hidden: hidden || behind,
    };
  }

  /** The shown object nearest to a pixel, -1 when none is near; tracks win over the crowd around them. */
  nearest(x: number, y: number): number {
    if (!this.pair || !this.picture) return -1;
    const near = this.nearPixel(x, y);
    return near.find(({ row }) => !this.place(row)?.hidden)?.row ?? -1;
  }

  private nearPixel(x: number, y: number): { row: number; score: number }[] {
    const { a, b, stepS, fraction } = this.pair as Pair;
    const found: { row: number; score: number }[] = [];
    const km = new Float64Array(3);
    const at = new Vector3();
    for (const row of this.rows) {
      if (!positionAt(a, b, stepS, fraction, row, km)) continue;
      at.set(km[0], km[1], km[2]).divideScalar(EARTH_RADIUS_KM).project(this.view.camera);
      const dx = ((at.x + 1) / 2) * this.width - x;
      const dy = ((1 - at.y) / 2) * this.height - y;
      const distance = Math.hypot(dx, dy);
      if (distance > PICK_RADIUS_PX) continue;
      found.push({ row, score: distance - HEAD_START_PX[this.picture?.standing[row] ?? "element_set"] });
    }
    return found.sort((p, q) => p.score - q.score);
  }
}

/** Whether WebGL runs without a graphics processor; asked of a canvas of its own, as smoothing is set at the start. */
function drawsInSoftware(): boolean {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return true;
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(name);
}
