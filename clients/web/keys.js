/** Some browsers (Safari) send the key that ends a composition after its end, with this code alone. */
const OF_INPUT_METHOD = 229;
const ACTING = new Set(["Enter", "Escape"]);

/** Whether somebody is still composing a word, so that a key is meant for their input method. */
export function isOfInputMethod({ isComposing, keyCode }) {
  return Boolean(isComposing) || keyCode === OF_INPUT_METHOD;
}

/**
 * From now on no listener in the page hears the keys of an input method, and no form or dialog acts on them. To be
 * called before anything else listens.
 */
export function guardComposing(page = globalThis) {
  const keep = (event) => {
    if (!isOfInputMethod(event)) return;
    event.stopImmediatePropagation();
    if (ACTING.has(event.key)) event.preventDefault();
  };
  page.addEventListener("keydown", keep, { capture: true });
}

/**
 * What Enter does in a field for longer texts: it sends, with Shift it makes a new line. On a telephone or tablet it
 * makes a new line, since its keyboard has no Shift+Enter and there is a button to send; with Ctrl or Cmd it sends
 * anywhere.
 */
export function sendsWith({ key, shiftKey, ctrlKey, metaKey }, is_touch = isTouch()) {
  if (key !== "Enter" || shiftKey) return false;
  return !is_touch || Boolean(ctrlKey || metaKey);
}

/** Whether people point with a finger here first of all. */
export function isTouch() {
  return matchMedia("(pointer: coarse)").matches;
}
