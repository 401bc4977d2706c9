// The node's stream of events, and whether we still hear it.

import type { LogLine, Status } from "./api";
import type { Connection } from "./store";

const STALE_AFTER_S = 4;
const REOPEN_MS = 2000;

export interface Listeners {
  status(status: Status): void;
  log(line: LogLine): void;
  warnings(revision: number): void;
  release(revision: number): void;
  watch(revision: number): void;
  /** The node has answered something else than a stream. */
  closed(): void;
  connection(state: Connection, silentS: number): void;
}

/** Listen for as long as the page lives; the browser reconnects and tells the node the last line it has. */
export function listen(on: Listeners): void {
  let heard = performance.now();
  let open = false;
  let ever = false;

  const start = (): void => {
    const source = new EventSource("api/v1/events");
    source.addEventListener("status", (event: MessageEvent<string>) => {
      heard = performance.now();
      open = ever = true;
      on.status(JSON.parse(event.data) as Status);
      on.connection("open", 0);
    });
    source.addEventListener("log", (event: MessageEvent<string>) => on.log(JSON.parse(event.data) as LogLine));
    source.addEventListener("warnings", (event: MessageEvent<string>) => {
      on.warnings((JSON.parse(event.data) as { revision: number }).revision);
    });
    source.addEventListener("watch", (event: MessageEvent<string>) => {
      on.watch((JSON.parse(event.data) as { revision: number }).revision);
    });
    source.addEventListener("release", (event: MessageEvent<string>) => {
      on.release((JSON.parse(event.data) as { revision: number }).revision);
    });
    source.addEventListener("error", () => {
      open = false;
      on.connection("lost", silent());
      // An answer that is no stream (a proxy's error page) ends the browser's own attempts.
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(start, REOPEN_MS);
      on.closed();
    });
  };
  const silent = (): number => (performance.now() - heard) / 1000;

  setInterval(() => {
    if (!open) on.connection(ever || silent() > STALE_AFTER_S ? "lost" : "connecting", silent());
    else if (silent() > STALE_AFTER_S) on.connection("stale", silent());
  }, 500);
  start();
}
