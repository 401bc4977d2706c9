// How grave a warning is: shape as well as colour.

import type { Severity } from "../warnings/api";

const SHAPES: Record<Severity, string> = {
  red: "M6 .8 11.4 10.8H.6Z",
  amber: "M6 .6 11.4 6 6 11.4.6 6Z",
  green: "M6 2a4 4 0 1 1 0 8a4 4 0 1 1 0-8Z",
  none: "M1.5 5H10.5V7H1.5Z",
};

export function SeverityMark({ severity }: { severity: Severity }) {
  return (
    <svg class={`severity severity-${severity}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path d={SHAPES[severity]} />
    </svg>
  );
}
