// The time that is shown: live or not, its rate, and every way to another time.

import { useState } from "preact/hooks";
import { togglePlay } from "../keyboard";
import { session } from "../session";
import { useStore, type Tick } from "../store";
import { offsetText, taiOf, utcText } from "../utc";

const HALF_S = 43200;
const RATES = [1, 10, 60, 300, 600, 1800, 3600];

export function TimeBar() {
  const tick = useStore((state) => state.tick);
  return (
    <section class="time-bar" aria-label="Time">
      {tick ? <Known tick={tick} /> : <span class="muted">Waiting for the node's time…</span>}
    </section>
  );
}

function Known({ tick }: { tick: Tick }) {
  const moving = tick.live || tick.playing;
  return (
    <>
      <button type="button" class="play" onClick={togglePlay} title={moving ? "Pause (Space)" : "Play (Space)"}>
        <span class="unseen">{moving ? "Pause" : "Play"}</span>
        <svg viewBox="0 0 12 12" width="14" height="14" aria-hidden="true">
          {moving ? <path d="M2 1H5V11H2ZM7 1H10V11H7Z" /> : <path d="M2.5 1 11 6 2.5 11Z" />}
        </svg>
      </button>
      <TimeField tai={tick.tai} />
      <LiveChip tick={tick} />
      <Slider tick={tick} />
      <Rate tick={tick} />
      <button type="button" class="return" disabled={tick.live} onClick={() => session.clock.goLive()} title="Back to live (l)">
        Return to live
      </button>
    </>
  );
}

/** Shows the time and takes another: typed, or pasted whole. */
function TimeField({ tai }: { tai: number }) {
  const [typed, setTyped] = useState<string | null>(null);
  const [wrong, setWrong] = useState(false);
  const take = (text: string): void => {
    const wanted = taiOf(text);
    setWrong(wanted === null);
    if (wanted === null) return;
    session.clock.seek(wanted);
    setTyped(null);
    document.getElementById("time")?.blur();
  };
  return (
    <label class="time-field">
      <span class="unseen">Shown time, UTC. Type or paste another and press Enter</span>
      <input
        id="time"
        type="text"
        spellcheck={false}
        autocomplete="off"
        value={typed ?? utcText(tai).replace("T", " ")}
        aria-invalid={wrong}
        aria-describedby={wrong ? "time-wrong" : undefined}
        onFocus={(event) => setTyped(event.currentTarget.value)}
        onBlur={() => {
          setTyped(null);
          setWrong(false);
        }}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && take(event.currentTarget.value)}
      />
      {wrong && (
        <span class="bubble" id="time-wrong" role="alert">
          Not a UTC time: write 2026-11-23T19:05:07Z or 2026-327T19:05:07
        </span>
      )}
    </label>
  );
}

function LiveChip({ tick }: { tick: Tick }) {
  const connection = useStore((state) => state.connection);
  const heard = connection === "open";
  const words = chipWords(tick, heard);
  const tone = tick.live && heard && !tick.held ? "chip-live" : "chip-not-live";
  return (
    <span class={`live-chip ${tone}`} id="live-chip" title={tick.held ? "Positions for this time are awaited" : undefined}>
      {words}
    </span>
  );
}

function chipWords(tick: Tick, heard: boolean): string {
  if (tick.held) return "HOLDING";
  if (!tick.live) return `NOT LIVE ${offsetText(tick.tai - tick.liveTai)}`;
  if (!heard) return "LIVE LOST";
  return tick.speed === 1 ? "LIVE" : `LIVE ×${tick.speed.toLocaleString("en-GB")}`;
}

function Slider({ tick }: { tick: Tick }) {
  const offset = Math.max(-HALF_S, Math.min(HALF_S, tick.tai - tick.liveTai));
  return (
    <div class="slider">
      <input
        type="range"
        aria-label="Time around live"
        aria-valuetext={utcText(tick.tai)}
        min={-HALF_S}
        max={HALF_S}
        step={60}
        value={offset}
        onInput={(event) => session.clock.seek(tick.liveTai + Number(event.currentTarget.value))}
      />
      <div class="ticks" aria-hidden="true">
        {["−12 h", "−6 h", "live", "+6 h", "+12 h"].map((text) => (
          <span key={text}>{text}</span>
        ))}
      </div>
    </div>
  );
}

function Rate({ tick }: { tick: Tick }) {
  const rate = tick.live ? tick.speed : session.clock.rate;
  const choices = RATES.includes(rate) ? RATES : [...RATES, rate].sort((a, b) => a - b);
  return (
    <label class="rate">
      <span class="unseen">Simulated seconds per second</span>
      <select value={rate} onChange={(event) => session.clock.play(Number(event.currentTarget.value))}>
        {choices.map((one) => (
          <option key={one} value={one}>
            ×{one.toLocaleString("en-GB")}
          </option>
        ))}
      </select>
    </label>
  );
}
