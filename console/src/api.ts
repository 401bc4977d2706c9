// The node's interface as the console uses it: shapes of the JSON answers, and the binary keyframes.

export type Mode = "REAL" | "TEST" | "SIMULATED" | "EXERCISE";
export type LinkState = "up" | "late" | "down" | "stopped";

export interface LinkStatus {
  member: string;
  state: LinkState;
  since_tai_s: number | null;
  detail: string;
}

export interface Status {
  member: string;
  member_name: string;
  operation: string;
  mode: Mode;
  now_tai_s: number;
  now_utc: string;
  rate: number;
  revision: number;
  log_sequence: number;
  links: LinkStatus[];
  classification_names: string[];
  counts: { own_tracks: number; partner_tracks: number; element_sets: number };
  leap_seconds?: [number, number][];
}

/** All objects of one revision by columns; row i of every column is object i of the keyframes. */
export interface ObjectColumns {
  revision: number;
  count: number;
  key: string[];
  object: string[];
  name: string[];
  designator: string[];
  source: string[];
  kind: ("track" | "element_set")[];
  own: boolean[];
  regime: string[];
  epoch_tai_s: number[];
  perigee_altitude_m: (number | null)[];
  apogee_altitude_m: (number | null)[];
  inclination_deg: (number | null)[];
  period_s: (number | null)[];
  position_sigma_m: (number | null)[];
  classification: number[];
  mode: Mode[];
}

export interface Fact {
  name: string;
  value: string;
  unit: string;
}

export interface Sight {
  member: string;
  allowed: boolean;
  reason: string;
  agreement: string | null;
  clause: string | null;
}

export interface ObjectPanel {
  key: string;
  elements: Fact[];
  label: { originator: string; classification: number; words: string[] }[];
  /** Null when the person may not see what partners get. */
  who_may_see: Sight[] | null;
  inputs: number;
  derived: number;
}

export interface LogLine {
  sequence: number;
  tai_s: number;
  utc: string;
  kind: string;
  text: string;
}

export interface Orbit {
  key: string;
  frame: OrbitFrame;
  t_tai_s: number;
  points_itrf_km: [number, number, number][];
}

export type OrbitFrame = "inertial" | "earth_fixed";

export interface Keyframes {
  revision: number;
  objects: number;
  start_tai_s: number;
  step_s: number;
  /** One array of objects x 6 per frame: x, y, z in km and Earth-fixed velocity in km/s; zeros where not placed. */
  frames: Float32Array[];
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const ROOT = "api/v1";

let csrf: string | null = null;
let loggedOut = (): void => undefined;

/** Bring this with every change: it shows that the page may read the answers of the session. */
export function useCsrf(token: string | null): void {
  csrf = token;
}

export function onLoggedOut(then: () => void): void {
  loggedOut = then;
}

// A page that asks by itself keeps no session alive: the node is told when its person did something.
let active = true;
for (const doing of ["pointerdown", "pointermove", "keydown", "wheel"]) {
  addEventListener(doing, () => (active = true), { passive: true });
}

function headers(): Record<string, string> {
  const said: Record<string, string> = active ? { "X-Commonsky-Active": "1" } : {};
  active = false;
  return said;
}

export async function ask(path: string, signal?: AbortSignal): Promise<Response> {
  return good(await fetch(`${ROOT}/${path}`, { headers: headers(), ...(signal && { signal }) }));
}

/** Ask for something that changes the node. */
export async function change(path: string, body: object): Promise<Response> {
  const said = { "Content-Type": "application/json", ...headers(), ...(csrf !== null && { "X-Commonsky-Csrf": csrf }) };
  return good(await fetch(`${ROOT}/${path}`, { method: "POST", headers: said, body: JSON.stringify(body) }));
}

async function good(answer: Response): Promise<Response> {
  if (answer.ok) return answer;
  const body: unknown = await answer.json().catch(() => null);
  if (answer.status === 401) loggedOut();
  throw new ApiError(answer.status, detailOf(body) ?? answer.statusText);
}

export function wordsOf(fault: unknown): string {
  if (fault instanceof TypeError) return "the node does not answer";
  return fault instanceof Error ? fault.message : "the node does not answer";
}

function detailOf(body: unknown): string | null {
  if (typeof body !== "object" || body === null || !("detail" in body)) return null;
  return typeof body.detail === "string" ? body.detail : JSON.stringify(body.detail);
}

async function json<T>(path: string): Promise<T> {
  return (await (await ask(path)).json()) as T;
}

export const getStatus = (): Promise<Status> => json("status");
/** The newest picture; it says itself which revision it is. */
export const getObjects = (): Promise<ObjectColumns> => json("objects");
/** Objects go by key or lasting name. */
export const getPanel = (name: string): Promise<ObjectPanel> => json(`objects/${encodeURIComponent(name)}`);
export const getOrbit = (name: string, t: number, frame: OrbitFrame): Promise<Orbit> =>
  json(`objects/${encodeURIComponent(name)}/orbit?t_tai_s=${t}&frame=${frame}`);

/** Why an object has no place at a time, in the node's words; null when it has one. */
export async function getNotPlaced(name: string, t: number): Promise<string | null> {
  const path = `objects/${encodeURIComponent(name)}/position?t_tai_s=${t}`;
  return (await json<{ not_placed: string | null }>(path)).not_placed;
}

export async function getKeyframes(
  start_tai_s: number,
  step_s: number,
  count: number,
  revision: number,
  signal: AbortSignal,
): Promise<Keyframes> {
  const query = `start_tai_s=${start_tai_s}&step_s=${step_s}&count=${count}&revision=${revision}`;
  return decodeKeyframes(await (await ask(`keyframes?${query}`, signal)).arrayBuffer());
}

const MAGIC = 0x464b5343; // "CSKF", little-endian

export function decodeKeyframes(bytes: ArrayBuffer): Keyframes {
  const view = new DataView(bytes);
  if (bytes.byteLength < 48 || view.getUint32(0, true) !== MAGIC) throw new Error("these are not keyframes");
  const header = view.getUint16(6, true);
  const objects = view.getUint32(8, true);
  const count = view.getUint32(12, true);
  const values = view.getUint32(20, true);
  if (values !== 6 || bytes.byteLength !== header + 4 * count * objects * values) {
    throw new Error("the keyframes are of a size that their header does not say");
  }
  const frames: Float32Array[] = [];
  for (let k = 0; k < count; k++) {
    frames.push(withoutNaN(new Float32Array(bytes, header + 4 * k * objects * 6, objects * 6)));
  }
  return {
    revision: view.getUint32(16, true),
    objects,
    start_tai_s: view.getFloat64(24, true),
    step_s: view.getFloat64(32, true),
    frames,
  };
}

// Shaders need not treat NaN as the standard says; the centre of the Earth stands for "no place" instead.
function withoutNaN(frame: Float32Array): Float32Array {
  for (let i = 0; i < frame.length; i++) if (Number.isNaN(frame[i])) frame[i] = 0;
  return frame;
}
