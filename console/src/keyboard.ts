// Keys for the whole page. Keys typed into a field stay there, but for Escape.

import { session } from "./session";
import { store } from "./store";

export const SHORTCUTS: [string, string][] = [
  ["/", "Search the table"],
  ["j, k", "Next, previous object"],
  ["Enter", "Centre the globe on the picked object"],
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
  ["Esc", "Close what is open"],
  ["?", "This sheet"],
];

const focus = (id: string): void => {
  const field = document.getElementById(id);
  field?.focus();
  if (field instanceof HTMLInputElement) field.select();
};

const KEYS: Record<string, () => void> = {
  "/": () => focus("search"),
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
  w: () => store.set({ logOpen: !store.state.logOpen }),
  d: () => nextTheme(),
  "?": () => store.set({ shortcutsOpen: true }),
};

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
  if (state.shortcutsOpen) store.set({ shortcutsOpen: false });
  else if (state.linksOpen) store.set({ linksOpen: false });
  else if (field instanceof HTMLInputElement && field.type !== "range") field.blur();
  else if (state.logOpen) store.set({ logOpen: false });
  else if (state.selected !== null) session.select(null);
  else if (state.wideTable) store.set({ wideTable: false });
}

export function listenToKeys(): void {
  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return escape();
    if (store.state.shortcutsOpen || isField(event.target)) return;
    // Enter and Space on a button press that button.
    if (event.target instanceof HTMLButtonElement && (event.key === "Enter" || event.key === " ")) return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
}
