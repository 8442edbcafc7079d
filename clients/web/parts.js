import { mentionsIn } from "../js/text.js";

/** Up to what would turn the direction of writing: a link reads as the address that it leads to. */
const LINK = /https?:\/\/[^\s<>"\p{Bidi_C}]+[^\s<>".,:;!?)\]}'\p{Bidi_C}]/gu;

/**
 * A text in parts: links, names of somebody, and what stands between.
 * @param {Map<string, boolean | null>} [named] by the keys of names that are somebody's: whether they are mine; null
 *   for whom the text does not address
 * @returns {{text: string, is_link?: true, is_me?: boolean}[]}
 */
export function partsOf(text, named = new Map()) {
  const links = [...text.matchAll(LINK)].map(({ 0: found, index }) => [index, index + found.length, { is_link: true }]);
  const names = mentionsIn(text, named).map(({ begin, end, key }) => [begin, end, { is_me: named.get(key) }]);
  const spans = [...links, ...names.filter(([, , { is_me }]) => is_me !== null)].sort(([one], [other]) => one - other);
  const parts = [];
  let at = 0;
  for (const [begin, end, what] of spans) {
    if (begin > at) parts.push({ text: text.slice(at, begin) });
    parts.push({ text: text.slice(begin, end), ...what });
    at = end;
  }
  if (at < text.length) parts.push({ text: text.slice(at) });
  return parts;
}
