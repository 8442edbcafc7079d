import { isShut, shownUpTo } from "../js/shown.js";
import { rowsOf } from "./rows.js";

/** What a timeline shows of a conversation: its newest messages, or what stands around a place far above. */
export class ConversationReading {
  label = "Messages";
  #chat;
  #id;
  #asked = new Set();

  constructor(chat, id) {
    this.#chat = chat;
    this.#id = id;
  }

  get #log() {
    return this.#chat.store.views.get(this.#id) ?? this.#chat.store.log(this.#id);
  }

  get #conversation() {
    return this.#chat.store.conversations.get(this.#id);
  }

  /** Whether the newest messages stand elsewhere. */
  get is_apart() {
    return this.#chat.store.views.has(this.#id);
  }

  get floor() {
    return this.#log.floor;
  }

  get has_older() {
    return this.#log.has_older;
  }

  /** The last place that was heard. */
  get position() {
    return this.#chat.store.log(this.#id).position;
  }

  get unread_count() {
    return this.#conversation?.unread_count ?? 0;
  }

  get read_seq() {
    return this.#conversation?.membership?.last_read_seq ?? null;
  }

  /** The place of the first reply that stands unread in a thread, where nothing else comes before it. */
  get unseen_reply_seq() {
    const { seq, thread_id } = shownUpTo(this.#chat.store, this.#id, this.position);
    return thread_id && seq + 1;
  }

  rows(look) {
    return rowsOf(this.#chat.store, this.#id, look);
  }

  loadOlder() {
    return this.is_apart ? this.#chat.widenView(this.#id, "before") : this.#chat.loadOlder(this.#id);
  }

  async loadNewer() {
    if (this.is_apart) await this.#chat.widenView(this.#id, "after");
  }

  loadChanges() {
    return this.#chat.loadChanges(this.#id);
  }

  /** Have a place loaded, with what stands around it. */
  visit(seq) {
    return this.#chat.lookAround(this.#id, seq);
  }

  /** Back to the newest messages. */
  comeBack() {
    this.#chat.closeView(this.#id);
  }

  /** Everything up to a place was on the screen: what stands elsewhere, or does not open, holds the mark back. */
  markRead(seq) {
    const shown = shownUpTo(this.#chat.store, this.#id, seq);
    this.#chat.markRead(this.#id, shown.seq);
    if (shown.thread_id) this.#learn(shown.thread_id);
  }

  /** It may have been read before this page was there. */
  #learn(root_id) {
    if (this.#asked.has(root_id) || this.#chat.store.thread_marks.has(root_id)) return;
    this.#asked.add(root_id);
    this.#chat.loadThreadMark(this.#id, root_id).catch(({ status }) => {
      if (status === 404) this.#chat.store.markThreadRead(root_id, Infinity); // it begins where one may not look
    }); // otherwise it stays unread until it is looked at
  }
}

/** What a timeline shows of a thread, which was opened before. */
export class ThreadReading {
  label = "Thread";
  is_apart = false;
  floor = 0;
  unseen_reply_seq = null;
  #chat;
  #id;
  #root_id;

  constructor(chat, id, root_id) {
    this.#chat = chat;
    this.#id = id;
    this.#root_id = root_id;
  }

  get #view() {
    return this.#chat.store.views.get(this.#root_id);
  }

  get has_older() {
    return this.#view?.has_older ?? false;
  }

  get position() {
    return this.#view?.entries.at(-1)?.seq ?? 0;
  }

  get unread_count() {
    const { id } = this.#chat.store.me;
    return this.#view?.after(this.read_seq).filter(({ sender }) => sender.id !== id).length ?? 0;
  }

  /** The first message was read where the thread begins. */
  get read_seq() {
    return Math.max(this.#view?.read_seq ?? 0, this.#view?.entries[0]?.seq ?? 0);
  }

  rows(look) {
    return this.#view ? rowsOf(this.#chat.store, this.#id, { ...look, thread_id: this.#root_id }) : [];
  }

  loadOlder() {
    return this.#chat.loadOlderReplies(this.#root_id);
  }

  async loadNewer() {}

  async loadChanges() {}

  async visit() {}

  comeBack() {}

  markRead(seq) {
    const unread = this.#view?.after(this.read_seq) ?? [];
    const shut = unread.find((message) => isShut(this.#chat.store, message))?.seq ?? Infinity;
    const reply = unread.findLast((message) => message.seq <= seq && message.seq < shut);
    if (reply) this.#chat.markThreadRead(this.#root_id, reply).catch(() => {});
  }
}
