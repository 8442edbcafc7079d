import { fill, h, iconButton } from "./dom.js";

/** Show a dialog; the browser keeps the focus inside and closes it on Escape. @returns {() => void} closes it */
export function openDialog(title, ...content) {
  const close = () => dialog.close();
  const heading = h("h2", { id: "dialog-title" }, title);
  const dialog = h(
    "dialog",
    { "aria-labelledby": "dialog-title", onclose: () => dialog.remove(), onclick: ({ target }) => target === dialog && close() },
    h("div", { class: "dialog-body" }, h("header", {}, heading, iconButton("close", "Close", { onclick: close })), content),
  );
  document.body.append(dialog);
  dialog.showModal();
  return close;
}

/** Ask before something that cannot be undone. @returns {Promise<boolean>} */
export function confirm(title, text, verb) {
  return new Promise((resolve) => {
    let is_sure = false;
    const yes = () => {
      is_sure = true;
      close();
    };
    const buttons = h(
      "div",
      { class: "dialog-buttons" },
      h("button", { type: "button", class: "quiet", onclick: () => close() }, "Cancel"),
      h("button", { type: "button", class: "danger", "data-testid": "confirm", onclick: yes }, verb),
    );
    const close = openDialog(title, h("p", {}, text), buttons);
    document.body.lastElementChild.addEventListener("close", () => resolve(is_sure));
  });
}

const toasts = h("div", { class: "toasts", role: "status" });

/** Say something in passing. */
export function toast(text) {
  if (!toasts.isConnected) document.body.append(toasts);
  fill(toasts, h("p", {}, text));
  setTimeout(() => toasts.firstChild?.textContent === text && fill(toasts), 5_000);
}
