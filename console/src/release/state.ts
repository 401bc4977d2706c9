// Changes to what the page of releases shows.

import { store } from "../store";
import type { ReleaseState } from "./first";

export function setRelease(patch: Partial<ReleaseState>): void {
  const before = store.state.release;
  const release = { ...before, ...patch };
  if (release.rows !== before.rows || release.filter !== before.filter || release.sort !== before.sort) {
    release.order = release.rows?.order(release.filter, release.sort) ?? new Uint32Array(0);
  }
  store.set({ release });
}

export function choose(record: string | null): void {
  if (record !== store.state.release.chosen) setRelease({ chosen: record, sheet: null, sheetTrouble: null });
}
