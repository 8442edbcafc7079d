const PAUSE_MS = 2_000;
const LONGEST_PAUSE_S = 60;
const STORED = "chat.outbox";

/**
 * Own messages on their way. Each conversation sends one at a time, so order is kept. A message
 * whose answer is missing is sent again, byte for byte and with the same `client_id`, until the
 * server says what became of it; that makes it appear once.
 */
export class Outbox {
  #store;
  #send;
  #heard;
  #storage;
  #queues = new Map();
  #in_flight = new Set();
  #pauses = new Set();

  /**
   * @param {object} options
   * @param {(body: object) => Promise<{message: object}>} options.send
   * @param {(message: object) => void} options.heard takes what the server answered with
   * @param {?Storage} options.storage where unsent messages outlive a reload of the page
   */
  constructor({ store, send, heard, storage = null }) {
    this.#store = store;
    this.#send = send;
    this.#heard = heard;
    this.#storage = storage;
  }

  /** Queue a message and show it as pending. @returns {string} its client_id */
  add(body, { reply_to = null } = {}) {
    const letter = { body: { client_id: newId(), ...body }, reply_to, created_at: new Date().toISOString() };
    this.#enqueue(letter);
    this.#save();
    this.#next(body.conversation_id);
    return letter.body.client_id;
  }

  /** Queue what an earlier page of the same person did not get rid of. */
  restore() {
    const { user_id, letters = [] } = JSON.parse(this.#storage?.getItem(STORED) ?? "{}");
    if (user_id === this.#store.me.id) letters.forEach((letter) => this.#enqueue(letter));
  }

  /** The connection is back: send everything that waits. */
  resume() {
    for (const id of this.#queues.keys()) this.#next(id);
  }

  /** Try a refused message again. */
  retry(client_id) {
    const letter = this.#find(client_id);
    if (!letter) return;
    letter.is_failed = false;
    this.#store.updatePending(client_id, { status: "pending", error: null });
    this.#next(letter.body.conversation_id);
  }

  /** Give a message up. */
  discard(client_id) {
    const letter = this.#find(client_id);
    if (letter) this.#settle(letter);
  }

  /** Stop sending. What is unsent stays in storage for when the same person comes back. */
  clear() {
    this.#queues.clear();
    this.#pauses.forEach(clearTimeout);
    this.#pauses.clear();
  }

  /** Leave nothing behind: somebody signs out. */
  forget() {
    this.clear();
    this.#storage?.removeItem(STORED);
  }

  #enqueue(letter) {
    const { conversation_id, client_id, content, thread_id } = letter.body;
    this.#queues.set(conversation_id, [...(this.#queues.get(conversation_id) ?? []), letter]);
    this.#store.addPending({
      client_id,
      conversation_id,
      content,
      thread_id,
      reply_to: letter.reply_to,
      created_at: letter.created_at,
      sender: this.#store.me,
      status: "pending",
      error: null,
    });
  }

  async #next(conversation_id) {
    const letter = this.#queues.get(conversation_id)?.find(({ is_failed }) => !is_failed);
    if (!letter || this.#in_flight.has(conversation_id)) return;
    this.#in_flight.add(conversation_id);
    const pause = await this.#try(letter);
    this.#in_flight.delete(conversation_id);
    if (pause === 0) this.#next(conversation_id);
    else if (pause) this.#later(conversation_id, pause);
  }

  /** @returns {Promise<?number>} how long to wait before the next; null: until `resume` */
  async #try(letter) {
    try {
      const { message } = await this.#send(letter.body);
      this.#settle(letter, message);
      return 0;
    } catch (error) {
      return this.#refused(letter, error);
    }
  }

  #refused(letter, error) {
    if (error.code === "offline") return null;
    if (!this.#store.conversations.has(letter.body.conversation_id)) return this.#drop(letter);
    if (error.is_unanswered) return PAUSE_MS;
    if (error.is_passing && (error.retry_after ?? 0) <= LONGEST_PAUSE_S) {
      return error.retry_after ? error.retry_after * 1000 : PAUSE_MS;
    }
    letter.is_failed = true;
    this.#store.updatePending(letter.body.client_id, { status: "failed", error });
    return 0;
  }

  /** Nobody is there any more to be told that it failed. */
  #drop(letter) {
    this.#settle(letter);
    return 0;
  }

  #later(conversation_id, ms) {
    const timer = setTimeout(() => {
      this.#pauses.delete(timer);
      this.#next(conversation_id);
    }, ms);
    this.#pauses.add(timer);
  }

  #settle({ body }, message = null) {
    const { conversation_id, client_id } = body;
    const rest = this.#queues.get(conversation_id)?.filter((letter) => letter.body.client_id !== client_id);
    if (rest) this.#queues.set(conversation_id, rest);
    this.#save();
    if (message) this.#heard(message);
    const is_waiting_its_turn = message && message.seq > this.#store.log(conversation_id).position;
    if (!is_waiting_its_turn) this.#store.removePending(conversation_id, client_id);
  }

  #find(client_id) {
    return [...this.#queues.values()].flat().find(({ body }) => body.client_id === client_id);
  }

  #save() {
    const letters = [...this.#queues.values()].flat();
    if (letters.length) this.#storage?.setItem(STORED, JSON.stringify({ user_id: this.#store.me.id, letters }));
    else this.#storage?.removeItem(STORED);
  }
}

/** `crypto.randomUUID` is missing on plain-http hosts other than localhost; this is not. */
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
