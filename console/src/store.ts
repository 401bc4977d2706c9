// What the page shows, in one place; views read slices of it and are drawn again when their slice changes.

import { useEffect, useReducer, useRef } from "preact/hooks";
import type { LogLine, ObjectPanel, OrbitFrame, Status } from "./api";
import type { Filter, Picture, Sort } from "./objects";

export type Connection = "connecting" | "open" | "stale" | "lost";

/** The clock as last looked at, a few times a second. */
export interface Tick {
  tai: number;
  liveTai: number;
  live: boolean;
  playing: boolean;
  speed: number;
  /** The time of the positions on the globe, NaN without any. */
  drawnTai: number;
  /** The picture waits for positions at this time. */
  held: boolean;
}

export interface State {
  status: Status | null;
  connection: Connection;
  /** Real seconds since the node was last heard. */
  silentS: number;
  picture: Picture | null;
  filter: Filter;
  sort: Sort;
  /** Rows of the picture in the order of the table. */
  order: Uint32Array;
  /** Lasting name of the picked object. */
  selected: string | null;
  panel: ObjectPanel | null;
  panelTrouble: string | null;
  orbitFrame: OrbitFrame;
  log: LogLine[];
  tick: Tick | null;
  trouble: string | null;
  /** Why there is no globe, or null when there is one. */
  noGlobe: string | null;
  wideTable: boolean;
  logOpen: boolean;
  shortcutsOpen: boolean;
  linksOpen: boolean;
  theme: "auto" | "dark" | "light";
  /** Read out by screen readers. */
  said: string;
}

const START: State = {
  status: null,
  connection: "connecting",
  silentS: 0,
  picture: null,
  filter: { text: "", hiddenStandings: new Set(), hiddenRegimes: new Set() },
  sort: { column: "standing", descending: false },
  order: new Uint32Array(0),
  selected: null,
  panel: null,
  panelTrouble: null,
  orbitFrame: "inertial",
  log: [],
  tick: null,
  trouble: null,
  noGlobe: null,
  wideTable: false,
  logOpen: false,
  shortcutsOpen: false,
  linksOpen: false,
  theme: "auto",
  said: "",
};

type Listener = (now: State, before: State) => void;

class Store {
  state = START;
  private readonly listeners = new Set<Listener>();

  set(patch: Partial<State>): void {
    const before = this.state;
    this.state = { ...before, ...patch };
    const orders: (keyof State)[] = ["picture", "filter", "sort"];
    if (orders.some((name) => this.state[name] !== before[name])) {
      const { picture, filter, sort } = this.state;
      this.state.order = picture ? picture.order(filter, sort) : new Uint32Array(0);
    }
    for (const listener of [...this.listeners]) listener(this.state, before);
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

export const store = new Store();

/** A slice of the state; the view is drawn again when the slice is another value. */
export function useStore<T>(slice: (state: State) => T): T {
  const [, again] = useReducer<number, void>((n) => n + 1, 0);
  const value = slice(store.state);
  const held = useRef(value);
  held.current = value;
  useEffect(
    () =>
      store.listen((now) => {
        if (!Object.is(slice(now), held.current)) again();
      }),
    [],
  );
  return value;
}

/** Row of the picked object in the picture, -1 when there is none. */
export function selectedRow(state: State): number {
  return state.picture?.row(state.selected) ?? -1;
}
