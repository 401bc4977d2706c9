// Who sits before the page: found out before anything else is asked, and again when the node says "log in first".

import { onLoggedOut, useCsrf } from "../api";
import { store, type State } from "../store";
import { getPresence, type Presence } from "./api";

/** Ask the node who acts; until it answers there is nothing to show. */
export async function findOut(): Promise<Presence> {
  for (;;) {
    try {
      const presence = await getPresence();
      adopt(presence);
      return presence;
    } catch {
      store.set({ presenceTrouble: true });
      await new Promise((again) => setTimeout(again, 1500));
    }
  }
}

export function adopt(presence: Presence): void {
  useCsrf(presence.csrf);
  store.set({ presence, presenceTrouble: false });
}

/** Run `then` once the node has said that nobody is logged in any longer. */
export function onGone(then: () => void): void {
  let gone = false;
  onLoggedOut(() => {
    if (gone || !store.state.presence?.person) return;
    gone = true;
    then();
  });
}

export const mustLogIn = ({ presence }: State): boolean => presence !== null && presence.login_required && !presence.person;

/** Whether the person may do something, by the name in the table of roles. */
export const may = (action: string, { presence }: State = store.state): boolean =>
  presence?.person?.actions.includes(action) ?? false;

export const rolesText = (roles: string[]): string => (roles.length > 0 ? roles.join(", ") : "no role that counts");
