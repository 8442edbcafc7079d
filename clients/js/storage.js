/** Where a page keeps things by default: `localStorage`, which all its tabs share; null where there is none, or no page. */
export function browserStorage() {
  try {
    return (globalThis.document && globalThis.localStorage) ?? null; // Node has one that only warns, or that all share
  } catch {
    return null; // the browser keeps nothing for this page, and says so at the first look
  }
}

/**
 * A storage that never throws. What `storage` does not take, because it is full or closed, is held in memory, and what
 * it held before under that key is removed: an old value would be worse than none.
 * @param {?Pick<Storage, "getItem" | "setItem" | "removeItem">} storage null for memory alone
 */
export function safeStorage(storage) {
  const held = new Map();
  const tried = (deed) => {
    try {
      return { value: deed(storage) };
    } catch {
      return null;
    }
  };
  const removed = (key) => tried(() => storage?.removeItem(key));
  return {
    getItem: (key) => held.get(key) ?? tried(() => storage?.getItem(key))?.value ?? null,
    /** @returns {boolean} whether it outlives this page */
    setItem(key, value) {
      held.delete(key);
      if (storage && tried(() => storage.setItem(key, value))) return true;
      removed(key);
      held.set(key, value);
      return false;
    },
    removeItem(key) {
      held.delete(key);
      removed(key);
    },
  };
}
