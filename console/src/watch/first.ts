// What the page of the log shows, and shows at first.

import type { DecisionFilter, DecisionLine, NodeState, Sharing } from "./api";

export interface WatchState {
  node: NodeState | null;
  /** Null too for who may not see what partners get. */
  sharing: Sharing | null;
  decisions: DecisionLine[] | null;
  filter: DecisionFilter;
  /** Number of the decision whose words are shown whole. */
  chosen: number | null;
  /** Why what is shown may be old, or null. */
  trouble: string | null;
}

export const ALL: DecisionFilter = { reader: null, allowed: null, words: "" };

export const FIRST_WATCH: WatchState = {
  node: null,
  sharing: null,
  decisions: null,
  filter: ALL,
  chosen: null,
  trouble: null,
};
