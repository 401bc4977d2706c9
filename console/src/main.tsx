import { render } from "preact";
import { exposeForTests } from "./inspection";
import { listenToKeys } from "./keyboard";
import { findOut, mustLogIn, onGone } from "./people/presence";
import { releaseFollower } from "./release/follow";
import { followAddress } from "./routes";
import { session } from "./session";
import { store } from "./store";
import { followTheme } from "./theme";
import { readAddress } from "./url-state";
import { Console } from "./views/console";
import { LogIn } from "./views/log-in";
import { follower } from "./warnings/follow";
import { watchFollower } from "./watch/follow";

const { selected, companion, filter } = readAddress();
const without = new URLSearchParams(location.search).get("gl") === "0";
store.set({ selected, companion, filter, noGlobe: without ? "The globe is switched off by ?gl=0." : null });
const page = document.getElementById("console") as HTMLElement;
followTheme();
exposeForTests();
render(<LogIn />, page);
onGone(() => render(<LogIn ended />, page));
await findOut();
if (!mustLogIn(store.state)) {
  listenToKeys();
  render(<Console />, page);
  session.start();
  followAddress();
  follower.start();
  releaseFollower.start();
  watchFollower.start();
}
