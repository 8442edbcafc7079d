import { h, icon } from "./dom.js";
import { initialsOf } from "./words.js";

const TINTS = 8;

/** A picture, or initials on a colour that stays the same for the same id. */
export function avatar({ id, name, avatar_url }, { is_online, kind = "direct" } = {}) {
  const face = avatar_url ? h("img", { src: avatar_url, alt: "" }) : kind === "direct" ? initialsOf(name) : icon(kind);
  const dot = is_online && h("span", { class: "dot" });
  return h("span", { class: `avatar tint-${tintOf(id)}`, "aria-hidden": "true" }, face, dot);
}

function tintOf(id) {
  const hash = [...id].reduce((sum, char) => (Math.imul(sum, 31) + char.charCodeAt(0)) >>> 0, 7);
  return (hash >>> 13) % TINTS;
}
