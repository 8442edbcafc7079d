import { fill, h } from "./dom.js";

const LOSS = "What you have not sent yet is lost when you close it.";
const TEXTS = {
  refused: `This browser keeps nothing for this page: it is a private window, or site data is blocked. ${LOSS}`,
  full: `This browser has no more room for this page. ${LOSS}`,
};

/** Says when what is written here would not outlive the page. */
export class Unkept {
  #chat;
  #shown = null;

  /** The whole of it. */
  element = h("div", { class: "banner", role: "status", "data-testid": "storage-notice", hidden: true });

  constructor(chat) {
    this.#chat = chat;
    chat.onStorageTrouble = () => this.draw();
  }

  draw() {
    const { storage_trouble } = this.#chat;
    if (storage_trouble === this.#shown) return;
    this.#shown = storage_trouble;
    const hide = () => (this.element.hidden = true);
    const button = h("button", { type: "button", class: "link", onclick: hide }, "OK");
    fill(this.element, storage_trouble && [h("span", {}, TEXTS[storage_trouble]), button]);
    this.element.hidden = !storage_trouble;
  }
}
