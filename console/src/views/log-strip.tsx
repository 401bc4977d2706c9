// The watch log: the last line always, all of them on demand; and what is wrong, if something is.

import { useEffect, useRef } from "preact/hooks";
import { may } from "../people/presence";
import { store, useStore } from "../store";
import { spanText } from "../utc";

export function LogStrip() {
  const open = useStore((state) => state.logOpen);
  const seen = useStore((state) => may("view_log", state));
  const last = useStore((state) => state.log.at(-1) ?? null);
  return (
    <footer class="log-strip">
      {open && <LogList />}
      <Trouble />
      <button
        type="button"
        class="log-button"
        aria-expanded={open}
        title="Watch log (w)"
        onClick={() => store.set({ logOpen: !open })}
      >
        <span class="log-title">Watch log</span>
        <span class="log-last">{!seen ? "not for your role" : last ? `${last.utc.slice(11, 19)} ${last.text}` : "no lines yet"}</span>
        <span class="log-more">{open ? "Close" : "All"}</span>
      </button>
    </footer>
  );
}

function LogList() {
  const log = useStore((state) => state.log);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [log.length]);
  return (
    <div class="log-list" role="log" aria-label="Watch log" tabIndex={0} ref={list}>
      {log.length === 0 && <p class="empty">{may("view_log") ? "No lines yet." : "Your role does not read the watch log."}</p>}
      {log.map((line) => (
        <p key={line.sequence}>
          <time>{line.utc.replace("T", " ")}</time>
          <span class="log-kind">{line.kind}</span>
          <span>{line.text}</span>
        </p>
      ))}
    </div>
  );
}

function Trouble() {
  const connection = useStore((state) => state.connection);
  const silentS = useStore((state) => Math.floor(state.silentS));
  const trouble = useStore((state) => state.trouble);
  const words =
    connection === "lost"
      ? `Disconnected from the node. What you see is as of ${spanText(silentS)} ago; trying again.`
      : connection === "stale"
        ? `No word from the node for ${spanText(silentS)}.`
        : trouble
          ? `Positions are missing: ${trouble}`
          : null;
  if (words === null) return null;
  return (
    <p class={`trouble ${connection === "lost" ? "trouble-lost" : ""}`} role="alert" id="trouble">
      {words}
    </p>
  );
}
