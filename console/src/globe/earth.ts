// The Earth: one mesh whose shader paints sea, land and night, with coasts and graticule as lines above it.

import {
  BufferGeometry,
  CanvasTexture,
  Color,
  Float32BufferAttribute,
  Group,
  LinearFilter,
  LineBasicMaterial,
  LineSegments,
  Mesh,
  RedFormat,
  ShaderMaterial,
  Vector3,
} from "three";
import { feature, mesh } from "topojson-client";
import type { MultiLineString, MultiPolygon, Position } from "geojson";
import land110m from "world-atlas/land-110m.json";
import { surface } from "./geodesy";
import type { Palette } from "./palette";

const COLUMNS = 96;
const ROWS = 48;
const COAST_LIFT = 1.001;
const GRATICULE_LIFT = 1.0006;

const VERTEX = /* glsl */ `
  varying vec2 at;
  varying vec3 up;
  void main() {
    at = uv;
    up = normal;
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  }`;

// Twilight is drawn as the band from the horizon to 12 degrees below it.
const FRAGMENT = /* glsl */ `
  precision mediump float;
  varying vec2 at;
  varying vec3 up;
  uniform sampler2D landMask;
  uniform vec3 sea, land, night, sun;
  uniform float nightShare;
  void main() {
    vec3 ground = mix(sea, land, texture2D(landMask, at).r);
    float dark = smoothstep(0.0, -0.2, dot(up, sun));
    gl_FragColor = vec4(mix(ground, night, dark * nightShare), 1.0);
  }`;

interface Topology {
  objects: { land: unknown };
}

export class Earth {
  readonly group = new Group();
  private readonly ground: ShaderMaterial;
  private readonly coast = new LineBasicMaterial();
  private readonly graticule = new LineBasicMaterial();

  constructor() {
    this.ground = new ShaderMaterial({
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      uniforms: {
        landMask: { value: landMask() },
        sea: { value: new Color() },
        land: { value: new Color() },
        night: { value: new Color() },
        nightShare: { value: 0 },
        sun: { value: new Vector3(1, 0, 0) },
      },
    });
    this.group.add(new Mesh(groundGeometry(), this.ground));
    this.group.add(new LineSegments(lines(graticuleLines(), GRATICULE_LIFT), this.graticule));
    this.group.add(new LineSegments(lines(coastLines(), COAST_LIFT), this.coast));
  }

  set sun(direction: [number, number, number]) {
    (this.ground.uniforms["sun"].value as Vector3).set(...direction);
  }

  paint(palette: Palette): void {
    const { uniforms } = this.ground;
    setRaw(uniforms["sea"].value as Color, palette.sea);
    setRaw(uniforms["land"].value as Color, palette.land);
    setRaw(uniforms["night"].value as Color, palette.night);
    uniforms["nightShare"].value = palette.nightShare;
    setRaw(this.coast.color, palette.coast);
    setRaw(this.graticule.color, palette.graticule);
  }
}

/** Colours go to the screen as written: own shaders do no conversion between colour spaces. */
export function setRaw(color: Color, css: string): void {
  color.setStyle(css, "srgb-linear");
}

function groundGeometry(): BufferGeometry {
  const positions: number[] = [];
  const normals: number[] = [];
  const uvs: number[] = [];
  const triangles: number[] = [];
  for (let row = 0; row <= ROWS; row++) {
    const lat = 90 - (180 * row) / ROWS;
    for (let column = 0; column <= COLUMNS; column++) {
      const lon = -180 + (360 * column) / COLUMNS;
      positions.push(...surface(lon, lat));
      const across = Math.cos((lat * Math.PI) / 180);
      const angle = (lon * Math.PI) / 180;
      normals.push(across * Math.cos(angle), across * Math.sin(angle), Math.sin((lat * Math.PI) / 180));
      uvs.push(column / COLUMNS, 1 - row / ROWS);
      if (row === ROWS || column === COLUMNS) continue;
      const corner = row * (COLUMNS + 1) + column;
      triangles.push(corner, corner + COLUMNS + 1, corner + 1, corner + 1, corner + COLUMNS + 1, corner + COLUMNS + 2);
    }
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute(positions, 3));
  geometry.setAttribute("normal", new Float32BufferAttribute(normals, 3));
  geometry.setAttribute("uv", new Float32BufferAttribute(uvs, 2));
  geometry.setIndex(triangles);
  return geometry;
}

