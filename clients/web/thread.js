import { Composer } from "./composer.js";
import { Actions } from "./actions.js";
import { h, iconButton } from "./dom.js";
import { ThreadReading } from "./reading.js";
import { unableText } from "./sealed/able.js";
import { Timeline } from "./timeline.js";
import { sentenceOf } from "./words.js";
import { barOf } from "./writing.js";

/** A thread beside its conversation: the message that began it, what was answered, and where to write. */
export class Thread {
  #chat;
  #timeline = null;
  #composer;
  #close;
  #reopening = null;
  #place = h("div", { class: "timeline" }, h("p", { class: "note", role: "status" }, "Looking…"));

  /** The whole of it. */
  element = h("aside", {
    class: "thread",
    "aria-label": "Thread",
    "data-testid": "thread",
    onkeydown: (event) => this.#key(event),
  });

  /** @param {() => void} close is called when it is to be closed */
  constructor(chat, id, root_id, close) {
    this.#chat = chat;
    this.id = id;
    this.root_id = root_id;
    this.#close = close;
    this.#composer = new Composer(
      chat,
      id,
      {
        send: (text, reply_to, attachments) => this.#send(text, reply_to, attachments),
        typing: () => {},
        editLast: () => this.#editLast(),
      },
      { draft: root_id, testid: "thread-composer", label: "Reply in thread" },
    );
    const back = iconButton("close", "Close thread", { "data-testid": "close-thread", onclick: close });
    const header = h("header", { class: "bar" }, h("h2", {}, "Thread"), back);
    this.element.append(header, this.#place, this.#composer.element);
    this.#composer.catchFilesAt(this.element);
  }

  /** After it was put into the page. `seq` is the reply to look at, if it is a certain one. */
  async begin(seq) {
    try {
      await this.#chat.openThread(this.id, this.root_id);
      if (!this.element.isConnected) return this.#chat.closeView(this.root_id);
      this.#show();
      if (seq) return await this.#timeline.show(seq);
      await this.#timeline.begin();
    } catch (error) {
      this.#place.firstElementChild?.replaceChildren(sentenceOf(error));
    }
    if (matchMedia("(hover: hover)").matches) this.#composer.focus();
  }

  draw() {
    const bar = barOf(this.#chat.store, this.id) ?? unableText(this.#chat, this.id);
    this.#composer.element.hidden = bar !== null;
    this.#composer.draw();
    if (!this.#timeline) return;
    if (!this.#chat.store.views.has(this.root_id)) this.#reopen();
    this.#timeline.draw();
  }

  markSeen() {
    this.#timeline?.markSeen();
  }

  close() {
    this.#timeline?.close();
    this.#chat.closeView(this.root_id);
    this.element.remove();
  }

  /** What was held is gone after a fresh beginning. */
  #reopen() {
    this.#reopening ??= this.#chat.openThread(this.id, this.root_id).then(
      () => (this.#reopening = null),
      () => this.#close(),
    );
  }

  #show() {
    const actions = new Actions(this.#chat, this.id, {
      reply: (message) => this.#composer.reply(message),
      edit: (message) => this.#composer.edit(message),
      show: (place) => this.#timeline.show(place),
      unfold: (id) => this.#timeline.unfold(id),
    });
    const reading = new ThreadReading(this.#chat, this.id, this.root_id);
    this.#timeline = new Timeline(reading, (...action) => actions.act(...action));
    this.#place.replaceWith(this.#timeline.element);
  }

  #send(text, reply_to, attachments) {
    this.#timeline?.forgetNew();
    this.#chat.send(this.id, text, reply_to, { thread_id: this.root_id, attachments, marks_read: false });
  }

  #editLast() {
    const { store } = this.#chat;
    const is_own = (message) =>
      message.sender.id === store.me.id && !message.is_deleted && !store.reveal(message).sealing;
    const own = store.views.get(this.root_id)?.messages.findLast(is_own);
    if (own) this.#composer.edit(store.reveal(own));
    return Boolean(own);
  }

  #key(event) {
    if (event.key === "Escape" && !event.defaultPrevented) this.#close();
  }
}
