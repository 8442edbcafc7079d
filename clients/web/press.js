const LONG_MS = 450;
const STILL_PX = 10;
const ENDS = ["pointerup", "pointercancel", "contextmenu", "blur", "keydown", "pointermove"];

let letGo = null;
let until = Promise.resolve();

/** From now on it is known when a pointer is pressed. */
export function watchPresses() {
  addEventListener("pointerdown", ({ button }) => {
    if (button === 0 && !letGo) until = new Promise((resolve) => (letGo = resolve));
  });
  const end = ({ type, buttons }) => {
    if (!letGo || (type === "pointermove" && buttons)) return; // scrollbars keep the end to themselves, not the next move
    setTimeout(letGo); // the click comes right after, in the same task
    letGo = null;
  };
  for (const name of ENDS) addEventListener(name, end);
}

/** Resolves when no pointer is pressed. What is drawn anew under one loses its click, or the words that it selects. */
export const released = () => until;

/**
 * Listeners for an element on which a finger rests: `run` is called when it is lifted again. Not before: a popover that
 * opens under a finger is closed by its lifting, and by the click that browsers make of it.
 */
export function longPress(run) {
  let begun = null;
  return {
    ontouchstart: ({ touches: [{ clientX: x, clientY: y }] }) => {
      begun = { x, y, at: performance.now() };
    },
    ontouchmove: ({ touches: [{ clientX, clientY }] }) => {
      if (begun && Math.hypot(clientX - begun.x, clientY - begun.y) > STILL_PX) begun = null;
    },
    ontouchend: (event) => {
      if (!begun || performance.now() - begun.at < LONG_MS) return;
      event.preventDefault();
      setTimeout(run);
    },
    ontouchcancel: () => (begun = null),
    oncontextmenu: (event) => event.pointerType === "touch" && event.preventDefault(),
  };
}
