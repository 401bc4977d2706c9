// Who, which operation, real or not, and how the links stand.

import type { LinkState, LinkStatus } from "../api";
import { nextTheme } from "../keyboard";
import { may, rolesText } from "../people/presence";
import { logLink, pictureLink, releasesLink, warningsLink } from "../routes";
import { store, useStore } from "../store";
import { spanText } from "../utc";

const STATE_WORDS: Record<LinkState, string> = { up: "up", late: "late", down: "down", stopped: "stopped" };
const MODE_WORDS = {
  REAL: "real data",
  TEST: "test data",
  SIMULATED: "simulated data",
  EXERCISE: "exercise data, not the real world",
};
/** More links than this are summed up. */
const CHIPS = 4;

export function Header() {
  const status = useStore((state) => state.status);
  const theme = useStore((state) => state.theme);
  return (
    <header class="header">
      <h1 class="brand">
        <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
          <circle cx="16" cy="16" r="9" class="brand-earth" />
          <ellipse cx="16" cy="16" rx="15" ry="5.5" class="brand-orbit" transform="rotate(-28 16 16)" />
        </svg>
        commonsky
      </h1>
      {status && (
        <>
          <span class={`mode mode-${status.mode.toLowerCase()}`} title={MODE_WORDS[status.mode]}>
            {status.mode}
          </span>
          <span class="who">
            <strong>{status.member_name}</strong>
            <span class="operation"> {status.operation}</span>
          </span>
        </>
      )}
      <Pages />
      <span class="spring" />
      {status && status.links.length > 0 && <Links links={status.links} />}
      <PersonButton />
      <button type="button" class="quiet" onClick={nextTheme} title="Dark, light or as the system (d)">
        {{ auto: "Auto", dark: "Dark", light: "Light" }[theme]}
        <span class="unseen"> theme</span>
      </button>
      <button
        type="button"
        class="quiet"
        onClick={() => store.set({ shortcutsOpen: true })}
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
      >
        ?
      </button>
    </header>
  );
}

/** Who is logged in, as what; at a node without accounts there is nobody to name. */
function PersonButton() {
  const person = useStore((state) => state.presence?.person ?? null);
  const open = useStore((state) => state.personOpen);
  if (!person || person.account === null) return null;
  return (
    <button
      type="button"
      class="quiet person-button"
      aria-haspopup="dialog"
      aria-expanded={open}
      title={`${person.name} (${person.account}): ${rolesText(person.roles)}`}
      onClick={() => store.set({ personOpen: true })}
    >
      <strong>{person.account}</strong>
      <span class="person-roles">{rolesText(person.roles)}</span>
    </button>
  );
}

function Pages() {
  const page = useStore((state) => state.route.page);
  const warnings = useStore(warningsLink);
  const releases = useStore(releasesLink);
  const mayRelease = useStore((state) => may("view_release", state));
  const mayLog = useStore((state) => may("view_log", state));
  const red = useStore(
    (state) => state.warnings?.events.filter((one) => one.severity === "red" && one.status !== "past").length ?? 0,
  );
  return (
    <nav class="pages" aria-label="Pages">
      <a href={pictureLink()} aria-current={page === "picture" ? "page" : undefined} title="Picture (g p)">
        Picture
      </a>
      <a href={warnings} aria-current={page === "event" ? "true" : page === "warnings" ? "page" : undefined} title="Warnings (g w)">
        Warnings
        {red > 0 && (
          <span class="badge">
            {red}
            <span class="unseen"> over the red threshold</span>
          </span>
        )}
      </a>
      {mayRelease && (
        <a href={releases} aria-current={page === "release" ? "page" : undefined} title="Release (g r)">
          Release
        </a>
      )}
      {mayLog && (
        <a href={logLink("decisions")} aria-current={page === "log" ? "page" : undefined} title="Log (g l)">
          Log
        </a>
      )}
    </nav>
  );
}

function Links({ links }: { links: LinkStatus[] }) {
  const open = useStore((state) => state.linksOpen);
  const count = (state: LinkState) => links.filter((link) => link.state === state).length;
  const sums = (["up", "late", "down", "stopped"] as const).filter((state) => count(state) > 0);
  return (
    <div class="links">
      <button
        type="button"
        class="quiet links-button"
        aria-expanded={open}
        onClick={() => store.set({ linksOpen: !open })}
      >
        Links
        {links.length <= CHIPS
          ? links.map((link) => (
              <span class="link-chip" key={link.member}>
                <Dot state={link.state} /> {link.member}
                <span class="unseen"> {STATE_WORDS[link.state]}</span>
              </span>
            ))
          : sums.map((state) => (
              <span class="link-chip" key={state}>
                <Dot state={state} /> {count(state)} {STATE_WORDS[state]}
              </span>
            ))}
      </button>
      {open && <LinkList links={links} />}
    </div>
  );
}

function LinkList({ links }: { links: LinkStatus[] }) {
  const now = useStore((state) => state.status?.now_tai_s ?? 0);
  return (
    <div class="popover" role="region" aria-label="Links to partners" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Partner</th>
            <th scope="col">State</th>
            <th scope="col">For</th>
            <th scope="col">Detail</th>
          </tr>
        </thead>
        <tbody>
          {links.map((link) => (
            <tr key={link.member}>
              <th scope="row">{link.member}</th>
              <td class="nowrap">
                <Dot state={link.state} /> {STATE_WORDS[link.state]}
              </td>
              <td class="nowrap">{link.since_tai_s === null ? "" : spanText(now - link.since_tai_s)}</td>
              <td>{link.detail}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Up is a disc, late a triangle, down a cross, stopped a bar. */
function Dot({ state }: { state: LinkState }) {
  const shapes: Record<LinkState, string> = {
    up: "M6 2a4 4 0 1 1 0 8a4 4 0 1 1 0-8Z",
    late: "M6 1.5 11 10.5 1 10.5Z",
    down: "M2 3.4 3.4 2 6 4.6 8.6 2 10 3.4 7.4 6 10 8.6 8.6 10 6 7.4 3.4 10 2 8.6 4.6 6Z",
    stopped: "M2 4.5H10V7.5H2Z",
  };
  return (
    <svg class={`dot dot-${state}`} viewBox="0 0 12 12" width="10" height="10" aria-hidden="true">
      <path d={shapes[state]} />
    </svg>
  );
}
