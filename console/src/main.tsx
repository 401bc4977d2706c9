import { render } from "preact";
import { exposeForTests } from "./inspection";
import { listenToKeys } from "./keyboard";
import { session } from "./session";
import { store } from "./store";
import { followTheme } from "./theme";
import { readAddress } from "./url-state";
import { Console } from "./views/console";

const { selected, filter } = readAddress();
const without = new URLSearchParams(location.search).get("gl") === "0";
store.set({ selected, filter, noGlobe: without ? "The globe is switched off by ?gl=0." : null });
followTheme();
listenToKeys();
exposeForTests();
render(<Console />, document.getElementById("console") as HTMLElement);
session.start();
