// What the page shows, in one place; views read slices of it and are drawn again when their slice changes.

import { useEffect, useReducer, useRef } from "preact/hooks";
import type { LogLine, ObjectPanel, OrbitFrame, Status } from "./api";
import type { Filter, Picture, Sort } from "./objects";
import type { Presence } from "./people/api";
import { FIRST, type ReleaseState } from "./release/first";
import { readRoute, type Route } from "./url-state";
import { FIRST_WATCH, type WatchState } from "./watch/first";
import type { WarningEvent, Warnings } from "./warnings/api";
import { FIRST_SORT, NO_FILTER, type WarningFilter, type WarningSort } from "./warnings/order";

export type Connection = "connecting" | "open" | "stale" | "lost";

/** The clock as last looked at, a few times a second. */
export interface Tick {
  tai: number;
  liveTai: number;
  live: boolean;
  playing: boolean;
  speed: number;
  /** Which picture at which time is on the globe: another word when places are to be looked up anew. */
  drawn: string;
  /** The picture waits for positions at this time. */
  held: boolean;
}

export interface State {
  /** Who acts; null until the node has said. */
  presence: Presence | null;
  presenceTrouble: boolean;
  personOpen: boolean;
  /** A fresh proof is being asked for. */
  proofOpen: boolean;
  route: Route;
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
  /** A second object that is marked beside the picked one: the other of an encounter. */
  companion: string | null;
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
  warnings: Warnings | null;
  /** Why the warnings shown may be old, or null. */
  warningsTrouble: string | null;
  warningFilter: WarningFilter;
  warningSort: WarningSort;
  /** Id of the event that the keys stand on in the list. */
  chosenEvent: string | null;
  /** The event of the event page, as last loaded. */
  event: WarningEvent | null;
  eventTrouble: string | null;
  /** The node holds this event no longer, or never did. */
  eventGone: boolean;
  release: ReleaseState;
  watch: WatchState;
  theme: "auto" | "dark" | "light";
  /** Read out by screen readers. */
  said: string;
}

const START: State = {
  presence: null,
  presenceTrouble: false,
  personOpen: false,
  proofOpen: false,
  route: readRoute(),
  status: null,
  connection: "connecting",
  silentS: 0,
  picture: null,
  filter: { text: "", hiddenStandings: new Set(), hiddenRegimes: new Set() },
  sort: { column: "standing", descending: false },
  order: new Uint32Array(0),
  selected: null,
  companion: null,
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
  warnings: null,
  warningsTrouble: null,
  warningFilter: NO_FILTER,
  warningSort: FIRST_SORT,
  chosenEvent: null,
  event: null,
  eventTrouble: null,
  eventGone: false,
  release: FIRST,
  watch: FIRST_WATCH,
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
  useEffect(() => {
    const look = (now: State): void => {
      if (!Object.is(slice(now), held.current)) again();
    };
    look(store.state); // what changed between the drawing and now
    return store.listen(look);
  }, []);
  return value;
}

/** Row of the picked object in the picture, -1 when there is none. */
export function selectedRow(state: State): number {
  return state.picture?.row(state.selected) ?? -1;
}
