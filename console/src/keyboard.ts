// Keys for the whole page. Keys typed into a field stay there, but for Escape.

import { proofGiven } from "./people/proof";
import { choose } from "./release/state";
import { encounterLink, eventLink, logLink, open, pictureLink, releasesLink, warningsLink } from "./routes";
import { session } from "./session";
import { store, type State } from "./store";
import { stepDecision } from "./views/log-decisions";
import { stepLogTab } from "./views/log-page";
import { stepTab } from "./views/release-page";
import { stepRecord } from "./views/release-records";
import { stepWarning } from "./views/warnings-table";
import { setWatch } from "./watch/follow";

export const SHORTCUTS: [string, string][] = [
  ["/", "Search the table"],
  ["g p, g w", "Go to the picture, to the warnings"],
  ["g r, g l", "Go to the releases, to the log"],
  ["j, k", "Next, previous row of the table"],
  ["n", "Next part of the releases or of the log"],
  ["Enter", "Centre the globe on the picked object; open the chosen warning"],
  ["g g", "Show the encounter on the globe"],
  ["Arrows", "Turn the globe (when it has the focus: Tab)"],
  ["+, −", "Nearer, farther"],
  ["0", "Globe back to its first view"],
  ["Space", "Pause or play"],
  ["l", "Back to live"],
  ["u", "Type or paste a UTC time"],
  ["o", "Orbit: inertial curve or path over the ground"],
  ["t", "Table over the whole width"],
  ["w", "Watch log"],
  ["d", "Dark, light or as the system"],
  ["Esc", "Close what is open; back to all warnings"],
  ["?", "This sheet"],
];

const focus = (id: string): void => {
  const field = document.getElementById(id);
  field?.focus();
  if (field instanceof HTMLInputElement) field.select();
};

type Keys = Record<string, () => void>;

const EVERYWHERE: Keys = {
  "/": () => focus("search"),
  w: () => store.set({ logOpen: !store.state.logOpen }),
  d: () => nextTheme(),
  "?": () => store.set({ shortcutsOpen: true }),
};

const OF_PAGE: Record<State["route"]["page"], Keys> = {
  picture: {
    u: () => focus("time"),
    j: () => session.step(1),
    k: () => session.step(-1),
    Enter: () => session.centre(),
    "+": () => session.globe?.view.zoom(0.8),
    "=": () => session.globe?.view.zoom(0.8),
    "-": () => session.globe?.view.zoom(1.25),
    "0": () => session.globe?.view.home(),
    " ": () => togglePlay(),
    l: () => session.clock.goLive(),
    o: () => store.set({ orbitFrame: store.state.orbitFrame === "inertial" ? "earth_fixed" : "inertial" }),
    t: () => store.state.noGlobe === null && store.set({ wideTable: !store.state.wideTable }),
  },
  warnings: {
    j: () => stepWarning(1),
    k: () => stepWarning(-1),
    Enter: () => store.state.chosenEvent !== null && open(eventLink(store.state.chosenEvent)),
  },
  event: {},
  release: {
    j: () => stepRecord(1),
    k: () => stepRecord(-1),
    n: () => stepTab(),
  },
  log: {
    j: () => stepDecision(1),
    k: () => stepDecision(-1),
    n: () => stepLogTab(),
  },
};

/** The second key of a pair that begins with g. */
const GO: Keys = {
  p: () => open(pictureLink()),
  w: () => open(warningsLink(store.state)),
  r: () => open(releasesLink()),
  l: () => open(logLink("decisions")),
  g: () => showEncounter(),
};
const GO_WITHIN_MS = 1500;
let goUntil = 0;

function showEncounter(): void {
  const { event } = store.state;
  const object = event?.object_1.object ?? event?.object_2.object ?? null;
  if (!event || object === null) return;
  const companion = event.object_1.object === null ? null : event.object_2.object;
  open(encounterLink(object, companion, event.tca_tai_s));
}

function actOf(key: string): (() => void) | undefined {
  if (performance.now() < goUntil) {
    goUntil = 0;
    return GO[key];
  }
  if (key === "g") return () => (goUntil = performance.now() + GO_WITHIN_MS);
  return OF_PAGE[store.state.route.page][key] ?? EVERYWHERE[key];
}

export function togglePlay(): void {
  const { clock } = session;
  if (clock.live || clock.playing) clock.pause();
  else clock.play(clock.rate);
}

export function nextTheme(): void {
  const order = ["auto", "dark", "light"] as const;
  store.set({ theme: order[(order.indexOf(store.state.theme) + 1) % order.length] });
}

/** Close one thing: the topmost. */
function escape(): void {
  const { state } = store;
  const field = document.activeElement;
  if (state.proofOpen) proofGiven(false);
  else if (state.personOpen) store.set({ personOpen: false });
  else if (state.shortcutsOpen) store.set({ shortcutsOpen: false });
  else if (state.linksOpen) store.set({ linksOpen: false });
  else if (field instanceof HTMLTextAreaElement || (field instanceof HTMLInputElement && field.type !== "range")) field.blur();
  else if (state.logOpen) store.set({ logOpen: false });
  else if (state.route.page === "event") open(warningsLink(state));
  else if (state.route.page === "warnings") store.set({ chosenEvent: null });
  else if (state.route.page === "release") choose(null);
  else if (state.route.page === "log") setWatch({ chosen: null });
  else if (state.selected !== null) session.select(null);
  else if (state.wideTable) store.set({ wideTable: false });
}

export function listenToKeys(): void {
  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return escape();
    const { shortcutsOpen, personOpen, proofOpen } = store.state;
    if (shortcutsOpen || personOpen || proofOpen || isField(event.target)) return;
    // Enter and Space on a button press that button.
    if (event.target instanceof HTMLButtonElement && (event.key === "Enter" || event.key === " ")) return;
    if (event.target instanceof HTMLAnchorElement && event.key === "Enter") return;
    const act = actOf(event.key);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function isField(target: EventTarget | null): boolean {
  return [HTMLInputElement, HTMLSelectElement, HTMLTextAreaElement].some((field) => target instanceof field);
}
