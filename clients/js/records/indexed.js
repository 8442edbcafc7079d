import { answer } from "../crypto/storage.js";
import { newId } from "../ids.js";

const LOCK = "chat-page ";

/**
 * Records in the IndexedDB of this browser, which all of its pages share. Each row is of the page that wrote it; those of
 * pages that are gone are taken over. Which pages there are is known by a lock that each of them holds. Where there are no
 * locks (addresses of plain http), several pages may take over the same row.
 */
export class IndexedRecords {
  #database;
  #page;

  constructor(database, page) {
    this.#database = database;
    this.#page = page;
  }

  /** @param {string} name of the database @returns {Promise<IndexedRecords>} */
  static async open(name) {
    const page = newId();
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("rows");
    const database = await answer(request);
    await live(page);
    return new IndexedRecords(database, page);
  }

  async get(user_id, kind, key) {
    const rows = this.#database.transaction("rows").objectStore("rows");
    return (await answer(rows.get([user_id, kind, key])))?.row ?? null;
  }

  put(user_id, kind, row) {
    return this.#writtenAtOnce((rows) => rows.put({ page: this.#page, row }, [user_id, kind, row.key]));
  }

  delete(user_id, kind, key) {
    return this.#writtenAtOnce((rows) => rows.delete([user_id, kind, key]));
  }

  async adopt(user_id, kind) {
    const living = await livingPages();
    const found = [];
    await this.#written((rows) => {
      rows.openCursor(under(user_id, kind)).onsuccess = ({ target: { result: cursor } }) => {
        if (!cursor) return;
        const { page, row } = cursor.value;
        const is_mine = page === this.#page;
        if (is_mine || !living.has(page)) found.push(row);
        if (!is_mine && !living.has(page)) cursor.update({ page: this.#page, row });
        cursor.continue();
      };
    });
    return found;
  }

  async has(user_id, kind) {
    const rows = this.#database.transaction("rows").objectStore("rows");
    return (await answer(rows.count(under(user_id, kind)))) > 0;
  }

  clear(user_id) {
    return this.#writtenAtOnce((rows) => rows.delete(under(user_id)));
  }

  leaveOnly(user_id) {
    return this.#written((rows) => {
      rows.openKeyCursor().onsuccess = ({ target: { result: cursor } }) => {
        if (!cursor) return;
        if (cursor.key[0] !== user_id) rows.delete(cursor.key);
        cursor.continue();
      };
    });
  }

  /** Without waiting for the answer: the page may be closed in the next moment. */
  #writtenAtOnce(write) {
    return this.#written((rows) => {
      write(rows);
      rows.transaction.commit();
    });
  }

  #written(write) {
    const transaction = this.#database.transaction("rows", "readwrite");
    write(transaction.objectStore("rows"));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new DOMException("", "QuotaExceededError"));
    });
  }
}

/** All keys that begin so. */
const under = (...begin) => IDBKeyRange.bound(begin, [...begin, []]);

/** Hold the lock of a page for as long as it lives. */
function live(page) {
  const { locks } = navigator;
  if (!locks) return null;
  return new Promise((resolve, reject) => {
    const hold = () => (resolve(), new Promise(() => {}));
    locks.request(LOCK + page, hold).catch(reject);
  });
}

async function livingPages() {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return new Set(held.filter(({ name }) => name.startsWith(LOCK)).map(({ name }) => name.slice(LOCK.length)));
}
