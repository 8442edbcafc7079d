import { fill, h } from "./dom.js";

const PATIENCE_MS = 1_500;
const BACK_MS = 2_500;
const STOPPED = {
  4409: "This chat is open in too many places, so this one was disconnected.",
  4403: "The server refused this connection.",
};

/** Says when messages neither come nor go, and when they do again. */
export class Banner {
  #chat;
  #wait = null;

  /** The whole of it. */
  element = h("div", { class: "banner", role: "status", "data-testid": "connection-banner", hidden: true });

  constructor(chat) {
    this.#chat = chat;
  }

  /** @param {string} state of the connection */
  show(state) {
    if (state === "online") return this.#back();
    if (state === "stopped")
      return this.#say("stopped", STOPPED[this.#chat.close_code] ?? "The server ended this connection.", "Reconnect");
    if (!navigator.onLine) return this.#say("offline", "You are offline. Messages are sent when you are back.");
    const say = () => this.#say("reconnecting", "Connection lost. Reconnecting…", "Try now");
    if (this.element.dataset.state === "back") this.#hide();
    if (!this.element.hidden) return say();
    this.#wait ??= setTimeout(say, PATIENCE_MS);
  }

  #back() {
    this.#stopWaiting();
    if (this.element.hidden) return;
    this.#say("back", "Connected again.");
    this.#wait = setTimeout(() => this.#hide(), BACK_MS);
  }

  #hide() {
    this.#stopWaiting();
    this.element.hidden = true;
    this.element.dataset.state = "";
  }

  #stopWaiting() {
    clearTimeout(this.#wait);
    this.#wait = null;
  }

  #say(state, text, verb = null) {
    this.#stopWaiting();
    if (this.element.dataset.state === state) return;
    this.element.dataset.state = state;
    this.element.hidden = false;
    const button = verb && h("button", { type: "button", class: "link", onclick: () => this.#chat.start() }, verb);
    fill(this.element, h("span", {}, text), button);
  }
}
