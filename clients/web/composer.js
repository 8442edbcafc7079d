import { fill, h, icon, iconButton } from "./dom.js";
import { nameOf } from "./words.js";

const drafts = new Map();

/** Where messages are written: new ones, replies and edits. */
export class Composer {
  #on;
  #id;
  #editing = null;
  #replying = null;
  #aim = h("div", { class: "aim", hidden: true });
  #text = h("textarea", {
    rows: 1,
    "data-testid": "composer",
    "aria-label": "Message",
    placeholder: "Message",
    maxlength: 10000,
    enterkeyhint: "send",
    dir: "auto",
    onkeydown: (event) => this.#key(event),
    oninput: () => this.#typed(),
  });
  #send = h("button", { type: "submit", class: "send", "aria-label": "Send", "data-testid": "send" }, icon("send"));

  /** The whole of it. */
  element = h("form", { class: "composer", onsubmit: (event) => this.#submit(event) });

  /**
   * @param {string} id of the conversation
   * @param {object} on `send(text, reply_to)`, `edit(message, text)`, `typing(is_typing)`, `editLast()`
   */
  constructor(id, on) {
    this.#id = id;
    this.#on = on;
    this.#text.value = drafts.get(id) ?? "";
    this.element.append(this.#aim, h("div", { class: "writing" }, this.#text, this.#send));
    this.#send.disabled = !this.#text.value.trim();
  }

  focus() {
    this.#text.focus();
  }

  reply(message) {
    this.#aimAt(`Reply to ${nameOf(message.sender)}`, message.content);
    this.#replying = message;
    this.focus();
  }

  edit(message) {
    this.#aimAt("Edit message", message.content);
    this.#editing = message;
    this.#write(message.content);
    this.focus();
  }

  /** Back to writing a new message. @returns {boolean} whether there was anything to give up */
  cancel() {
    if (!this.#editing && !this.#replying) return false;
    if (this.#editing) this.#write(drafts.get(this.#id) ?? "");
    this.#editing = this.#replying = null;
    this.#aim.hidden = true;
    return true;
  }

  #aimAt(title, text) {
    this.cancel();
    const quoted = h("div", {}, h("strong", {}, title), h("span", { dir: "auto" }, text));
    fill(this.#aim, quoted, iconButton("close", "Cancel", { onclick: () => this.cancel() && this.focus() }));
    this.#aim.hidden = false;
  }

  #submit(event) {
    event.preventDefault();
    const text = this.#text.value.trim();
    if (!text) return;
    const [message, reply_to] = [this.#editing, this.#replying];
    if (!message) drafts.delete(this.#id);
    this.cancel();
    if (message) return this.#on.edit(message, text);
    this.#write("");
    this.#on.send(text, reply_to);
  }

  #typed() {
    if (!this.#editing) drafts.set(this.#id, this.#text.value);
    this.#fit();
    this.#on.typing(!this.#editing && this.#text.value.trim() !== "");
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.element.requestSubmit();
    } else if (event.key === "Escape" && this.cancel()) event.preventDefault();
    else if (event.key === "ArrowUp" && !this.#text.value && this.#on.editLast()) event.preventDefault();
  }

  #write(text) {
    this.#text.value = text;
    this.#fit();
  }

  #fit() {
    this.#send.disabled = !this.#text.value.trim();
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }
}
