import { safeStorage } from "../storage.js";

const NAMES = { letters: "chat.outbox", drafts: "chat.drafts" };

/** Records in a storage like `localStorage`: those of one person, and no files. */
export class StoredRecords {
  #storage;

  constructor(storage) {
    this.#storage = safeStorage(storage);
  }

  async get(user_id, kind, key) {
    return this.#rows(user_id, kind).find((row) => row.key === key) ?? null;
  }

  async put(user_id, kind, row) {
    if (!NAMES[kind]) throw new TypeError(`${kind} cannot be text`);
    this.#keep(user_id, kind, [...this.#rows(user_id, kind).filter(({ key }) => key !== row.key), row]);
  }

  async delete(user_id, kind, key) {
    const rows = this.#rows(user_id, kind);
    const rest = rows.filter((row) => row.key !== key);
    if (rest.length < rows.length) this.#keep(user_id, kind, rest);
  }

  async adopt(user_id, kind) {
    return this.#rows(user_id, kind);
  }

  async has(user_id, kind) {
    return this.#rows(user_id, kind).length > 0;
  }

  async clear(user_id) {
    for (const [kind, name] of Object.entries(NAMES))
      if (this.#rows(user_id, kind).length) this.#storage.removeItem(name);
  }

  async leaveOnly(user_id) {
    for (const name of Object.values(NAMES)) if (this.#read(name).user_id !== user_id) this.#storage.removeItem(name);
  }

  #read(name) {
    return JSON.parse(this.#storage.getItem(name) ?? "{}");
  }

  #rows(user_id, kind) {
    const kept = NAMES[kind] ? this.#read(NAMES[kind]) : {};
    return kept.user_id === user_id ? kept[kind] : [];
  }

  #keep(user_id, kind, rows) {
    if (!rows.length) return this.#storage.removeItem(NAMES[kind]);
    const is_kept = this.#storage.setItem(NAMES[kind], JSON.stringify({ user_id, [kind]: rows }));
    if (!is_kept) throw new DOMException("", "QuotaExceededError");
  }
}
