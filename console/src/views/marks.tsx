// The marks of the globe, for legends and tables: shape as well as colour.

import type { Standing } from "../objects";

export function Mark({ standing }: { standing: Standing }) {
  return (
    <svg class={`mark ${standing}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      {standing === "own" && <path d="M6 1 11 6 6 11 1 6Z" />}
      {standing === "partner" && <rect x="2.2" y="2.2" width="7.6" height="7.6" />}
      {standing === "element_set" && <circle cx="6" cy="6" r="2.2" />}
    </svg>
  );
}
