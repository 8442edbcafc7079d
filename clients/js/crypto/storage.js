import { CryptoError } from "./errors.js";

/**
 * Where keys are kept is an object with `get(key)`, `put(key, value)`, `delete(key)` and `putFirst(key, value)`, which
 * stores only where nothing stands and returns what stands there then. All return promises.
 */
export class MemoryStorage {
  #kept = new Map();

  async get(key) {
    return this.#kept.get(key) ?? null;
  }

  async put(key, value) {
    this.#kept.set(key, value);
  }

  async delete(key) {
    this.#kept.delete(key);
  }

  async putFirst(key, value) {
    if (!this.#kept.has(key)) this.#kept.set(key, value);
    return this.#kept.get(key);
  }
}

/** The storage of browsers: it keeps `CryptoKey`s without showing them to anybody. */
export class IndexedStorage {
  #database;

  constructor(database) {
    this.#database = database;
  }

  /** @returns {Promise<IndexedStorage>} */
  static async open(name = "chat-keys") {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("kept");
    return new IndexedStorage(await answer(request));
  }

  async get(key) {
    return (await answer(this.#kept("readonly").get(key))) ?? null;
  }

  put(key, value) {
    return this.#written((kept) => kept.put(value, key));
  }

  delete(key) {
    return this.#written((kept) => kept.delete(key));
  }

  async putFirst(key, value) {
    let first = value;
    await this.#written((kept) => {
      kept.get(key).onsuccess = ({ target }) => {
        if (target.result === undefined) kept.put(value, key);
        else first = target.result;
      };
    });
    return first;
  }

  /** Write, and wait until it is on the disk. */
  #written(write) {
    const kept = this.#kept("readwrite");
    write(kept);
    return new Promise((resolve, reject) => {
      kept.transaction.oncomplete = () => resolve();
      kept.transaction.onabort = () => reject(kept.transaction.error ?? new DOMException("", "QuotaExceededError"));
    });
  }

  #kept(mode) {
    return this.#database.transaction("kept", mode, { durability: "strict" }).objectStore("kept");
  }
}

/** A storage that accepts every write: what another one has no room for is held in memory, and reported. */
export class ForgivingStorage {
  #storage;
  #told;
  #held = new MemoryStorage();

  /** @param {(error: Error) => void} told */
  constructor(storage, told) {
    this.#storage = storage;
    this.#told = told;
  }

  async get(key) {
    return (await this.#held.get(key)) ?? this.#storage.get(key);
  }

  async put(key, value) {
    const is_kept = await this.#tried(() => this.#storage.put(key, value));
    if (is_kept) await this.#held.delete(key);
    else await this.#held.put(key, value);
  }

  async delete(key) {
    await this.#held.delete(key);
    await this.#tried(() => this.#storage.delete(key));
  }

  async putFirst(key, value) {
    let first = (await this.#held.get(key)) ?? (await this.#storage.get(key));
    if (first !== null) return first;
    const is_kept = await this.#tried(async () => (first = await this.#storage.putFirst(key, value)));
    return is_kept ? first : this.#held.putFirst(key, value);
  }

  async #tried(deed) {
    try {
      await deed();
      return true;
    } catch (error) {
      this.#told(error);
      return false;
    }
  }
}

/** Store your own device; one for each user who signs in here. Keys that could be read are refused (`bad_key`). */
export async function saveDevice(storage, device) {
  const { id, user_id, bundle, encryption_key, signing_key } = device;
  if (encryption_key.extractable || signing_key.extractable) throw new CryptoError("bad_key");
  await storage.put(`device/${user_id}`, { id, user_id, bundle, encryption_key, signing_key });
}

/** The own device of this person, or null. */
export const loadDevice = (storage, user_id) => storage.get(`device/${user_id}`);

export const forgetDevice = (storage, user_id) => storage.delete(`device/${user_id}`);

/** What a request to IndexedDB is answered with. */
export function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
