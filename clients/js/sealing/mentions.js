const NAME = /(?<![\p{L}\p{N}])@([\p{L}\p{N}_.-]*[\p{L}\p{N}_])/gu;
const MOST = 50;

/** The ids of the members whom a text names: the server cannot see it, so it is told. @returns {string[]} */
export function mentionedIn(text, members) {
  const named = new Set([...text.matchAll(NAME)].map(([, name]) => name.toLowerCase()));
  const ids = [...members].flatMap(({ user }) => (named.has(user.username?.toLowerCase()) ? [user.id] : []));
  return ids.slice(0, MOST);
}
