// The address says what is shown, so that a view can be sent to a colleague: time, picked object, filter.

import { STANDINGS, type Filter, type Standing } from "./objects";
import { utcText } from "./utc";

export interface Address {
  /** Text of the time; null for live. */
  time: string | null;
  selected: string | null;
  filter: Filter;
}

export function readAddress(): Address {
  const said = new URLSearchParams(location.hash.slice(1));
  const hidden = (said.get("hide") ?? "").split(",").filter(Boolean);
  return {
    time: said.get("t"),
    selected: said.get("sel"),
    filter: {
      text: said.get("q") ?? "",
      hiddenStandings: new Set(hidden.filter((one): one is Standing => STANDINGS.includes(one as Standing))),
      hiddenRegimes: new Set(hidden.filter((one) => !STANDINGS.includes(one as Standing))),
    },
  };
}

export function writeAddress(tai: number | null, selected: string | null, filter: Filter): void {
  const said = new URLSearchParams();
  if (tai !== null) said.set("t", utcText(tai, 3));
  if (selected !== null) said.set("sel", selected);
  if (filter.text) said.set("q", filter.text);
  const hidden = [...filter.hiddenStandings, ...filter.hiddenRegimes];
  if (hidden.length > 0) said.set("hide", hidden.join(","));
  const hash = said.toString();
  if (hash === location.hash.slice(1)) return;
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}
