import { mentionsIn, nameKey } from "../text.js";

const MOST = 50;

/** The ids of the members whom a text mentions: the server cannot read it, so they are sent along. @returns {string[]} */
export function mentionedIn(text, members) {
  const ids = new Map([...members].map(({ user }) => [nameKey(user.username ?? ""), user.id]));
  return [...new Set(mentionsIn(text, ids).map(({ key }) => ids.get(key)))].slice(0, MOST);
}
