import { fill, h } from "./dom.js";
import { sentenceOf, waitText } from "./words.js";

const MAIL_TAKES_S = 30;

/** The field for the six digits from a mail. */
export const CODE = {
  name: "code",
  label: "6-digit code",
  inputmode: "numeric",
  autocomplete: "one-time-code",
  maxlength: 20,
};

/** Whether six digits were typed, blanks and hyphens between them or not. */
export const isWholeCode = (typed) => typed.replace(/[\s-]/g, "").length === 6;

/**
 * A form of labelled fields. Refusals are told at the fields they are about, others below.
 *
 * @param {object} form
 * @param {object[]} form.fields `name`, `label`, perhaps `hint`, `tag` and a select's `options`; all else are
 *   attributes
 * @param {(values: object) => Promise<?string>} form.run what it is for; may say how it went, and throws refusals
 */
export function formElement({ testid, fields, verb, is_danger, run }) {
  const error = h("p", { class: "error", role: "alert" });
  const done = h("p", { class: "done", role: "status" });
  const button = h("button", { class: is_danger ? "primary dangerous" : "primary" }, verb);
  const elements = fields.map((field) => fieldElement(testid, field));
  const form = h("form", { "data-testid": testid, novalidate: true, onsubmit: submit }, elements, error, done, button);
  return form;

  async function submit(event) {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    fill(done);
    try {
      const sentence = await run(Object.fromEntries(new FormData(form)));
      complain(form, error, null);
      fill(done, sentence);
    } catch (refusal) {
      complain(form, error, refusal);
    }
    button.disabled = false;
  }
}

/** A button that asks for another code, and says how long to wait before. Refusals are told in the form's error. */
export function resendElement(form, ask, seconds) {
  const error = form.querySelector(".error");
  const button = h("button", { type: "button", class: "link", "data-testid": "resend" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const { resend_after } = await ask();
      fill(error);
      countDown(button, Math.max(resend_after, MAIL_TAKES_S));
    } catch (refusal) {
      fill(error, sentenceOf(refusal));
      countDown(button, refusal.retry_after ?? 0);
    }
  });
  queueMicrotask(() => countDown(button, Math.max(seconds, MAIL_TAKES_S)));
  return h("p", { class: "offer" }, button);
}

function fieldElement(testid, { label, hint = "", tag = "input", options = [], ...attributes }) {
  const id = `${testid}-${attributes.name}`;
  const choices = options.map(([value, text]) => h("option", { value }, text));
  return h(
    "div",
    { class: "field" },
    h("label", { htmlFor: id }, label),
    h(tag, { id, "aria-describedby": `${id}-note`, "data-hint": hint, ...attributes }, choices),
    h("small", { id: `${id}-note`, class: "note" }, hint),
  );
}

function complain(form, error, refusal) {
  let is_said = false;
  const fields = [...form.querySelectorAll("input, textarea, select")];
  for (const field of fields) {
    const detail = refusal?.about?.(field.name) ?? null;
    const note = field.nextElementSibling;
    field.setAttribute("aria-invalid", String(detail !== null));
    note.classList.toggle("error", detail !== null);
    note.textContent = detail ?? field.dataset.hint;
    if (detail !== null && !is_said) field.focus();
    is_said ||= detail !== null;
  }
  const rest = is_said ? refusal.besides(fields.map(({ name }) => name)).join(" ") : refusal && sentenceOf(refusal);
  fill(error, rest || null);
}

function countDown(button, seconds) {
  let left = Math.ceil(seconds);
  const tick = () => {
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Send the code again in ${waitText(left)}` : "Send the code again";
    if (left-- > 0 && button.isConnected) setTimeout(tick, 1_000);
  };
  tick();
}
