// The sheet of keyboard shortcuts.

import { useEffect, useRef } from "preact/hooks";
import { SHORTCUTS } from "../keyboard";
import { store, useStore } from "../store";

export function Shortcuts() {
  const open = useStore((state) => state.shortcutsOpen);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="shortcuts" aria-labelledby="shortcuts-title" onClose={() => store.set({ shortcutsOpen: false })}>
      <div class="sheet-head">
        <h2 id="shortcuts-title">Keyboard</h2>
        <button type="button" class="quiet" onClick={() => store.set({ shortcutsOpen: false })}>
          Close
        </button>
      </div>
      <dl>
        {SHORTCUTS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
