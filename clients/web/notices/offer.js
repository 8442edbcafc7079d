import { kept } from "../kept.js";
import { toast } from "../dialog.js";
import { fill, h } from "../dom.js";
import { sentenceOf } from "../words.js";
import { pushState, turnPushOn } from "./push.js";

const OFFERED = "chat.push.offered";

/** Offers notifications on this device, once and in passing: to who has just written something and may be answered. */
export class Offer {
  #chat;

  /** The whole of it. */
  element = h("div", { class: "push-offer", role: "note", "data-testid": "push-offer", hidden: true });

  constructor(chat) {
    this.#chat = chat;
  }

  /** Whoever was offered it once is not asked again, whatever they did. */
  async make() {
    const { remembered, store } = this.#chat;
    if (remembered.has(OFFERED) || kept.getItem(OFFERED) === store.me.id) return;
    remembered.set(OFFERED, true); // the server is not asked again with each message
    const state = await pushState(this.#chat).catch(() => null);
    if (state !== "off") return;
    if (this.#chat.store.me) kept.setItem(OFFERED, this.#chat.store.me.id);
    const button = (testid, text, onclick) =>
      h("button", { type: "button", class: "link", "data-testid": testid, onclick }, text);
    fill(
      this.element,
      h("span", {}, "Be told of answers when this page is closed?"),
      button("take-offer", "Notify me", () => this.#take()),
      button("dismiss-offer", "No, thanks", () => this.#end()),
    );
    this.element.hidden = false;
  }

  async #take() {
    this.#end();
    try {
      await turnPushOn(this.#chat);
      toast("You are notified on this device. Settings can change it.");
    } catch (error) {
      toast(sentenceOf(error));
    }
  }

  #end() {
    this.element.hidden = true;
  }
}
