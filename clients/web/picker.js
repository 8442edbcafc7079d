import { h } from "./dom.js";
import { popUp } from "./menu.js";

const COLUMNS = 8;
const COMMON = [
  ...["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀"],
  ...["👎", "🔥", "💯", "✅", "❌", "🤔", "😊", "😍"],
  ...["😎", "😅", "😭", "😡", "🥳", "🙌", "👏", "💪"],
  ...["🤝", "👋", "🚀", "⭐", "💡", "☕", "🍕", "🎂"],
];

/** A small sheet of common emoji, and a field for any other; `choose(emoji)` is called with one. */
export function openPicker(anchor, choose) {
  const take = (emoji) => {
    sheet.hidePopover();
    choose(emoji);
  };
  const any = h("input", {
    maxlength: 16,
    autocomplete: "off",
    "aria-label": "Any other emoji",
    placeholder: "Any other emoji",
    "data-testid": "any-emoji",
  });
  const submit = (event) => {
    event.preventDefault();
    if (any.value.trim()) take(any.value.trim());
  };
  const buttons = COMMON.map((emoji) =>
    h("button", { type: "button", "data-emoji": emoji, "aria-label": emoji, onclick: () => take(emoji) }, emoji),
  );
  const sheet = h(
    "div",
    { class: "picker", role: "dialog", "aria-label": "React", popover: "auto", "data-testid": "picker" },
    h("div", { class: "emoji", onkeydown: move }, buttons),
    h("form", { onsubmit: submit }, any),
  );
  document.body.append(sheet);
  popUp(sheet, anchor.getBoundingClientRect());
  buttons[0].focus();
}

function move(event) {
  const buttons = [...event.currentTarget.children];
  const at = buttons.indexOf(document.activeElement);
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
  if (!step || !buttons[at + step]) return;
  event.preventDefault();
  buttons[at + step].focus();
}
