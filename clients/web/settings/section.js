import { h } from "../dom.js";

/** A part of a panel, under its title. */
export function sectionElement(title, ...content) {
  return h("section", { class: "section" }, h("h3", {}, title), ...content);
}
