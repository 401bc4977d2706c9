// Pages by address: links and the back button change the hash, and the page follows it.

import { session } from "./session";
import { store, type State } from "./store";
import { setRelease } from "./release/state";
import {
  eventHash,
  pictureHash,
  readAddress,
  readReleaseAddress,
  readRoute,
  readWarningsAddress,
  releaseHash,
  replaceHash,
  warningsHash,
  type LogTab,
  type ReleaseRoute,
} from "./url-state";
import { taiOf } from "./utc";

const KEEP_MS = 1000;

/** The picture's address as it was last written: coming back to it changes nothing, another one is obeyed. */
let writtenPicture: string | null = null;

/** The address as it was last obeyed or written: any other is news that `hashchange` has yet to bring. */
let heeded = location.hash;

export function followAddress(): void {
  window.addEventListener("hashchange", obey);
  store.listen((now, before) => {
    if (now.warningFilter !== before.warningFilter || now.warningSort !== before.warningSort) keepWarnings(now);
    if (now.release.filter !== before.release.filter || now.release.chosen !== before.release.chosen) keepRelease(now);
  });
  setInterval(keepPicture, KEEP_MS);
  if (store.state.route.page === "warnings") store.set(warningsAsked());
  if (store.state.route.page === "release") obeyRelease(store.state.route);
}

function obey(): void {
  heeded = location.hash;
  const route = readRoute();
  if (route.page === "warnings") store.set({ route, ...warningsAsked(), event: null });
  else if (route.page === "release") obeyRelease(route);
  else if (route.page === "log") store.set({ route, event: null });
  else if (route.page === "picture") obeyPicture();
  else {
    const held = store.state.event?.event === route.event ? store.state.event : null;
    store.set({ route, event: held, eventTrouble: null, eventGone: false, chosenEvent: route.event });
  }
}

function obeyPicture(): void {
  store.set({ route: { page: "picture" }, event: null });
  if (location.hash.slice(1) === writtenPicture) return;
  const { time, selected, companion, filter } = readAddress();
  session.select(selected);
  store.set({ filter, companion });
  if (companion !== null) session.centreSoon();
  const tai = time === null ? null : taiOf(time);
  if (tai !== null) session.clock.seek(tai);
  else if (!session.clock.live && writtenPicture !== null) session.clock.goLive();
}

function obeyRelease(route: ReleaseRoute): void {
  const { filter, chosen } = readReleaseAddress();
  // Another tab or partner keeps what was looked for.
  const asked = route.tab === "records" && location.hash.includes("?");
  const { release } = store.state;
  const other = chosen !== release.chosen ? { chosen, sheet: null, sheetTrouble: null } : {};
  store.set({ route, event: null });
  setRelease({ ...(asked ? { filter } : {}), ...other });
}

function warningsAsked(): Partial<State> {
  const { filter, sort } = readWarningsAddress();
  return { warningFilter: filter, warningSort: sort };
}

function keepWarnings({ route, warningFilter, warningSort }: State): void {
  if (route.page === "warnings") keep(warningsHash(warningFilter, warningSort));
}

function keepRelease({ route, release }: State): void {
  if (route.page === "release") keep(releaseHash(route, release.filter, release.chosen));
}

function keepPicture(): void {
  const { route, selected, companion, filter, tick } = store.state;
  if (route.page !== "picture" || !tick || location.hash !== heeded) return;
  writtenPicture = pictureHash(tick.live ? null : session.clock.now(), selected, companion, filter);
  keep(writtenPicture);
}

/** Write an address, unless another one has come meanwhile: that one is to be obeyed, not to be written over. */
function keep(hash: string): void {
  if (location.hash !== heeded) return;
  replaceHash(hash);
  heeded = location.hash;
}

export const warningsLink = (state: State): string => `#${warningsHash(state.warningFilter, state.warningSort)}`;
export const eventLink = (event: string): string => `#${eventHash(event)}`;

export const logLink = (tab: LogTab): string => `#/log${tab === "decisions" ? "" : `/${tab}`}`;
export const releaseLink = (route: ReleaseRoute): string => `#${releaseHash(route)}`;

/** The page of releases as it was left. */
export function releasesLink(): string {
  const { route, release } = store.state;
  const partner = route.page === "release" ? route.partner : (release.rows?.seen.reader ?? null);
  return `#${releaseHash({ page: "release", partner, tab: "records" }, release.filter, release.chosen)}`;
}

export function open(link: string): void {
  location.hash = link;
}

/** Link to the picture with one or two objects at a time. */
export function encounterLink(object: string, companion: string | null, tai: number): string {
  return `#${pictureHash(tai, object, companion, store.state.filter)}`;
}

/** Link to the picture as it was left. */
export function pictureLink(): string {
  return `#${writtenPicture ?? ""}`;
}
