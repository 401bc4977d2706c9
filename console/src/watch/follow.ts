// Keeps the page of the log as new as the node: asks again when the node says that it did something.

import { wordsOf } from "../api";
import { may } from "../people/presence";
import { store } from "../store";
import { getDecisions, getNodeState, getSharing, type DecisionFilter } from "./api";
import type { WatchState } from "./first";

const AT_MOST_EVERY_MS = 1000;
const AT_LEAST_EVERY_MS = 15000;

class WatchFollower {
  private told = 0;
  private asked = "";
  private asking = false;
  private askedAt = -Infinity;
  private later: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    store.listen((now, before) => {
      if (now.route !== before.route || now.watch.filter !== before.watch.filter) this.want();
    });
    // Cosignatures and confirmations come without a line in the log.
    setInterval(() => this.again(), AT_LEAST_EVERY_MS);
    this.want();
  }

  hear(revision: number): void {
    this.told = revision;
    this.want();
  }

  again(): void {
    this.asked = "";
    this.want();
  }

  private want(): void {
    const { route, watch } = store.state;
    if (route.page !== "log" || !may("view_log")) return;
    const question = questionOf(this.told, watch.filter);
    if (this.asking || question === this.asked) return;
    const wait = this.askedAt + AT_MOST_EVERY_MS - performance.now();
    clearTimeout(this.later);
    if (wait > 0 && watch.node !== null) this.later = setTimeout(() => this.want(), wait);
    else void this.load(question, watch.filter);
  }

  private async load(question: string, filter: DecisionFilter): Promise<void> {
    this.asking = true;
    this.askedAt = performance.now();
    this.asked = question;
    const release = may("view_release");
    try {
      const [node, sharing, decisions] = await Promise.all([
        getNodeState(),
        release ? getSharing() : null,
        release ? getDecisions(filter) : null,
      ]);
      const current = store.state.watch.filter === filter;
      setWatch({ node, sharing, trouble: null, ...(current ? { decisions } : {}) });
    } catch (fault) {
      this.asked = "";
      setWatch({ trouble: wordsOf(fault) });
      this.later = setTimeout(() => this.want(), 3000);
      this.asking = false;
      return;
    }
    this.asking = false;
    this.want();
  }
}

const questionOf = (told: number, { reader, allowed, words }: DecisionFilter): string => JSON.stringify([told, reader, allowed, words]);

export function setWatch(patch: Partial<WatchState>): void {
  store.set({ watch: { ...store.state.watch, ...patch } });
}

export const watchFollower = new WatchFollower();
