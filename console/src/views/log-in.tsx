// The page before the page: who are you? Nothing of the node is asked for, or kept in sight, until that is answered.

import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, wordsOf } from "../api";
import { logIn } from "../people/api";
import { useStore } from "../store";

/** `ended`: somebody was logged in and is no longer. */
export function LogIn({ ended = false }: { ended?: boolean }) {
  const presence = useStore((state) => state.presence);
  const trouble = useStore((state) => state.presenceTrouble);
  if (!presence || (!ended && presence.person)) {
    return (
      <main class="log-in">
        <p class="empty" role="status">
          {trouble ? "The node does not answer; trying again." : "Asking the node…"}
        </p>
      </main>
    );
  }
  const { node, openid } = presence;
  return (
    <main class="log-in" aria-labelledby="log-in-title">
      <div class="log-in-card">
        <p class="log-in-node">
          <span class={`mode mode-${node.mode.toLowerCase()}`}>{node.mode}</span>
          <span>
            <strong>{node.member_name}</strong> <span class="muted">{node.operation}</span>
          </span>
        </p>
        <h1 id="log-in-title">Log in</h1>
        {ended && <p class="note">Your session has ended. Log in to go on where you were.</p>}
        <Form />
        {openid !== null && (
          <p class="log-in-or">
            <a class="button" href="api/v1/openid/begin">
              Log in with {openid}
            </a>
          </p>
        )}
      </div>
    </main>
  );
}

function Form() {
  const [fault, setFault] = useState<string | null>(refusedByOpenId);
  const [state, setState] = useState<"typing" | "asking" | "passkey">("typing");
  const account = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  useEffect(() => account.current?.focus(), []);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setFault(null);
    setState("asking");
    try {
      await logIn(account.current?.value ?? "", password.current?.value ?? "", () => setState("passkey"));
      // Begin anew, under the address as it is: nothing of who was here before stays in the page.
      location.reload();
    } catch (error) {
      setFault(waitOf(error) ?? `${capital(wordsOf(error))}.`);
      setState("typing");
      password.current?.focus();
      password.current?.select();
    }
  };

  return (
    <form class="log-in-form" onSubmit={(event) => void submit(event)}>
      <label for="account">Account</label>
      <input id="account" type="text" ref={account} autocomplete="username" autocapitalize="none" spellcheck={false} required />
      <label for="password">Password</label>
      <input
        id="password"
        type="password"
        ref={password}
        autocomplete="current-password"
        aria-invalid={fault !== null}
        aria-describedby={fault !== null ? "log-in-fault" : undefined}
        required
      />
      {fault !== null && (
        <p id="log-in-fault" class="fault" role="alert">
          {fault}
        </p>
      )}
      <button type="submit" class="main" disabled={state !== "typing"}>
        {{ typing: "Log in", asking: "Asking…", passkey: "Use your passkey…" }[state]}
      </button>
      <p class="unseen" role="status">
        {state === "passkey" ? "Use your passkey now." : ""}
      </p>
    </form>
  );
}

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

function waitOf(fault: unknown): string | null {
  return fault instanceof ApiError && fault.status === 429 ? "Too many attempts. Wait half a minute and try again." : null;
}

/** The node sends a login by OpenID that it refused back here with a word in the address. */
function refusedByOpenId(): string | null {
  if (!location.hash.startsWith("#openid-refused")) return null;
  history.replaceState(null, "", location.pathname);
  return "Your provider's word was not accepted here. The node's watch log says why.";
}
