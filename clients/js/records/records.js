import { IndexedRecords } from "./indexed.js";
import { StoredRecords } from "./stored.js";

const PATIENCE_MS = 5_000;

/**
 * What a user has written and not sent, kept for when they come back: rows with a `key`, by person and `kind`
 * (`letters`, `files`, `drafts`). What cannot be kept is held in memory, and `trouble` says why.
 *
 * Where they are kept is an object with `get(user_id, kind, key)`, `put(user_id, kind, row)`, `delete(user_id, kind, key)`,
 * `adopt(user_id, kind)` (all rows that no other page takes care of), `has(user_id, kind)` (whether any page has such rows),
 * `clear(user_id)` and `leaveOnly(user_id)`. All return promises.
 */
export class Records {
  /** `refused`: the browser keeps nothing for this page. `full`: it has no room. @type {?("refused" | "full")} */
  trouble = null;
  #open;
  #told;
  #opening = null;
  #memory = new MemoryRecords();

  /**
   * @param {object} options
   * @param {() => Promise<object>} options.open opens what keeps them
   * @param {() => void} options.told called when `trouble` changes
   */
  constructor({ open, told }) {
    this.#open = open;
    this.#told = told;
  }

  async get(user_id, kind, key) {
    return (await this.#memory.get(user_id, kind, key)) ?? this.#tried((kept) => kept.get(user_id, kind, key), null);
  }

  /** @returns {Promise<boolean>} whether it outlives this page */
  async put(user_id, kind, row) {
    const is_kept = await this.#tried((kept) => kept.put(user_id, kind, row).then(() => true), false);
    if (is_kept) await this.#memory.delete(user_id, kind, row.key);
    else await this.#memory.put(user_id, kind, row);
    if (is_kept && this.trouble === "full") this.#tell(null);
    return is_kept;
  }

  async delete(user_id, kind, key) {
    await this.#memory.delete(user_id, kind, key);
    await this.#tried((kept) => kept.delete(user_id, kind, key));
  }

  async adopt(user_id, kind) {
    const kept = await this.#tried((records) => records.adopt(user_id, kind), []);
    return [...kept, ...(await this.#memory.adopt(user_id, kind))];
  }

  /** Whether any page of a user keeps such rows. @returns {Promise<boolean>} */
  async has(user_id, kind) {
    return (await this.#memory.has(user_id, kind)) || this.#tried((kept) => kept.has(user_id, kind), false);
  }

  /** Delete everything of a user. */
  async clear(user_id) {
    await this.#memory.clear(user_id);
    await this.#tried((kept) => kept.clear(user_id));
  }

  /** A user has signed in, and must not find what others left. */
  async leaveOnly(user_id) {
    await this.#memory.leaveOnly(user_id);
    await this.#tried((kept) => kept.leaveOnly(user_id));
  }

  async #tried(deed, otherwise) {
    const kept = await this.#opened();
    if (!kept) return otherwise;
    try {
      return await deed(kept);
    } catch (error) {
      this.fail(error);
      return otherwise;
    }
  }

  /** @returns {Promise<?object>} null where nothing is kept */
  #opened() {
    this.#opening ??= this.#openSoon().catch((error) => this.fail(error));
    return this.#opening;
  }

  /** A browser that neither opens nor refuses would hold everything up. */
  async #openSoon() {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new DOMException("", "TimeoutError")), PATIENCE_MS);
    });
    return Promise.race([this.#open(), late]).finally(() => clearTimeout(timer));
  }

  /** Something was not kept. @param {Error} error why */
  fail(error) {
    this.#tell(error?.name === "QuotaExceededError" ? "full" : "refused");
    return null;
  }

  #tell(trouble) {
    if (this.trouble === trouble) return;
    this.trouble = trouble;
    this.#told();
  }
}

/** Records that end with the page. */
export class MemoryRecords {
  #rows = new Map();

  async get(...place) {
    return this.#rows.get(JSON.stringify(place)) ?? null;
  }

  async put(user_id, kind, row) {
    this.#rows.set(JSON.stringify([user_id, kind, row.key]), row);
  }

  async delete(...place) {
    this.#rows.delete(JSON.stringify(place));
  }

  async adopt(user_id, kind) {
    return this.#those((place) => place[0] === user_id && place[1] === kind).map(([, row]) => row);
  }

  async has(user_id, kind) {
    return (await this.adopt(user_id, kind)).length > 0;
  }

  async clear(user_id) {
    for (const [place] of this.#those(([owner]) => owner === user_id)) this.#rows.delete(place);
  }

  async leaveOnly(user_id) {
    for (const [place] of this.#those(([owner]) => owner !== user_id)) this.#rows.delete(place);
  }

  #those(is_one) {
    return [...this.#rows].filter(([place]) => is_one(JSON.parse(place)));
  }
}

/** Opens what a client of a server keeps them in by default: IndexedDB, else its storage, else memory. */
export function openRecords(storage, server) {
  return async () => {
    if (globalThis.indexedDB) return IndexedRecords.open(`chat-unsent ${server}`); // to look at it may throw
    return storage ? new StoredRecords(storage) : new MemoryRecords();
  };
}
