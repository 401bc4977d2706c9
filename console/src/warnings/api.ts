// Warnings of close approaches as the node tells them. Times TAI s, SI units; null where a value is not known.

import { ask, type Sight } from "../api";

export type Severity = "red" | "amber" | "green" | "none";

export interface WarnedObject {
  name: string;
  designator: string;
  /** Lasting name in the picture; null when the picture does not hold it. */
  object: string | null;
  own: boolean;
  owner: string | null;
}

export interface WarningLine {
  event: string;
  kind: "conjunction" | "co-moving";
  object_1: WarnedObject;
  object_2: WarnedObject;
  tca_tai_s: number;
  miss_distance_m: number | null;
  relative_speed_m_s: number | null;
  /** Object 2 from object 1, on the axes of object 1. */
  radial_m: number | null;
  in_track_m: number | null;
  cross_track_m: number | null;
  /** Combined, along the miss vector in the encounter plane. */
  sigma_m: number | null;
  probability: number | null;
  probability_method: string | null;
  probability_is_bound: boolean;
  in_dilution: boolean | null;
  providers: string[];
  headline_provider: string;
  updates: number;
  deadline_tai_s: number;
  status: "open" | "deadline passed" | "past";
  severity: Severity;
}

export interface Thresholds {
  red: number;
  amber: number;
}

export interface Warnings {
  revision: number;
  now_tai_s: number;
  thresholds: Thresholds;
  assets: { designator: string; name: string; owner: string }[];
  screened: { at_tai_s: number | null; until_tai_s: number | null; objects: number; words: string };
  events: WarningLine[];
}

export interface HistoryPoint {
  provider: string;
  made_tai_s: number;
  tca_tai_s: number;
  probability: number | null;
  probability_method: string | null;
  probability_is_bound: boolean;
  miss_distance_m: number | null;
  radial_m: number | null;
  in_track_m: number | null;
  cross_track_m: number | null;
  sigma_m: number | null;
  hard_body_radius_m: number | null;
  record: string;
}

export type Pair = [number, number];
export type Triple = [number, number, number];

/** The newest encounter of one provider. */
export interface Geometry {
  provider: string;
  record: string;
  hard_body_radius_m: number | null;
  hard_body_radius_source: string;
  relative_speed_m_s: number | null;
  object_1_data_age_s: number | null;
  object_2_data_age_s: number | null;
  b_plane: { axes: [string, string]; miss_m: Pair | null; covariance_m2: [Pair, Pair] | null };
  rtn: {
    position_m: Triple | null;
    velocity_m_s: Triple | null;
    sigma_m: Triple | null;
    sigma_1_m: Triple | null;
    sigma_2_m: Triple | null;
  };
}

export interface Dilution {
  provider: string;
  /** Factors on the standard deviation. */
  scale: number[];
  probability: number[];
  maximum_scale: number;
  maximum_probability: number;
  in_dilution: boolean;
}

export interface MethodResult {
  name: string;
  probability: number | null;
  low: number | null;
  high: number | null;
  valid: boolean | null;
  reason: string;
}

export interface Difference {
  cause: string;
  words: string;
  figures: { name: string; a: number | null; b: number | null; unit: string }[];
  effect_decades: number | null;
}

export interface ProviderPair {
  between: [string, string];
  probability: [number | null, number | null];
  decades: number | null;
  differences: Difference[];
}

export interface WarningEvent extends WarningLine {
  deadline_why: string;
  history: HistoryPoint[];
  geometry: Geometry[];
  dilution: Dilution | null;
  methods: MethodResult[];
  recommended: { method: string | null; probability: number | null; reasons: string[] } | null;
  reconciliation: { summary: string; pairs: ProviderPair[] } | null;
  /** Null when the person may not see what partners get. */
  who_may_see: Sight[] | null;
  label: { originator: string; classification: number; words: string[] }[];
  seen_record: string | null;
}

export async function getWarnings(): Promise<Warnings> {
  return (await (await ask("warnings")).json()) as Warnings;
}

export async function getWarning(event: string): Promise<WarningEvent> {
  return (await (await ask(`warnings/${encodeURIComponent(event)}`)).json()) as WarningEvent;
}
