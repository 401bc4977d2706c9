// Keeps the page of releases as new as the node: asks again when the node says that something changed, or time did.

import { wordsOf } from "../api";
import { may } from "../people/presence";
import { store, type State } from "../store";
import { getAgreements, getHeld, getProposals, getProposed, getSeen, getSheet, type Held, type Kind } from "./api";
import { ReleaseRows } from "./rows";
import { setRelease } from "./state";

const RETRY_MS = 3000;
/** A busy node changes all the time: what it holds is not asked for more often than so. */
const AT_MOST_EVERY_MS = 2000;

class ReleaseFollower {
  /** The newest revision that the node told of, and the one that is shown. */
  private told = -1;
  private shown = "";
  private asking = false;
  private askedAt = -Infinity;
  private later: ReturnType<typeof setTimeout> | undefined;
  private turnTai = Infinity;

  start(): void {
    store.listen((now, before) => {
      if (now.route !== before.route || now.status?.links.length !== before.status?.links.length) this.want();
      if (now.release.chosen !== before.release.chosen) void this.loadSheet();
      if (now.tick && now.tick.liveTai > this.turnTai) {
        this.turnTai = Infinity;
        this.shown = "";
        this.want();
      }
    });
    this.want();
  }

  hear(revision: number): void {
    this.told = revision;
    this.want();
  }

  /** Ask anew, as after an approval. */
  again(): void {
    this.shown = "";
    this.want();
  }

  private want(): void {
    const { route } = store.state;
    if (route.page !== "release" || !may("view_release")) return;
    const partner = partnerOf(store.state);
    if (this.asking || this.shown === `${this.told} ${partner}`) return;
    const wait = this.askedAt + AT_MOST_EVERY_MS - performance.now();
    const other = store.state.release.rows?.seen.reader !== partner;
    clearTimeout(this.later);
    if (wait > 0 && !other) this.later = setTimeout(() => this.want(), wait);
    else void this.load(partner);
  }

  private async load(partner: string | null): Promise<void> {
    this.asking = true;
    this.askedAt = performance.now();
    const asked = `${this.told} ${partner}`;
    try {
      const [agreements, proposals, proposed] = await Promise.all([getAgreements(), getProposals(), getProposed()]);
      const loaded = partner === null ? null : await loadRows(partner, store.state.release.held);
      if (partnerOf(store.state) === partner) {
        this.shown = asked;
        this.turnTai = loaded?.rows.nextTai ?? Infinity;
        setRelease({ agreements, proposals, proposed, trouble: null, ...(loaded ?? { rows: null }) });
        void this.loadSheet();
      }
      this.asking = false;
      this.want();
    } catch (fault) {
      this.asking = false;
      setRelease({ trouble: wordsOf(fault) });
      this.later = setTimeout(() => this.want(), RETRY_MS);
    }
  }

  private async loadSheet(): Promise<void> {
    const { chosen } = store.state.release;
    const partner = partnerOf(store.state);
    if (chosen === null || partner === null) return;
    const current = (): boolean => store.state.release.chosen === chosen && partnerOf(store.state) === partner;
    try {
      const sheet = await getSheet(partner, chosen);
      if (current()) setRelease({ sheet, sheetTrouble: null });
    } catch (fault) {
      if (current()) setRelease({ sheet: null, sheetTrouble: wordsOf(fault) });
    }
  }
}

/** Whom the page is about: the member of the address, else the first partner. */
export function partnerOf({ route, status }: State): string | null {
  if (route.page !== "release") return null;
  return route.partner ?? status?.links[0]?.member ?? null;
}

/** What is held and what is said of it must be of the same revision: never a mixture. */
async function loadRows(partner: string, known: ReadonlyMap<Kind, Held>): Promise<{ held: Map<Kind, Held>; rows: ReleaseRows }> {
  for (let tries = 0; ; tries++) {
    const seen = await getSeen(partner);
    const held = new Map(known);
    await Promise.all(
      seen.kinds
        .filter((one) => held.get(one.kind)?.revision !== one.revision)
        .map(async ({ kind }) => held.set(kind, await getHeld(kind))),
    );
    known = held;
    const same = seen.kinds.every((one) => held.get(one.kind)?.revision === one.revision);
    if (same) return { held, rows: new ReleaseRows(seen, held) };
    if (tries > 5) throw new Error("what the node holds changes faster than it can be told");
  }
}

export const releaseFollower = new ReleaseFollower();
