const LINK = /https?:\/\/[^\s<>"]+[^\s<>".,:;!?)\]}']/u;
const NAME = /(?<![\p{L}\p{N}])@(?<name>[\p{L}\p{N}_.-]*[\p{L}\p{N}_])/u;
const SPECIAL = new RegExp(`(?<link>${LINK.source})|${NAME.source}`, "gu");

/**
 * A text in parts: links, names of somebody, and what stands between.
 * @param {Record<string, boolean>} [named] the names that are somebody's, in small letters, and whether they are mine
 * @returns {{text: string, is_link?: true, is_me?: boolean}[]}
 */
export function partsOf(text, named = {}) {
  const parts = [];
  let at = 0;
  for (const { 0: found, index, groups } of text.matchAll(SPECIAL)) {
    const is_me = groups.name && named[groups.name.toLowerCase()];
    if (!groups.link && is_me === undefined) continue;
    if (index > at) parts.push({ text: text.slice(at, index) });
    parts.push(groups.link ? { text: found, is_link: true } : { text: found, is_me });
    at = index + found.length;
  }
  if (at < text.length) parts.push({ text: text.slice(at) });
  return parts;
}
