// The running console: follows the node, loads pictures and keyframes, moves the globe, obeys the user.

import { getObjects, getOrbit, getPanel, getStatus, ApiError, type Status } from "./api";
import { Clock } from "./clock";
import { listen } from "./events";
import type { Globe } from "./globe/globe";
import { KeyframeStore, stepFor } from "./keyframes";
import { Picture } from "./objects";
import { selectedRow, store, type State } from "./store";
import { may } from "./people/presence";
import { readAddress } from "./url-state";
import { taiOf, useLeapSeconds } from "./utc";
import { releaseFollower } from "./release/follow";
import { follower } from "./warnings/follow";
import { watchFollower } from "./watch/follow";

const TICK_MS = 200;
const LOG_KEPT = 500;
/** A picture that changes all the time is drawn anew at most this often. */
const REFRESH_MS = 2500;
const FIRST_TRIES = 5;
/** An inertial orbit drifts under perturbations; after this much time it is asked for again. */
const ORBIT_GOOD_S = 5400;

export class Session {
  readonly clock = new Clock();
  globe: Globe | null = null;
  private keyframes: KeyframeStore | null = null;
  private loading = false;
  private loadedAt = -Infinity;
  private orbitFor = "";
  private orbitAt = NaN;
  private tickAt = 0;
  private toCentre = false;
  private readonly eachFrame = new Set<() => void>();

  /** Run `then` after each frame, until the returned function is called. */
  onFrame(then: () => void): () => void {
    this.eachFrame.add(then);
    return () => this.eachFrame.delete(then);
  }

