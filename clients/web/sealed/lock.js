import { h, icon } from "../dom.js";

/** The sign of an end-to-end conversation, beside its name. */
export function lockElement() {
  const label = "End-to-end encrypted";
  return h("span", { role: "img", "aria-label": label, title: label, "data-testid": "lock" }, icon("lock"));
}
