import { h, icon } from "./dom.js";
import { initialsOf } from "./words.js";

const TINTS = 8;

/** A picture, or initials on a colour that stays the same for the same id. */
export function avatar({ id, name, avatar_url }, { is_online, kind = "direct" } = {}) {
  const face = avatar_url ? picture(avatar_url, () => sign(name, kind)) : sign(name, kind);
  const dot = is_online && h("span", { class: "dot" });
  return h("span", { class: `avatar tint-${tintOf(id)}`, "aria-hidden": "true" }, face, dot);
}

/** What cannot be loaded any more, or not by this browser, is as good as none. */
function picture(url, instead) {
  const image = h("img", { src: url, alt: "", onerror: () => image.replaceWith(instead()) });
  return image;
}

function sign(name, kind) {
  return kind === "direct" ? initialsOf(name) : icon(kind);
}

function tintOf(id) {
  const hash = [...id].reduce((sum, char) => (Math.imul(sum, 31) + char.charCodeAt(0)) >>> 0, 7);
  return (hash >>> 13) % TINTS;
}
