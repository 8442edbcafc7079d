import { fill, h, iconButton } from "./dom.js";
import { cover } from "./places.js";

const TOAST_MS = 5_000;

/** Show a dialog; the browser keeps the focus inside and closes it on Escape, and Back closes it too. @returns {HTMLDialogElement} */
export function openDialog(title, ...content) {
  const close = () => dialog.close();
  const header = h("header", {}, h("h2", {}, title), iconButton("close", "Close", { onclick: close }));
  const dialog = h(
    "dialog",
    { "aria-label": title, onclick: ({ target }) => target === dialog && close() },
    h("div", { class: "dialog-body" }, header, content),
  );
  document.body.append(dialog);
  dialog.showModal();
  const uncover = cover(dialog, close);
  dialog.addEventListener("close", () => {
    dialog.remove();
    uncover();
  });
  return dialog;
}

/** Ask before something that cannot be undone. @returns {Promise<boolean>} */
export function confirm(title, text, verb) {
  const button = (answer, label, props) =>
    h("button", { type: "button", onclick: () => dialog.close(answer), ...props }, label);
  const cancel = button("", "Cancel", { class: "quiet" });
  const go = button("yes", verb, { class: "danger", "data-testid": "confirm" });
  const dialog = openDialog(title, h("p", {}, text), h("div", { class: "dialog-buttons" }, cancel, go));
  cancel.focus();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes")));
}

const toasts = h("div", { class: "toasts", role: "status", popover: "manual" });

/** Nothing of what was said, asked or offered stays: somebody else may sit here now. */
export function closeAll() {
  fill(toasts);
  toasts.remove();
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  for (const menu of document.querySelectorAll("[popover]")) {
    if (menu.matches(":popover-open")) menu.hidePopover();
    menu.remove();
  }
}

/** Say something in passing, above whatever is open. */
export function toast(text) {
  if (!toasts.isConnected) document.body.append(toasts);
  if (toasts.matches(":popover-open")) toasts.hidePopover();
  toasts.showPopover();
  fill(toasts, h("p", {}, text));
  setTimeout(() => toasts.textContent === text && toasts.hidePopover(), TOAST_MS);
}
