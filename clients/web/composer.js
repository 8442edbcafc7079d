import { isBlank } from "../js/text.js";
import { Completion } from "./completion.js";
import { toast } from "./dialog.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { Enclosing } from "./enclosing.js";
import { summaryOf } from "./files.js";
import { Keeping } from "./keeping.js";
import { isTouch, sendsWith } from "./keys.js";
import { nameOf, sentenceOf, waitText } from "./words.js";
import { slowSeconds } from "./writing.js";

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
  /** What was written before an edit began. */ #before = "";
  #is_begun = false;
  #aim = h("div", { class: "aim", hidden: true });
  #text = h("textarea", {
    rows: 1,
    maxlength: 10000,
    onfocus: () => this.#hint(),
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
    chat.drafts.get(draft).then((kept) => kept && !this.#is_begun && this.#goOn(kept));
  }

  /** Let files be dropped on an element, which shows where they go. */
  catchFilesAt(element) {
    this.#enclosing.catchAt(element, () => !this.element.hidden && !this.#editing);
  }

  /** Slow mode may hold back the next message, and members may have come. */
  draw() {
    clearTimeout(this.#slow_timer);
    this.#completion.draw();
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
    this.#replyTo(message);
    this.#keepDraft();
    this.focus();
  }

  edit(message) {
    this.#change(message, message.content);
    this.#keepDraft();
    this.focus();
  }

  /** Back to writing a new message. @returns {boolean} whether there was anything to give up */
  cancel() {
    if (!this.#editing && !this.#replying) return false;
    if (this.#editing) this.#write(this.#before);
    this.#editing = this.#replying = null;
    this.#keeping.begin();
    this.#aim.hidden = true;
    this.#allow();
    this.#keepDraft();
    return true;
  }

  get #slowSeconds() {
    return this.#editing ? 0 : slowSeconds(this.#chat.store, this.#id);
  }

  /** Take up what was being written here, as far as it still can be. */
  #goOn({ text, replying, editing }) {
    this.#write(text);
    const [answered, changed] = [this.#present(replying), this.#present(editing?.message)];
    if (changed) this.#change(changed, editing.text);
    else if (answered) this.#replyTo(answered);
  }

  /** A message as it is now, or was when somebody began to write about it. */
  #present(kept) {
    if (!kept) return null;
    const { store } = this.#chat;
    const message = store.find(kept.id);
    if (message?.is_deleted) return null;
    return message ? store.reveal(message) : kept;
  }

  #replyTo(message) {
    this.#aimAt(`Reply to ${nameOf(message.sender)}`, summaryOf(message));
    this.#replying = message;
  }

  #change(message, text) {
    this.#aimAt("Edit message", summaryOf(message));
    this.#before = this.#text.value;
    this.#editing = message;
    this.#keeping.begin(message.attachments);
    this.#write(text);
  }

  #keepDraft() {
    this.#is_begun = true;
    const { value } = this.#text;
    const editing = this.#editing && { message: neededOf(this.#editing), text: value };
    const draft = { text: editing ? this.#before : value, replying: neededOf(this.#replying), editing };
    const is_any = draft.text || draft.replying || editing;
    this.#chat.drafts.put(this.#id, this.#draft, is_any ? draft : null);
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
    this.cancel();
    if (message)
      return this.#chat.edit(message.id, text, { attachment_ids }).catch((error) => this.#refused(error, message, text));
    this.#write("");
    this.#keepDraft();
    this.#on.send(text, reply_to, this.#enclosing.take());
    this.#allow();
  }

  /** A tablet may have got a keyboard and a mouse meanwhile. */
  #hint() {
    this.#text.enterKeyHint = isTouch() ? "enter" : "send";
  }

  /** What was written is not lost with the refusal, unless somebody writes something else by now. */
  #refused(error, message, text) {
    toast(sentenceOf(error));
    if (!this.#chat.store.me || this.#editing || this.#replying) return;
    this.#change(message, text);
    this.#keepDraft();
  }

  #typed() {
    this.#keepDraft();
    this.#fit();
    this.#completion.look();
    this.#on.typing(!this.#editing && !isBlank(this.#text.value));
  }

  #key(event) {
    if (this.#completion.key(event)) event.preventDefault();
    else if (sendsWith(event)) {
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

/** So much of a message is kept with what is written about it. */
function neededOf(message) {
  if (!message) return null;
  const { id, seq, conversation_id, sender, content } = message;
  return { id, seq, conversation_id, sender, content };
}
