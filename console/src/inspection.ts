// What tests ask of the running page: numbers behind the drawing, so that a wrong picture cannot look right.

import { sunDirection } from "./globe/geodesy";
import { session } from "./session";
import { store } from "./store";
import { charts } from "./views/chart";

export interface Inspection {
  /** Pixel of an object in the page and whether the Earth hides it; null when it has no place. */
  pick(key: string): { x: number; y: number; hidden: boolean } | null;
  /** Interpolated ITRF position in km, and the time it is for. */
  position(key: string): { km: [number, number, number]; tai_s: number } | null;
  /** Column-major camera matrices and the canvas in page pixels. */
  camera(): { projection: number[]; view: number[]; left: number; top: number; width: number; height: number } | null;
  keys(): string[];
  /** Keys of the rows that pass the filter. */
  shown(): string[];
  seek(tai: number): void;
  live(): void;
  face(lonDeg: number, latDeg: number): void;
  clock(): { tai_s: number; held: boolean; live: boolean };
  revision(): number | null;
  /** Unit vector to the Sun on ITRF axes as the night is drawn by. */
  sun(tai: number): [number, number, number];
  /** Frames drawn since the start. */
  drawn(): number;
  /** What a chart of the event page draws: its columns, and the ranges of its axes. */
  chart(name: string): { data: (number | null)[][]; x: [number, number]; y: [number, number] } | null;
  /** Pixel in the page of a value on a chart's axes. */
  chartPixel(name: string, x: number, y: number): [number, number] | null;
}

declare global {
  interface Window {
    __commonsky: Inspection;
  }
}

const place = (key: string) => session.globe?.place(store.state.picture?.rowOfKey(key) ?? -1) ?? null;

export function exposeForTests(): void {
  window.__commonsky = {
    pick(key) {
      const at = place(key);
      const box = session.globe?.canvas.getBoundingClientRect();
      return at && box ? { x: box.left + at.x, y: box.top + at.y, hidden: at.hidden } : null;
    },
    position(key) {
      const at = place(key);
      return at && { km: at.km, tai_s: session.globe?.tai ?? NaN };
    },
    camera() {
      const globe = session.globe;
      if (!globe) return null;
      const { camera } = globe.view;
      const { left, top, width, height } = globe.canvas.getBoundingClientRect();
      return {
        projection: [...camera.projectionMatrix.elements],
        view: [...camera.matrixWorldInverse.elements],
        left,
        top,
        width,
        height,
      };
    },
    keys: () => store.state.picture?.columns.key ?? [],
    shown: () => [...store.state.order].map((row) => store.state.picture?.columns.key[row] ?? ""),
    seek: (tai) => session.clock.seek(tai),
    live: () => session.clock.goLive(),
    face: (lonDeg, latDeg) => {
      const [lon, lat] = [(lonDeg * Math.PI) / 180, (latDeg * Math.PI) / 180];
      session.globe?.view.face([Math.cos(lat) * Math.cos(lon), Math.cos(lat) * Math.sin(lon), Math.sin(lat)]);
    },
    clock: () => ({
      tai_s: session.clock.now(),
      held: store.state.tick?.held ?? true,
      live: session.clock.live,
    }),
    revision: () => store.state.picture?.columns.revision ?? null,
    sun: sunDirection,
    drawn: () => session.globe?.drawn ?? 0,
    chart(name) {
      const plot = charts.get(name);
      if (!plot) return null;
      const range = (key: string): [number, number] => [plot.scales[key].min ?? NaN, plot.scales[key].max ?? NaN];
      return { data: plot.data.map((column) => [...column] as (number | null)[]), x: range("x"), y: range("y") };
    },
    chartPixel(name, x, y) {
      const plot = charts.get(name);
      const box = plot?.over.getBoundingClientRect();
      return plot && box ? [box.left + plot.valToPos(x, "x"), box.top + plot.valToPos(y, "y")] : null;
    },
  };
}
