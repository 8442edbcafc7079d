/**
 * What the user is writing, by conversation or thread: it survives a reload of the page, and only they can see it. Drafts
 * in end-to-end encrypted conversations are hidden before they are stored.
 */
export class Drafts {
  #store;
  #sealing;
  #records;
  #held = new Map();
  #writing = new Map();

  /** @param {{store: Store, sealing: Sealing, records: Records}} options */
  constructor({ store, sealing, records }) {
    this.#store = store;
    this.#sealing = sealing;
    this.#records = records;
  }

  /** @param {string} key the conversation or the thread @returns {Promise<?object>} as it was put */
  async get(key) {
    const user_id = this.#store.me?.id;
    if (!user_id || this.#held.has(key)) return this.#held.get(key) ?? null;
    const row = await this.#records.get(user_id, "drafts", key);
    const draft = row?.hidden ? await this.#shown(row.hidden) : row?.draft;
    if (this.#store.me?.id !== user_id) return null;
    if (!this.#held.has(key)) this.#held.set(key, draft ?? null);
    return this.#held.get(key);
  }

  /** @param {?object} draft what JSON can say; null when there is nothing to keep */
  put(conversation_id, key, draft) {
    this.#held.set(key, draft);
    if (this.#writing.has(key)) return;
    this.#writing.set(
      key,
      this.#write(conversation_id, key).finally(() => this.#writing.delete(key)),
    );
  }

  /** No one is signed in any more. */
  clear() {
    this.#held.clear();
  }

  /** The latest, and again for as long as there came a later one meanwhile. */
  async #write(conversation_id, key) {
    const { me } = this.#store;
    for (let written; this.#store.me?.id === me.id && written !== this.#held.get(key);) {
      written = this.#held.get(key);
      const row = written && (await this.#rowOf(conversation_id, key, written));
      if (this.#store.me?.id !== me.id) return;
      if (row) await this.#records.put(me.id, "drafts", row);
      else await this.#records.delete(me.id, "drafts", key);
    }
  }

  /** @returns {Promise<?object>} null where it must not lie on a disk */
  async #rowOf(conversation_id, key, draft) {
    await this.#sealing.load();
    if (!this.#sealing.isSealed(conversation_id)) return { key, draft };
    const hidden = await this.#sealing.rest?.hide(draft).catch(() => null);
    return hidden ? { key, hidden } : null;
  }

  async #shown(hidden) {
    await this.#sealing.load();
    return (await this.#sealing.rest?.show(hidden)) ?? null;
  }
}
