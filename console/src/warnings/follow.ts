// Keeps the warnings and the opened event as new as the node's: asks again when the node says that they changed.

import { ApiError, wordsOf } from "../api";
import { may } from "../people/presence";
import { store, type State } from "../store";
import { getWarning, getWarnings } from "./api";

const RETRY_MS = 3000;

class WarningsFollower {
  /** The newest revision that the node told of. */
  private told = -1;
  private asking = false;
  /** Which event at which revision was asked for last. */
  private asked = "";
  /** When the clock alone changes a status next: a deadline or a closest approach goes by. */
  private turnTai = Infinity;

  start(): void {
    store.listen((now, before) => {
      if (now.route !== before.route) this.want(now);
      if (now.warnings !== before.warnings) this.turnTai = nextTurn(now);
      if (now.tick && now.tick.liveTai > this.turnTai) this.turn(now);
    });
    this.want(store.state);
  }

  hear(revision: number): void {
    // A node that was started anew counts anew.
    this.told = revision;
    void this.loadList();
    this.want(store.state);
  }

  private turn(now: State): void {
    this.turnTai = nextTurn(now);
    void this.loadList(true);
    if (now.route.page === "event") void this.loadEvent(now.route.event, true);
  }

  private want({ route }: State): void {
    if ((route.page !== "warnings" && route.page !== "event") || !may("view_picture")) return;
    if (store.state.warnings === null) void this.loadList();
    if (route.page === "event") void this.loadEvent(route.event);
  }

  private async loadList(anyway = false): Promise<void> {
    if (!may("view_picture") || this.asking || (!anyway && store.state.warnings?.revision === this.told)) return;
    this.asking = true;
    let again = false;
    try {
      const before = this.told;
      const warnings = await getWarnings();
      store.set({ warnings, warningsTrouble: null });
      again = this.told !== before;
    } catch (fault) {
      store.set({ warningsTrouble: wordsOf(fault) });
      setTimeout(() => void this.loadList(), RETRY_MS);
    } finally {
      this.asking = false;
    }
    if (again) void this.loadList();
  }

  private async loadEvent(event: string, anyway = false): Promise<void> {
    const question = `${this.told} ${event}`;
    if (!anyway && question === this.asked && store.state.event?.event === event) return;
    this.asked = question;
    const current = (): boolean => {
      const { route } = store.state;
      return question === this.asked && route.page === "event" && route.event === event;
    };
    try {
      const answer = await getWarning(event);
      if (current()) store.set({ event: answer, eventTrouble: null, eventGone: false });
    } catch (fault) {
      if (!current()) return;
      const gone = fault instanceof ApiError && (fault.status === 404 || fault.status === 422);
      store.set({ eventGone: gone, eventTrouble: wordsOf(fault) });
      this.asked = "";
      if (!gone) setTimeout(() => this.want(store.state), RETRY_MS);
    }
  }
}

function nextTurn({ warnings, tick }: State): number {
  const now = tick?.liveTai ?? -Infinity;
  const turns = warnings?.events.flatMap((one) => [one.deadline_tai_s, one.tca_tai_s]) ?? [];
  return turns.reduce((next, tai) => (tai > now && tai < next ? tai : next), Infinity);
}

export const follower = new WarningsFollower();
