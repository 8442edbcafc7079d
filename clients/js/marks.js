const GATHER_MS = 200;

/** My read and delivered marks on their way to the server. They outlive a lost connection. */
export class Marks {
  #store;
  #socket;
  #wanted = new Map();
  #timer = null;

  constructor({ store, socket }) {
    this.#store = store;
    this.#socket = socket;
    store.listen((id) => id && this.#markDelivered(id));
  }

  /** The user has seen everything up to `seq`. */
  read(conversation_id, seq) {
    if (this.#store.markRead(conversation_id, seq)) this.#want("read.mark", conversation_id, seq);
  }

  /** Send what could not be sent. What was refused for a while stays, and the latest of each kind goes later. */
  resend() {
    clearTimeout(this.#timer);
    this.#timer = null;
    for (const [key, command] of this.#wanted) {
      const { type, ...data } = command;
      const done = () => this.#wanted.get(key) === command && this.#wanted.delete(key);
      this.#socket.request(type, data).then(done, (error) => {
        if (error.is_passing) this.#timer ??= setTimeout(() => this.resend(), (error.retry_after ?? 1) * 1000);
        else if (!error.is_unanswered) done();
      });
    }
  }

  clear() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#wanted.clear();
  }

  #markDelivered(id) {
    const { kind, last_message, membership } = this.#store.conversations.get(id) ?? {};
    if (!membership || kind === "channel" || !last_message || last_message.sender?.id === this.#store.me?.id) return;
    if (last_message.seq <= Math.max(membership.last_delivered_seq ?? 0, membership.last_read_seq ?? 0)) return;
    membership.last_delivered_seq = last_message.seq;
    this.#want("delivered.mark", id, last_message.seq);
  }

  #want(type, conversation_id, seq) {
    this.#wanted.set(`${type} ${conversation_id}`, { type, conversation_id, seq });
    if (this.#socket.state === "online") this.#timer ??= setTimeout(() => this.resend(), GATHER_MS);
  }
}
