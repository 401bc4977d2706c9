// Who may see something and why, and under which label it stands.

import type { Sight } from "../api";
import { useStore } from "../store";

export function NotForYou() {
  return <p class="muted">Your role does not see what partners get.</p>;
}

export function Sights({ sights }: { sights: Sight[] }) {
  return (
    <ul class="sights">
      {sights.map((sight) => (
        <li key={sight.member} class={sight.allowed ? "allowed" : "refused"}>
          <span class="verdict">{sight.allowed ? "✓ yes" : "✕ no"}</span>
          <span>
            <strong>{sight.member}</strong> {sight.reason}
            {sight.agreement && (
              <span class="muted">
                {" "}
                [{sight.agreement}
                {sight.clause && `, ${sight.clause}`}]
              </span>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}

export function LabelParts({ label }: { label: { originator: string; classification: number; words: string[] }[] }) {
  const names = useStore((state) => state.status?.classification_names ?? []);
  const level = (n: number) => names[n] ?? `level ${n}`;
  return (
    <ul class="label">
      {label.map((part) => (
        <li key={part.originator}>
          <strong>{part.originator}</strong> {[level(part.classification), ...part.words].join("; ")}
        </li>
      ))}
    </ul>
  );
}