  start(): void {
    store.listen((now, before) => this.react(now, before));
    listen({
      status: (status) => this.hear(status),
      warnings: (revision) => follower.hear(revision),
      release: (revision) => releaseFollower.hear(revision),
      watch: (revision) => watchFollower.hear(revision),
      closed: () => void getStatus().catch(() => undefined), // says it when nobody is logged in any longer
      log: (line) => store.set({ log: [...store.state.log, line].slice(-LOG_KEPT) }),
      connection: (connection, silentS) => {
        const { state } = store;
        if (connection !== state.connection || Math.abs(silentS - state.silentS) >= 1) store.set({ connection, silentS });
      },
    });
    void this.first();
    const frame = (): void => {
      this.frame();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  adopt(globe: Globe): void {
    this.globe = globe;
    const { picture, order } = store.state;
    if (!picture) return;
    globe.hold(picture);
    globe.show(order);
  }

  select(object: string | null): void {
    if (object !== store.state.selected) store.set({ selected: object, companion: null, panel: null, panelTrouble: null });
  }

  /** Pick the row `by` places further down the table. */
  step(by: number): void {
    const { order, picture } = store.state;
    if (!picture || order.length === 0) return;
    const at = order.indexOf(selectedRow(store.state));
    const next = at < 0 ? 0 : Math.max(0, Math.min(order.length - 1, at + by));
    this.select(picture.columns.object[order[next]]);
  }

  /** Look at the picked object as soon as it has a place at the time that was asked for. */
  centreSoon(): void {
    this.toCentre = true;
  }

  centre(): void {
    const place = this.globe?.place(selectedRow(store.state));
    if (place) this.globe?.view.face(place.km.map((km) => km / 6378.137));
  }

  private async first(): Promise<void> {
    try {
      const status = await getStatus();
      if (status.leap_seconds) useLeapSeconds(status.leap_seconds);
      this.hear(status);
      const { time } = readAddress();
      const tai = time === null ? null : taiOf(time);
      if (tai !== null) this.clock.seek(tai);
      else if (matchMedia("(prefers-reduced-motion: reduce)").matches) this.clock.pause();
    } catch {
      setTimeout(() => void this.first(), 1500);
    }
  }

  private hear(status: Status): void {
    this.clock.hear(status.now_tai_s, status.rate);
    const { status: known } = store.state;
    store.set({ status: known ? { ...known, ...status } : status });
    void this.follow(status);
  }

  /** Load the newest picture when it is not the one shown, then its keyframes, and only then show it: never a mixture. */
  private async follow(status: Status): Promise<void> {
    const shown = store.state.picture?.columns.revision;
    if (store.state.route.page !== "picture" || !may("view_picture")) return;
    if (this.loading || shown === status.revision || performance.now() - this.loadedAt < REFRESH_MS) return;
    this.loading = true;
    try {
      const picture = new Picture(await getObjects());
      if (store.state.noGlobe === null) await this.prepare(picture);
      else store.set({ picture, trouble: null });
    } catch (fault) {
      const gone = fault instanceof ApiError && fault.status === 409;
      if (!gone && fault instanceof ApiError) store.set({ trouble: fault.message });
    } finally {
      this.loadedAt = performance.now();
      this.loading = false;
    }
  }

  private async prepare(picture: Picture): Promise<void> {
    const next = new KeyframeStore(picture.columns.revision, stepFor(this.clock.speed));
    // Time runs on while the first frames are made: ask again until they cover it.
    for (let n = 0; n < FIRST_TRIES && picture.count > 0 && !next.at(this.clock.now()); n++) {
      await next.want(this.clock.now(), this.clock.speed);
      if (next.trouble) break;
    }
    this.keyframes?.stop();
    this.keyframes = next;
    this.globe?.hold(picture);
    store.set({ picture, trouble: next.trouble });
    this.globe?.show(store.state.order);
    if (selectedRow(store.state) >= 0) void this.loadPanel();
  }

  private frame(): void {
    if (!this.clock.known) return;
    const tai = this.clock.now();
    const { picture, route } = store.state;
    if (route.page !== "picture") return this.tick(tai, false);
    let held = false;
    if (this.keyframes && picture && picture.count > 0) {
      void this.keyframes.want(tai, this.clock.speed);
      const pair = this.keyframes.at(tai);
      held = pair === null || pair.held;
      if (pair) this.globe?.move(pair);
      if (this.toCentre && !held && this.globe?.place(selectedRow(store.state))) {
        this.toCentre = false;
        this.centre();
      }
      if (this.keyframes.trouble !== store.state.trouble) store.set({ trouble: this.keyframes.trouble });
    }
    this.globe?.draw();
    for (const then of this.eachFrame) then();
    this.tick(tai, held);
  }

  private tick(tai: number, held: boolean): void {
    const real = performance.now();
    if (real - this.tickAt < TICK_MS) return;
    this.tickAt = real;
    const { live, playing, speed, liveTai } = this.clock;
    const drawn = `${this.globe?.generation} ${this.globe?.tai}`;
    store.set({ tick: { tai, liveTai, live, playing, speed, drawn, held } });
    if (this.globe && store.state.route.page === "picture" && selectedRow(store.state) >= 0) void this.loadOrbit(tai);
  }

  private react(now: State, before: State): void {
    if (now.route !== before.route && now.route.page === "picture" && now.status) void this.follow(now.status);
    if (now.order !== before.order && now.picture === before.picture) this.globe?.show(now.order);
    if (now.orbitFrame !== before.orbitFrame) this.orbitAt = NaN;
    if (now.selected === before.selected) return;
    this.globe?.showOrbit(null);
    this.orbitFor = "";
    void this.loadPanel();
  }

  private async loadPanel(): Promise<void> {
    const { picture, selected } = store.state;
    const row = selectedRow(store.state);
    if (!picture || row < 0) return;
    try {
      // By its lasting name: a newer estimate than the one in this picture is no less welcome.
      const panel = await getPanel(picture.columns.object[row]);
      if (store.state.selected === selected) store.set({ panel, panelTrouble: null });
    } catch (fault) {
      const words = fault instanceof ApiError ? fault.message : "the node does not answer";
      if (store.state.selected === selected) store.set({ panelTrouble: words });
    }
  }

  private async loadOrbit(tai: number): Promise<void> {
    const { picture, orbitFrame } = store.state;
    const row = selectedRow(store.state);
    if (!picture || !this.globe) return;
    const key = picture.columns.key[row];
    const good = orbitFrame === "inertial" ? ORBIT_GOOD_S : (picture.columns.period_s[row] ?? 5400) / 2;
    if (this.orbitFor === `${key} ${orbitFrame}` && Math.abs(tai - this.orbitAt) < good) return;
    this.orbitFor = `${key} ${orbitFrame}`;
    this.orbitAt = tai;
    try {
      const orbit = await getOrbit(picture.columns.object[row], tai, orbitFrame);
      if (this.orbitFor === `${key} ${orbitFrame}`) this.globe.showOrbit(orbit);
    } catch {
      this.globe.showOrbit(null);
    }
  }
}

export const session = new Session();
