// Colours of the globe by theme. CSS holds the page's colours; these need contrast on the sea and the land instead.

import type { Standing } from "../objects";

export interface Palette {
  space: string;
  sea: string;
  land: string;
  coast: string;
  graticule: string;
  night: string;
  nightShare: number;
  orbit: string;
  objects: Record<Standing, string>;
}

export const DARK: Palette = {
  space: "#080c11",
  sea: "#13222f",
  land: "#263a4a",
  coast: "#4d6a80",
  graticule: "#1d3040",
  night: "#05090d",
  nightShare: 0.5,
  orbit: "#ffd75e",
  objects: { own: "#43d6ff", partner: "#ffa14a", element_set: "#a3b8ca" },
};

export const LIGHT: Palette = {
  space: "#e7ecf1",
  sea: "#f8fafc",
  land: "#d9e1e8",
  coast: "#93a3b1",
  graticule: "#e3e9ee",
  night: "#8497a8",
  nightShare: 0.38,
  orbit: "#b0126f",
  objects: { own: "#005f99", partner: "#b34700", element_set: "#3f5468" },
};