/** Land in white on black, plate carree: filled once at start, sampled by the shader. */
function landMask(): CanvasTexture {
  const canvas = document.createElement("canvas");
  canvas.width = 2048;
  canvas.height = 1024;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser has no 2D canvas");
  context.fillStyle = "#000";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#fff";
  for (const polygon of landPolygons()) {
    const rings = polygon.map(unrolled);
    // A ring over the edge of the map is drawn at both edges.
    for (const shift of [-360, 0, 360]) {
      context.beginPath();
      for (const ring of rings) {
        ring.forEach(([lon, lat], n) => {
          const x = ((lon + shift + 180) / 360) * canvas.width;
          const y = ((90 - lat) / 180) * canvas.height;
          if (n === 0) context.moveTo(x, y);
          else context.lineTo(x, y);
        });
        context.closePath();
      }
      context.fill("evenodd");
    }
  }
  const texture = new CanvasTexture(canvas);
  texture.format = RedFormat;
  texture.generateMipmaps = false;
  texture.minFilter = LinearFilter;
  return texture;
}

/** The ring without leaps at the 180th meridian; one around a pole (Antarctica's) is closed by way of that pole. */
function unrolled(ring: Position[]): Position[] {
  const found: Position[] = [];
  let turns = 0;
  ring.forEach(([lon, lat], n) => {
    if (n > 0) turns -= 360 * Math.round((lon - ring[n - 1][0]) / 360);
    found.push([lon + turns, lat]);
  });
  if (turns === 0) return found;
  const [[firstLon, lat], [lastLon]] = [found[0], found[found.length - 1]];
  const pole = Math.sign(lat) * 90;
  return [...found, [lastLon, pole], [firstLon, pole]];
}

function landPolygons(): Position[][][] {
  const topology = land110m as unknown as Parameters<typeof feature>[0];
  const found = feature(topology, (land110m as unknown as Topology).objects.land as Parameters<typeof feature>[1]);
  const features = "features" in found ? found.features : [found];
  return features.flatMap((one) => (one.geometry as MultiPolygon).coordinates);
}

function coastLines(): Position[][] {
  const topology = land110m as unknown as Parameters<typeof mesh>[0];
  return (mesh(topology) as MultiLineString).coordinates.map((line) => line.filter(notMapEdge));
}

// Antarctica's outline runs along the edge of the flat map; on a globe that is a false line to the pole.
function notMapEdge([lon, lat]: Position): boolean {
  return lat > -89.5 && Math.abs(lon) < 179.99;
}

function graticuleLines(): Position[][] {
  const found: Position[][] = [];
  for (let lon = -180; lon < 180; lon += 30) found.push(range(-90, 90, 3).map((lat) => [lon, lat]));
  for (let lat = -60; lat <= 60; lat += 30) found.push(range(-180, 180, 3).map((lon) => [lon, lat]));
  return found;
}

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: (to - from) / step + 1 }, (_, n) => from + n * step);
}

/** Segments of great length are cut, else they run through the Earth. */
function lines(all: Position[][], lift: number): BufferGeometry {
  const positions: number[] = [];
  for (const line of all) {
    for (let n = 1; n < line.length; n++) {
      const [lon0, lat0] = line[n - 1];
      const [lon1, lat1] = line[n];
      if (Math.abs(lon1 - lon0) > 180) continue;
      const pieces = Math.max(1, Math.ceil(Math.hypot(lon1 - lon0, lat1 - lat0) / 3));
      for (let k = 0; k < pieces; k++) {
        const from = k / pieces;
        const to = (k + 1) / pieces;
        positions.push(...surface(lon0 + (lon1 - lon0) * from, lat0 + (lat1 - lat0) * from, lift));
        positions.push(...surface(lon0 + (lon1 - lon0) * to, lat0 + (lat1 - lat0) * to, lift));
      }
    }
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute(positions, 3));
  return geometry;
}
