// Who acts, as the node tells it, and the ways to log in, prove it anew and log out.

import { ask, change, type Mode } from "../api";

export interface Person {
  /** Null for whoever sits at a machine without accounts. */
  account: string | null;
  name: string;
  roles: string[];
  /** What the person may do, by the names of the table of roles. */
  actions: string[];
  means: string | null;
  /** Whether a password or passkey was given within the last minutes. */
  fresh: boolean;
}

export interface Presence {
  login_required: boolean;
  person: Person | null;
  csrf: string | null;
  node: { member: string; member_name: string; operation: string; mode: Mode };
  /** Name of the OpenID provider, if people may log in by one. */
  openid: string | null;
}

/** A question for the browser's authenticator, and the token that the answer comes with. */
export interface Step<Options> {
  token: string;
  options: Options;
}

export interface HeldPasskey {
  id: string;
  label: string;
  added_tai_s: number;
  used_tai_s: number | null;
}

type Begun = Presence | { step: Step<PublicKeyCredentialRequestOptionsJSON> };

const json = async <T>(answer: Promise<Response>): Promise<T> => (await (await answer).json()) as T;

export const getPresence = (): Promise<Presence> => json(ask("session"));

/** Log in; an account with a passkey has the browser ask for it. */
export async function logIn(account: string, password: string, onPasskey: () => void): Promise<Presence> {
  const begun = await json<Begun>(change("session", { account, password }));
  if (!("step" in begun)) return begun;
  onPasskey();
  return json(change("session/passkey", await signed(begun.step)));
}

export const logOut = (): Promise<Presence> => json(change("session/end", {}));
export const proveByPassword = (password: string): Promise<Presence> => json(change("session/proof", { password }));

export async function proveByPasskey(): Promise<Presence> {
  const step = await json<Step<PublicKeyCredentialRequestOptionsJSON>>(change("session/proof/begin", {}));
  return json(change("session/proof/passkey", await signed(step)));
}

export const changePassword = (password: string, fresh: string): Promise<Presence> =>
  json(change("session/password", { password, new: fresh }));

export const getPasskeys = (): Promise<HeldPasskey[]> => json(ask("session/passkeys"));
export const removePasskey = (id: string): Promise<HeldPasskey[]> => json(change("session/passkeys/remove", { id }));

export async function addPasskey(label: string): Promise<Presence> {
  const step = await json<Step<PublicKeyCredentialCreationOptionsJSON>>(change("session/passkeys/begin", {}));
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(step.options);
  const made = await asked(() => navigator.credentials.create({ publicKey }));
  return json(change("session/passkeys", { token: step.token, credential: made.toJSON(), label }));
}

async function signed(step: Step<PublicKeyCredentialRequestOptionsJSON>): Promise<object> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(step.options);
  const given = await asked(() => navigator.credentials.get({ publicKey }));
  return { token: step.token, credential: given.toJSON() };
}

/** What browsers throw here says little; a person is told what to do. */
async function asked(authenticator: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const given = await authenticator();
    if (given instanceof PublicKeyCredential) return given;
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === "InvalidStateError") throw new Error("this authenticator is added already");
  }
  throw new Error("the passkey was not used: try again, and answer your browser's question");
}
