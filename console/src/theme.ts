// Dark or light: as the system says, or as the user chose. CSS does the page, the globe is told its palette.

import { DARK, LIGHT, type Palette } from "./globe/palette";
import { store, type State } from "./store";

const KEY = "commonsky-theme";
const system = matchMedia("(prefers-color-scheme: light)");

export function isLight(theme: State["theme"]): boolean {
  return theme === "light" || (theme === "auto" && system.matches);
}

export function palette(): Palette {
  return isLight(store.state.theme) ? LIGHT : DARK;
}

export function followTheme(): void {
  const kept = localStorage.getItem(KEY);
  if (kept === "dark" || kept === "light") store.set({ theme: kept });
  apply();
  store.listen((now, before) => {
    if (now.theme === before.theme) return;
    localStorage.setItem(KEY, now.theme);
    apply();
  });
  system.addEventListener("change", apply);
}

const repaint = new Set<() => void>();

export function onRepaint(then: () => void): () => void {
  repaint.add(then);
  return () => repaint.delete(then);
}

function apply(): void {
  document.documentElement.dataset["theme"] = isLight(store.state.theme) ? "light" : "dark";
  for (const then of repaint) then();
}
