const LONG_MS = 450;
const STILL_PX = 10;

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
