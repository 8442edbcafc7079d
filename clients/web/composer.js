import { isBlank } from "../js/text.js";
import { Completion } from "./completion.js";
import { toast } from "./dialog.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { Enclosing } from "./enclosing.js";
import { summaryOf } from "./files.js";
import { Keeping } from "./keeping.js";
import { nameOf, sentenceOf, waitText } from "./words.js";
import { slowSeconds } from "./writing.js";

const drafts = new Map();

/** Where messages are written: new ones, replies and edits. */
export class Composer {
  #chat;
  #on;
  #id;
  #draft;
  #completion;
  #enclosing;
  #keeping = new Keeping(() => this.#allow());
  #slow_timer = null;
  #editing = null;
  #replying = null;
  #aim = h("div", { class: "aim", hidden: true });
  #text = h("textarea", {
    rows: 1,
    maxlength: 10000,
    enterkeyhint: "send",
    dir: "auto",
    onkeydown: (event) => this.#key(event),
    oninput: () => this.#typed(),
    onclick: () => this.#completion.look(),
    onpaste: (event) => !this.#editing && this.#enclosing.paste(event),
  });
  #send = h("button", { type: "submit", class: "send", "aria-label": "Send", "data-testid": "send" }, icon("send"));
  #slow = h("p", { class: "slow", role: "timer", "data-testid": "slow-mode", hidden: true });

  /** The whole of it. */
  element = h("form", { class: "composer", onsubmit: (event) => this.#submit(event) });

  /**
   * @param {string} id of the conversation
   * @param {object} on `send(text, reply_to, attachments)`, `typing(is_typing)`, `editLast()`
   * @param {{draft: string, testid: string, label: string}} [field] drafts are kept by `draft`
   */
  constructor(chat, id, on, { draft = id, testid = "composer", label = "Message" } = {}) {
    this.#chat = chat;
    this.#id = id;
    this.#on = on;
    this.#draft = draft;
    for (const [name, value] of Object.entries({ "data-testid": testid, "aria-label": label, placeholder: label }))
      this.#text.setAttribute(name, value);
    this.#completion = new Completion(chat, id, this.#text);
    this.#text.value = drafts.get(draft) ?? "";
    this.#enclosing = new Enclosing(chat, id, draft, {
      changed: () => this.#allow(),
      send: () => this.element.requestSubmit(),
      recording: (is_on) => {
        writing.hidden = is_on;
        if (!is_on) this.focus();
      },
    });
    const { clip, mic } = this.#enclosing;
    const writing = h("div", { class: "writing" }, clip, this.#text, mic, this.#send);
    this.element.append(
      this.#aim,
      this.#completion.element,
      this.#slow,
      this.#keeping.element,
      this.#enclosing.element,
      writing,
    );
    this.#allow();
  }

  /** Let files be dropped on an element, which shows where they go. */
  catchFilesAt(element) {
    this.#enclosing.catchAt(element, () => !this.element.hidden && !this.#editing);
  }

  /** Slow mode may hold back the next message. */
  draw() {
    clearTimeout(this.#slow_timer);
    const left = this.#slowSeconds;
    this.#slow.hidden = left === 0;
    this.#enclosing.draw();
    this.#slow.textContent = left ? `Slow mode: you can write again in ${waitText(left)}.` : "";
    this.#allow();
    if (left && this.element.isConnected) this.#slow_timer = setTimeout(() => this.draw(), 1_000);
  }

  focus() {
    this.#text.focus();
  }

  reply(message) {
    this.#aimAt(`Reply to ${nameOf(message.sender)}`, summaryOf(message));
    this.#replying = message;
    this.focus();
  }

  edit(message) {
    this.#aimAt("Edit message", summaryOf(message));
    this.#editing = message;
    this.#keeping.begin(message.attachments);
    this.#write(message.content);
    this.focus();
  }

  /** Back to writing a new message. @returns {boolean} whether there was anything to give up */
  cancel() {
    if (!this.#editing && !this.#replying) return false;
    if (this.#editing) this.#write(drafts.get(this.#draft) ?? "");
    this.#editing = this.#replying = null;
    this.#keeping.begin();
    this.#aim.hidden = true;
    this.#allow();
    return true;
  }

  get #slowSeconds() {
    return this.#editing ? 0 : slowSeconds(this.#chat.store, this.#id);
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
    if (!this.#has_any || this.#slowSeconds) return;
    const [message, reply_to, attachment_ids] = [this.#editing, this.#replying, this.#keeping.ids];
    if (!message) drafts.delete(this.#draft);
    this.cancel();
    if (message)
      return this.#chat.edit(message.id, text, { attachment_ids }).catch((error) => toast(sentenceOf(error)));
    this.#write("");
    this.#on.send(text, reply_to, this.#enclosing.take());
    this.#allow();
  }

  #typed() {
    if (!this.#editing) drafts.set(this.#draft, this.#text.value);
    this.#fit();
    this.#completion.look();
    this.#on.typing(!this.#editing && !isBlank(this.#text.value));
  }

  #key(event) {
    if (event.isComposing) return;
    if (this.#completion.key(event)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.element.requestSubmit();
    } else if (event.key === "Escape" && this.cancel()) event.preventDefault();
    else if (event.key === "ArrowUp" && !this.#text.value && this.#on.editLast()) event.preventDefault();
  }

  #write(text) {
    this.#text.value = text;
    this.#fit();
  }

  get #has_any() {
    const has_files = this.#editing ? this.#keeping.has_any : this.#enclosing.has_any;
    return has_files || !isBlank(this.#text.value);
  }

  #allow() {
    this.#send.disabled = !this.#has_any || this.#slowSeconds > 0;
    this.#send.hidden = this.#enclosing.offer(!this.#has_any && !this.#editing);
    this.#enclosing.clip.hidden = this.#enclosing.element.hidden = this.#editing !== null;
  }

  #fit() {
    this.#allow();
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }
}
