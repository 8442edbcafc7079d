import { h, iconButton } from "../dom.js";
import { openCentre } from "./centre.js";
import { badgeText, bellText } from "./sentences.js";

/** The way to what one is told; it says how much of that is unread. */
export class Bell {
  #chat;
  #badge = h("span", { class: "badge", "data-testid": "bell-badge", "aria-hidden": "true", hidden: true });

  /** The whole of it. */
  element;

  constructor(chat, open) {
    this.#chat = chat;
    const props = { class: "icon-button bell", "data-testid": "bell", "aria-haspopup": "dialog" };
    this.element = iconButton("bell", bellText(0), { ...props, onclick: () => openCentre(chat, open) });
    this.element.append(this.#badge);
  }

  draw() {
    const { unread } = this.#chat.store.notices;
    this.element.setAttribute("aria-label", bellText(unread));
    this.#badge.hidden = unread === 0;
    this.#badge.textContent = badgeText(unread);
  }
}
