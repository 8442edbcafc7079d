import { Opened } from "./opened.js";

/** What sealed messages say, for the code that shows them: opened on demand, held in memory. */
export class Reading {
  #api;
  #store;
  #sealing;
  #opened = new Opened();
  #originals = new Map();

  /** @param {{api: Api, store: Store, sealing: Sealing}} options */
  constructor({ api, store, sealing }) {
    this.#api = api;
    this.#store = store;
    this.#sealing = sealing;
  }

  /** See `Sealing.reveal`. */
  reveal(message) {
    const { conversation_id, envelope } = message;
    const is_pending = this.#store.logs.get(conversation_id)?.pending.includes(message);
    if (is_pending && !message.is_sealed) return message;
    const bare = { ...message, content: "", attachments: [], mentions: [], mentions_all: false };
    if (!envelope) return { ...bare, sealing: "untrusted" };
    const changed = () => this.#store.changed(conversation_id);
    const open = () => (is_pending ? this.#sealing.openOwn(message) : this.#sealing.open(message));
    const { body, code } = this.#opened.look(keyOf(message), open, changed);
    if (!body) return { ...bare, sealing: code };
    const { content, mentions, attachments } = body;
    const files = this.#sealing.files.show(message.attachments, attachments, changed);
    return { ...bare, content, mentions, attachments: files, has_heads: Boolean(envelope.heads) };
  }

  /** See `Sealing.revealQuote`. */
  revealQuote(conversation_id, quote) {
    const original = this.#store.find(quote.id) ?? this.#originals.get(quote.id);
    if (original?.conversation_id === conversation_id) return this.#sealing.reveal(original);
    if (!this.#originals.has(quote.id)) this.#fetch(conversation_id, quote.id);
    return { ...quote, content: "", attachments: [], sealing: "opening" };
  }

  /** What a message said before, by a row of its history. */
  async past(message, row) {
    const is_first = row.client_id === message.client_id;
    const past = { ...message, envelope: row.envelope, edit_id: is_first ? undefined : row.client_id };
    const content = await this.#sealing.open(past).then(
      (body) => body.content,
      () => null,
    );
    return { ...row, content: content ?? "", sealing: content === null ? "unverified" : undefined };
  }

  /** What was just sealed needs no opening. */
  put(message, body) {
    this.#opened.put(keyOf(message), body);
  }

  /** There are other keys now: what was refused may open. */
  retry() {
    this.#opened.retry();
  }

  /** Forget all. */
  clear() {
    this.#opened.clear();
    this.#originals.clear();
  }

  async #fetch(conversation_id, message_id) {
    this.#originals.set(message_id, null);
    const message = await this.#api.get(`messages/${message_id}/`).catch(() => null);
    if (message) this.#originals.set(message_id, message);
    this.#store.changed(conversation_id);
  }
}

/** Says which envelope it is and where it stands: elsewhere it is another message. */
function keyOf({ id, conversation_id, client_id, edit_id, sender, envelope }) {
  const place = edit_id ? [edit_id, id] : [client_id, ""];
  return JSON.stringify([conversation_id, sender?.id ?? null, ...place, numberOf(envelope)]);
}

const numbers = new WeakMap();
const texts = new Map();

/** A number for all that an envelope holds; the server keeps its fields in an order of its own. */
function numberOf(envelope) {
  if (!numbers.has(envelope)) {
    const text = JSON.stringify(Object.entries(envelope).sort());
    if (!texts.has(text)) texts.set(text, texts.size);
    numbers.set(envelope, texts.get(text));
  }
  return numbers.get(envelope);
}
