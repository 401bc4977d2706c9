// The own account: who is logged in, as what; passkeys, password, and the way out.

import { useEffect, useRef, useState } from "preact/hooks";
import { wordsOf } from "../api";
import { addPasskey, changePassword, getPasskeys, logOut, removePasskey, type HeldPasskey, type Person } from "../people/api";
import { adopt, rolesText } from "../people/presence";
import { withProof } from "../people/proof";
import { store, useStore } from "../store";

export function AccountDialog() {
  const open = useStore((state) => state.personOpen);
  const person = useStore((state) => state.presence?.person ?? null);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  const close = (): void => store.set({ personOpen: false });
  return (
    <dialog ref={dialog} class="sheet-dialog" aria-labelledby="account-title" onClose={close}>
      {open && person && <Account person={person} close={close} />}
    </dialog>
  );
}

function Account({ person, close }: { person: Person; close: () => void }) {
  const [said, setSaid] = useState<{ words: string; bad: boolean } | null>(null);
  /** Do something and tell how it went; a fault is told where the person looks. */
  const tell = async (act: () => Promise<string | null>): Promise<void> => {
    setSaid(null);
    try {
      const words = await act();
      if (words !== null) setSaid({ words, bad: false });
    } catch (fault) {
      setSaid({ words: wordsOf(fault), bad: true });
    }
  };
  return (
    <>
      <div class="sheet-head">
        <h2 id="account-title">{person.name}</h2>
        <button type="button" class="quiet" onClick={close}>
          Close
        </button>
      </div>
      <dl class="account-facts">
        <dt>Account</dt>
        <dd>{person.account}</dd>
        <dt>Roles</dt>
        <dd>{rolesText(person.roles)}</dd>
        <dt>Logged in by</dt>
        <dd>{person.means}</dd>
      </dl>
      {said && (
        <p class={said.bad ? "fault" : "done"} role={said.bad ? "alert" : "status"}>
          {said.words}
        </p>
      )}
      <Passkeys tell={tell} />
      {person.means?.startsWith("password") && <Password tell={tell} />}
      <p class="buttons">
        <button
          type="button"
          class="main"
          onClick={() =>
            void tell(async () => {
              await logOut();
              location.reload();
              return null;
            })
          }
        >
          Log out
        </button>
      </p>
    </>
  );
}

type Tell = (act: () => Promise<string | null>) => Promise<void>;

function Passkeys({ tell }: { tell: Tell }) {
  const [held, setHeld] = useState<HeldPasskey[] | null>(null);
  const label = useRef<HTMLInputElement>(null);
  useEffect(() => {
    void tell(async () => {
      setHeld(await getPasskeys());
      return null;
    });
  }, []);
  const add = async (): Promise<string | null> => {
    const presence = await withProof(() => addPasskey(label.current?.value ?? ""));
    if (presence === null) return null;
    adopt(presence);
    setHeld(await getPasskeys());
    if (label.current) label.current.value = "";
    return "The passkey is added: from now on it is asked for after the password.";
  };
  const remove = async (id: string): Promise<string | null> => {
    const left = await withProof(() => removePasskey(id));
    if (left === null) return null;
    setHeld(left);
    return left.length > 0 ? "The passkey is forgotten." : "The passkey is forgotten: the password alone lets you in.";
  };
  return (
    <section aria-labelledby="passkeys-title">
      <h3 id="passkeys-title">Passkeys</h3>
      {held?.length === 0 && <p class="muted">None: your password alone lets you in.</p>}
      <ul class="passkeys">
        {held?.map((one) => (
          <li key={one.id}>
            <span>{one.label}</span>
            <button type="button" class="quiet" onClick={() => void tell(() => remove(one.id))}>
              Forget<span class="unseen"> {one.label}</span>
            </button>
          </li>
        ))}
      </ul>
      <form
        class="passkey-form"
        onSubmit={(event) => {
          event.preventDefault();
          void tell(add);
        }}
      >
        <label for="passkey-label">Name of a new one</label>
        <input id="passkey-label" type="text" ref={label} maxLength={40} placeholder="blue key" />
        <button type="submit">Add a passkey</button>
      </form>
    </section>
  );
}

function Password({ tell }: { tell: Tell }) {
  const old = useRef<HTMLInputElement>(null);
  const fresh = useRef<HTMLInputElement>(null);
  const set = async (): Promise<string> => {
    adopt(await changePassword(old.current?.value ?? "", fresh.current?.value ?? ""));
    for (const field of [old.current, fresh.current]) if (field) field.value = "";
    return "The password is changed; your other sessions have ended.";
  };
  return (
    <details>
      <summary>Change the password</summary>
      <form
        class="passkey-form"
        onSubmit={(event) => {
          event.preventDefault();
          void tell(set);
        }}
      >
        <label for="old-password">Password so far</label>
        <input id="old-password" type="password" ref={old} autocomplete="current-password" required />
        <label for="new-password">New password</label>
        <input id="new-password" type="password" ref={fresh} autocomplete="new-password" required />
        <button type="submit">Change it</button>
      </form>
    </details>
  );
}
