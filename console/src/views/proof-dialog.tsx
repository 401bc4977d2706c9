// Prove anew who you are: asked for before an approval, a new passkey and the like.

import { useEffect, useRef, useState } from "preact/hooks";
import { wordsOf } from "../api";
import { proveByPasskey, proveByPassword, type Presence } from "../people/api";
import { adopt } from "../people/presence";
import { proofGiven } from "../people/proof";
import { useStore } from "../store";

export function ProofDialog() {
  const open = useStore((state) => state.proofOpen);
  const account = useStore((state) => state.presence?.person?.account ?? "");
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="sheet-dialog" aria-labelledby="proof-title" onClose={() => open && proofGiven(false)}>
      {open && <Proof account={account} />}
    </dialog>
  );
}

function Proof({ account }: { account: string }) {
  const byOpenId = useStore((state) => state.presence?.person?.means?.startsWith("OpenID") ?? false);
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const password = useRef<HTMLInputElement>(null);
  useEffect(() => password.current?.focus(), []);

  const prove = async (how: () => Promise<Presence>): Promise<void> => {
    setFault(null);
    setBusy(true);
    try {
      adopt(await how());
      proofGiven(true);
    } catch (error) {
      setFault(wordsOf(error));
      setBusy(false);
    }
  };

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void prove(() => proveByPassword(password.current?.value ?? ""));
      }}
    >
      <h2 id="proof-title">Is it still you, {account}?</h2>
      <p class="muted">What you are about to do needs a proof of the last few minutes.</p>
      {!byOpenId && (
        <>
          <label for="proof-password">Password</label>
          <input id="proof-password" type="password" ref={password} autocomplete="current-password" />
        </>
      )}
      {fault !== null && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <p class="buttons">
        {byOpenId ? (
          <a class="button" href="api/v1/openid/begin?again=true">
            Prove at your provider
          </a>
        ) : (
          <button type="submit" class="main" disabled={busy}>
            Prove by password
          </button>
        )}
        <button type="button" disabled={busy} onClick={() => void prove(proveByPasskey)}>
          Use a passkey
        </button>
        <button type="button" class="quiet" onClick={() => proofGiven(false)}>
          Cancel
        </button>
      </p>
    </form>
  );
}
