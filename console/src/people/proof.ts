// A fresh proof before what needs one: the dialog is asked for here, and whoever asked goes on when it was given.

import { ApiError } from "../api";
import { store } from "../store";

let waiting: ((proved: boolean) => void) | null = null;

/** Have the person prove anew who it is; says whether that was done. */
export function askForProof(): Promise<boolean> {
  waiting?.(false);
  store.set({ proofOpen: true });
  return new Promise((done) => (waiting = done));
}

export function proofGiven(proved: boolean): void {
  store.set({ proofOpen: false });
  waiting?.(proved);
  waiting = null;
}

/** Do what needs a fresh proof, after asking for one when there is none; null when the person did not give it. */
export async function withProof<T>(act: () => Promise<T>): Promise<T | null> {
  if (!store.state.presence?.person?.fresh && !(await askForProof())) return null;
  try {
    return await act();
  } catch (fault) {
    // What was fresh when it was last told of may be so no longer.
    if (!(fault instanceof ApiError && fault.status === 403 && fault.message.includes("anew"))) throw fault;
    return (await askForProof()) ? act() : null;
  }
}
