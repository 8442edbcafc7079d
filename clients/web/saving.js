import { fill, h } from "./dom.js";
import { sentenceOf } from "./words.js";

/**
 * Save a setting as soon as its control is changed, and take the control back when that is refused.
 * @param {"checked" | "value"} property of the control
 * @param {(value: any) => Promise<void>} save
 * @returns {Element} where it is told
 */
export function saving(control, property, save) {
  const note = h("small", { class: "done", role: "status" });
  let saved = control[property];
  control.addEventListener("change", async () => {
    const wanted = control[property];
    control.disabled = true;
    note.classList.remove("error");
    try {
      await save(wanted);
      saved = wanted;
      fill(note, "Saved.");
    } catch (refusal) {
      control[property] = saved;
      note.classList.add("error");
      fill(note, sentenceOf(refusal));
    }
    control.disabled = false;
    control.focus();
  });
  return note;
}

/** A setting that is on or off. */
export function switchElement({ name, is_on, label, save }) {
  const box = h("input", { type: "checkbox", name, checked: is_on, "data-testid": `setting-${name}` });
  return h("div", { class: "setting" }, h("label", {}, box, label), saving(box, "checked", save));
}

/** A setting with some choices, `[value, label]` each. */
export function choiceElement({ name, choices, chosen, label, save }) {
  const options = choices.map(([value, text]) => h("option", { value, selected: value === chosen }, text));
  const select = h("select", { name, "data-testid": `setting-${name}` }, options);
  return h("div", { class: "setting field" }, h("label", {}, label, select), saving(select, "value", save));
}
