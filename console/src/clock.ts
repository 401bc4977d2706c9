// The time that the picture shows: the node's own (live), or one that the user set and lets run or rest.

/** Faster or slower by at most this share while following the node, so that nothing jumps at each message. */
const SLEW = 0.5;

export class Clock {
  live = true;
  playing = true;
  /** Simulated seconds per real second while not live. */
  rate = 1;
  private serverRate = 1;
  private serverTai = NaN;
  private serverAt = 0;
  private shownTai = NaN;
  private shownAt = 0;

  constructor(private readonly realS: () => number = () => performance.now() / 1000) {}

  /** Whether any time is known yet. */
  get known(): boolean {
    return Number.isFinite(this.shownTai);
  }

  /** The rate at which shown time runs now. */
  get speed(): number {
    if (this.live) return this.serverRate;
    return this.playing ? this.rate : 0;
  }

  /** The node's time now, as last heard and run on. */
  get liveTai(): number {
    return this.serverTai + (this.realS() - this.serverAt) * this.serverRate;
  }

  /** Take over what the node says its time and rate are. */
  hear(tai: number, rate: number): void {
    const first = !this.known;
    this.serverTai = tai;
    this.serverRate = rate;
    this.serverAt = this.realS();
    if (first) {
      this.shownTai = tai;
      this.shownAt = this.serverAt;
    }
  }

  /** The time to show now; moves the clock on. */
  now(): number {
    const real = this.realS();
    const passed = real - this.shownAt;
    this.shownAt = real;
    if (!this.live) {
      this.shownTai += passed * this.speed;
      return this.shownTai;
    }
    const target = this.liveTai;
    const run = passed * this.serverRate;
    const behind = target - (this.shownTai + run);
    const far = Math.abs(behind) > 4 * Math.max(1, this.serverRate) || this.serverRate === 0;
    this.shownTai = far ? target : this.shownTai + run + clamp(behind, SLEW * run);
    return this.shownTai;
  }

  seek(tai: number): void {
    this.now();
    if (this.live) this.leave();
    this.shownTai = tai;
  }

  pause(): void {
    this.now();
    if (this.live) this.leave();
    this.playing = false;
  }

  play(rate: number): void {
    this.now();
    this.live = false;
    this.playing = true;
    this.rate = rate;
  }

  /** Stop following the node; playing from here goes at the node's rate. */
  private leave(): void {
    this.live = false;
    this.playing = false;
    if (this.serverRate > 0) this.rate = this.serverRate;
  }

  goLive(): void {
    this.live = true;
    this.playing = true;
    this.shownTai = this.liveTai;
    this.shownAt = this.realS();
  }
}

function clamp(value: number, bound: number): number {
  return Math.max(-Math.abs(bound), Math.min(Math.abs(bound), value));
}
