const TYPING_EVERY_MS = 3_000;

/** What is sent and not stored: that the user is typing, and whose presence the page watches. */
export class Signs {
  #socket;
  #watched = [];
  #typed_at = new Map();

  constructor(socket) {
    this.#socket = socket;
  }

  /** Say that the user is typing, at most once in three seconds, or that they stopped. */
  type(conversation_id, is_typing) {
    const typed_at = this.#typed_at.get(conversation_id) ?? -Infinity;
    if (is_typing ? Date.now() - typed_at < TYPING_EVERY_MS : typed_at === -Infinity) return;
    if (is_typing) this.#typed_at.set(conversation_id, Date.now());
    else this.#typed_at.delete(conversation_id);
    this.#socket.notify(is_typing ? "typing.start" : "typing.stop", { conversation_id });
  }

  /** The server takes a sent message as the end of typing. */
  sent(conversation_id) {
    this.#typed_at.delete(conversation_id);
  }

  watch(user_ids) {
    if (user_ids.length === this.#watched.length && user_ids.every((id) => this.#watched.includes(id))) return;
    this.#watched = user_ids;
    this.resend();
  }

  /** No one is signed in any more. */
  clear() {
    this.#watched = [];
    this.#typed_at.clear();
  }

  /** A new connection knows nothing of what was wanted. */
  resend() {
    this.#socket.notify("presence.watch", { user_ids: this.#watched });
  }
}
