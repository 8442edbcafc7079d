import { browserStorage, safeStorage } from "../js/storage.js";

/** What this browser remembers of nobody's words: who has switched something on. Where it keeps nothing, this page does. */
export const kept = safeStorage(browserStorage());
