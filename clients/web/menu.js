import { h } from "./dom.js";
import { cover } from "./places.js";

/**
 * A small menu beside a button. Arrow keys move; Escape, Back and a click elsewhere close it, and focus
 * goes back to where it was.
 * @param {{label: string, run: () => void, is_danger?: boolean, testid?: string}[]} items
 */
export function openMenu(anchor, items) {
  const menu = h(
    "div",
    { class: "menu", role: "menu", popover: "auto", onkeydown: move },
    items.map(({ label, run, is_danger, testid }) =>
      h(
        "button",
        {
          type: "button",
          role: "menuitem",
          class: is_danger && "danger",
          "data-testid": testid,
          onclick: () => choose(run),
        },
        label,
      ),
    ),
  );
  const choose = (run) => {
    menu.hidePopover();
    run();
  };
  (anchor.closest("dialog") ?? document.body).append(menu); // outside an open dialog nothing can be clicked
  popUp(menu, anchor.getBoundingClientRect());
  menu.firstElementChild.focus();
}

/** Show a popover beside what was pressed; it goes when it is closed. */
export function popUp(menu, where) {
  menu.showPopover();
  const uncover = cover(menu, () => menu.hidePopover());
  menu.addEventListener("toggle", ({ newState }) => {
    if (newState !== "closed") return;
    menu.remove();
    uncover();
  });
  place(menu, where);
}

/** Put a popover below its anchor, or above where there is no room. */
function place(menu, { top, bottom, right }) {
  const { offsetWidth: width, offsetHeight: height } = menu;
  const fits_below = bottom + height + 8 < innerHeight;
  menu.style.top = `${fits_below ? bottom + 4 : Math.max(8, top - height - 4)}px`;
  menu.style.left = `${Math.max(8, Math.min(right - width, innerWidth - width - 8))}px`;
}

function move(event) {
  const items = [...event.currentTarget.children];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  items.at(to % items.length).focus();
}
