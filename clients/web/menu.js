import { h } from "./dom.js";

/**
 * A small menu beside a button. Arrow keys move, Escape and a click elsewhere close it, and focus
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
  menu.addEventListener("toggle", ({ newState }) => newState === "closed" && menu.remove());
  (anchor.closest("dialog") ?? document.body).append(menu); // outside an open dialog nothing can be clicked
  menu.showPopover();
  place(menu, anchor.getBoundingClientRect());
  menu.firstElementChild.focus();
}

/** Put a popover below its anchor, or above where there is no room. */
export function place(menu, { top, bottom, right }) {
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
