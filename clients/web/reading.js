import { rowsOf } from "./rows.js";

/** What a timeline shows of a conversation: its newest messages, or what stands around a place far above. */
export class ConversationReading {
  label = "Messages";
  #chat;
  #id;

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

  markRead(seq) {
    this.#chat.markRead(this.#id, seq);
  }
}

/** What a timeline shows of a thread, which was opened before. */
export class ThreadReading {
  label = "Thread";
  is_apart = false;
  floor = 0;
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
    const reply = this.#view?.after(this.read_seq).findLast((message) => message.seq <= seq);
    if (reply) this.#chat.markThreadRead(this.#root_id, reply).catch(() => {});
  }
}
