// The watch log in full, the newest first.

import { useState } from "preact/hooks";
import { useStore } from "../store";

export function WatchLines() {
  const log = useStore((state) => state.log);
  const [kind, setKind] = useState("");
  const kinds = [...new Set(log.map((line) => line.kind))].sort();
  const shown = log.filter((line) => !kind || line.kind === kind).reverse();
  return (
    <section class="log-decisions" aria-label="Watch log">
      <div class="release-tools">
        <label>
          <span class="muted">About</span>{" "}
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
            <option value="">everything</option>
            {kinds.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
        <span class="count">the last {shown.length}</span>
      </div>
      <div class="release-scroll" tabIndex={0} role="log" aria-label="Lines of the watch log">
        {shown.length === 0 && <p class="empty">No lines yet.</p>}
        <table class="plain-table watch-lines">
          <thead class="unseen">
            <tr>
              <th scope="col">Time (UTC)</th>
              <th scope="col">About</th>
              <th scope="col">What</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((line) => (
              <tr key={line.sequence}>
                <td class="nowrap">
                  <time>{line.utc.replace("T", " ")}</time>
                </td>
                <td class="muted">{line.kind}</td>
                <td>{line.text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
