// Keyframes ahead of the shown time. The node computes them; between two the browser interpolates.
//
// The step follows the rate of time: 60 s is exact to metres, 600 s to a fraction of a pixel of the whole globe.

import { ApiError, getKeyframes } from "./api";

/** Two keyframes around a time, and where between them it lies. */
export interface Pair {
  a: Float32Array;
  b: Float32Array;
  stepS: number;
  /** 0 at a, 1 at b. */
  fraction: number;
  /** The time shown; differs from the time asked for while positions are awaited. */
  tai: number;
  held: boolean;
}

const AHEAD_REAL_S = 5;
const FIRST_REAL_S = 1;
const MOST_PER_REQUEST = 6;
const MOST_KEPT = 24;
const RETRY_MS = 1000;

export function stepFor(rate: number): number {
  const speed = Math.abs(rate);
  if (speed <= 60) return 60;
  if (speed <= 300) return 120;
  if (speed <= 1200) return 300;
  return 600;
}

/** Frames of one revision at one step, by their number: time / step. */
class FrameSet {
  readonly frames = new Map<number, Float32Array>();

  constructor(
    readonly revision: number,
    readonly stepS: number,
  ) {}

  pair(tai: number): Pair | null {
    const at = tai / this.stepS;
    const k = Math.floor(at);
    const a = this.frames.get(k);
    const b = this.frames.get(k + 1);
    if (!a || !b) return null;
    return { a, b, stepS: this.stepS, fraction: at - k, tai, held: false };
  }

  /** Forget what lies farthest from the time. */
  trim(tai: number): void {
    const now = tai / this.stepS;
    const far = [...this.frames.keys()].sort((p, q) => Math.abs(q - now) - Math.abs(p - now));
    for (const k of far.slice(0, Math.max(0, far.length - MOST_KEPT))) this.frames.delete(k);
  }
}

export class KeyframeStore {
  /** Why positions are missing, in words, or null. */
  trouble: string | null = null;
  private current: FrameSet;
  private previous: FrameSet | null = null;
  private last: Pair | null = null;
  private asking: AbortController | null = null;
  private notBefore = 0;

  constructor(
    readonly revision: number,
    stepS = 60,
  ) {
    this.current = new FrameSet(revision, stepS);
  }

  /** The pair for a time; the last one, held at its end, while the right one is awaited. */
  at(tai: number): Pair | null {
    const pair = this.current.pair(tai) ?? this.previous?.pair(tai) ?? null;
    if (pair) {
      if (this.current.pair(tai)) this.previous = null;
      this.last = pair;
      return pair;
    }
    if (!this.last) return null;
    return (this.last = { ...this.last, held: true });
  }

  /** Ask for what is missing around the time, one request at a time. */
  async want(tai: number, rate: number): Promise<void> {
    const stepS = stepFor(rate);
    if (stepS !== this.current.stepS) this.change(stepS);
    if (this.asking || performance.now() < this.notBefore) return;
    const missing = this.missing(tai, rate);
    if (!missing) return;
    const set = this.current;
    this.asking = new AbortController();
    try {
      const got = await getKeyframes(missing.first * stepS, stepS, missing.count, this.revision, this.asking.signal);
      got.frames.forEach((frame, n) => set.frames.set(missing.first + n, frame));
      set.trim(tai);
      this.trouble = null;
    } catch (fault) {
      if (fault instanceof DOMException && fault.name === "AbortError") return;
      this.notBefore = performance.now() + RETRY_MS;
      this.trouble = fault instanceof ApiError ? fault.message : "the node does not answer";
    } finally {
      if (set === this.current) this.asking = null;
    }
  }

  stop(): void {
    this.asking?.abort();
  }

  private change(stepS: number): void {
    this.asking?.abort();
    this.asking = null;
    this.previous = this.current;
    this.current = new FrameSet(this.revision, stepS);
  }

  private missing(tai: number, rate: number): { first: number; count: number } | null {
    const { stepS, frames } = this.current;
    const now = Math.floor(tai / stepS);
    const ahead = Math.min(12, Math.max(2, Math.ceil((AHEAD_REAL_S * Math.abs(rate)) / stepS) + 1));
    for (let k = now; k <= now + ahead; k++) {
      if (frames.has(k)) continue;
      // What this moment needs goes first, with little more, so that the picture appears or moves on soonest.
      const soon = now + 2 + Math.ceil((FIRST_REAL_S * Math.abs(rate)) / stepS);
      const most = Math.min(MOST_PER_REQUEST, k < soon ? soon - k : MOST_PER_REQUEST);
      let count = 1;
      while (count < most && k + count <= now + ahead && !frames.has(k + count)) count++;
      return { first: k, count };
    }
    return null;
  }
}
