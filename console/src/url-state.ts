// The address says what is shown, so that a view can be sent to a colleague: the page, and its time, pick and filter.
//
// The picture is at #t=…&sel=…, the warnings at #/warnings?q=…, one event at #/warnings/<its id>, the releases to a
// member at #/release/<member>?tab=…, a part of the log at #/log/<part>.

import { STANDINGS, type Filter, type Standing } from "./objects";
import type { Kind } from "./release/api";
import { KINDS, type ReleaseFilter } from "./release/rows";
import { utcText } from "./utc";
import { readSort, writeSort, type WarningFilter, type WarningSort } from "./warnings/order";

export const RELEASE_TABS = ["records", "agreements", "what-if", "approvals"] as const;
export type ReleaseTab = (typeof RELEASE_TABS)[number];

export interface ReleaseRoute {
  page: "release";
  /** Null for whoever comes first. */
  partner: string | null;
  tab: ReleaseTab;
  /** The agreement that an edit begins with. */
  from?: string | null;
}

export const LOG_TABS = ["decisions", "audit", "links", "holdings", "questions", "lines"] as const;
export type LogTab = (typeof LOG_TABS)[number];

export type Route = { page: "picture" } | { page: "warnings" } | { page: "event"; event: string } | ReleaseRoute | { page: "log"; tab: LogTab };

export interface Address {
  /** Text of the time; null for live. */
  time: string | null;
  selected: string | null;
  /** A second object that is marked, as of an encounter. */
  companion: string | null;
  filter: Filter;
}

export function readRoute(hash = location.hash): Route {
  const found = /^#\/(warnings|release|log)(?:\/([^?]*))?(?:\?|$)/.exec(hash);
  if (!found) return { page: "picture" };
  const name = found[2] ? decoded(found[2]) : null;
  if (found[1] === "release") return releaseRoute(name, hash);
  if (found[1] === "log") return { page: "log", tab: LOG_TABS.find((one) => one === name) ?? "decisions" };
  return name !== null ? { page: "event", event: name } : { page: "warnings" };
}

function releaseRoute(partner: string | null, hash: string): ReleaseRoute {
  const said = new URLSearchParams(hash.split("?")[1] ?? "");
  const tab = RELEASE_TABS.find((one) => one === said.get("tab")) ?? "records";
  return { page: "release", partner, tab, from: said.get("from") };
}

// A broken escape is no reason to show nothing: the node says that it knows no such event.
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function readAddress(): Address {
  const said = new URLSearchParams(readRoute().page === "picture" ? location.hash.slice(1) : "");
  const hidden = (said.get("hide") ?? "").split(",").filter(Boolean);
  return {
    time: said.get("t"),
    selected: said.get("sel"),
    companion: said.get("with"),
    filter: {
      text: said.get("q") ?? "",
      hiddenStandings: new Set(hidden.filter((one): one is Standing => STANDINGS.includes(one as Standing))),
      hiddenRegimes: new Set(hidden.filter((one) => !STANDINGS.includes(one as Standing))),
    },
  };
}

/** The picture's address without its leading #. */
export function pictureHash(
  tai: number | null,
  selected: string | null,
  companion: string | null,
  filter: Filter,
): string {
  const said = new URLSearchParams();
  if (tai !== null) said.set("t", utcText(tai, 3));
  if (selected !== null) said.set("sel", selected);
  if (companion !== null) said.set("with", companion);
  if (filter.text) said.set("q", filter.text);
  const hidden = [...filter.hiddenStandings, ...filter.hiddenRegimes];
  if (hidden.length > 0) said.set("hide", hidden.join(","));
  return said.toString();
}

/** Say the same page in other words: no step for the back button. */
export function replaceHash(hash: string): void {
  if (hash === location.hash.slice(1)) return;
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}

export function readWarningsAddress(): { filter: WarningFilter; sort: WarningSort } {
  const said = new URLSearchParams(location.hash.split("?")[1] ?? "");
  return {
    filter: {
      text: said.get("q") ?? "",
      hidden: new Set((said.get("hide") ?? "").split(",").filter(Boolean)),
      provider: said.get("from"),
      past: said.get("past") === "1",
    },
    sort: readSort(said.get("sort")),
  };
}

export function warningsHash(filter: WarningFilter, sort: WarningSort): string {
  const said = new URLSearchParams();
  if (filter.text) said.set("q", filter.text);
  if (filter.hidden.size > 0) said.set("hide", [...filter.hidden].join(","));
  if (filter.provider) said.set("from", filter.provider);
  if (filter.past) said.set("past", "1");
  const order = writeSort(sort);
  if (order) said.set("sort", order);
  const text = said.toString();
  return text ? `/warnings?${text}` : "/warnings";
}

export const eventHash = (event: string): string => `/warnings/${encodeURIComponent(event)}`;

/** What a release address says beside its route. */
export function readReleaseAddress(): { filter: ReleaseFilter; chosen: string | null } {
  const said = new URLSearchParams(location.hash.split("?")[1] ?? "");
  const filter = {
    text: said.get("q") ?? "",
    hidden: new Set((said.get("hide") ?? "").split(",").filter(Boolean)),
    kind: KINDS.find((one: Kind) => one === said.get("kind")) ?? null,
    reason: said.get("why"),
  };
  return { filter, chosen: said.get("rec") };
}

export function releaseHash({ partner, tab, from }: ReleaseRoute, filter?: ReleaseFilter, chosen?: string | null): string {
  const said = new URLSearchParams();
  if (tab !== "records") said.set("tab", tab);
  if (tab === "what-if" && from) said.set("from", from);
  if (filter && tab === "records") {
    if (filter.text) said.set("q", filter.text);
    if (filter.hidden.size > 0) said.set("hide", [...filter.hidden].join(","));
    if (filter.kind) said.set("kind", filter.kind);
    if (filter.reason) said.set("why", filter.reason);
    if (chosen) said.set("rec", chosen);
  }
  const text = said.toString();
  return `/release${partner === null ? "" : `/${encodeURIComponent(partner)}`}${text ? `?${text}` : ""}`;
}
