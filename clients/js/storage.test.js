import assert from "node:assert/strict";
import { test } from "node:test";

import { memory } from "./fakes.js";
import { browserStorage, safeStorage } from "./storage.js";

const full = () => {
  throw new DOMException("full", "QuotaExceededError");
};

test("what is kept is in the storage, and outlives the page", () => {
  const storage = memory();
  assert.equal(safeStorage(storage).setItem("key", "value"), true);
  assert.equal(safeStorage(storage).getItem("key"), "value");
  safeStorage(storage).removeItem("key");
  assert.equal(storage.getItem("key"), null);
});

test("what a full storage does not take is held in memory, and its old value is gone", () => {
  const storage = memory();
  storage.setItem("key", "old");
  const safe = safeStorage({ ...storage, setItem: full });
  assert.equal(safe.setItem("key", "new"), false);
  assert.equal(safe.getItem("key"), "new");
  assert.equal(storage.getItem("key"), null);
});

test("a storage with room again is used again", () => {
  const storage = memory();
  let has_room = false;
  const setItem = (key, value) => (has_room ? storage.setItem(key, value) : full());
  const safe = safeStorage({ ...storage, setItem });
  safe.setItem("key", "held");
  has_room = true;
  assert.equal(safe.setItem("key", "kept"), true);
  storage.setItem("key", "of another tab");
  assert.equal(safe.getItem("key"), "of another tab");
});

for (const [name, storage] of Object.entries({ none: null, "one that is closed": new Proxy({}, { get: full }) })) {
  test(`with ${name} there is memory`, () => {
    const safe = safeStorage(storage);
    assert.equal(safe.getItem("key"), null);
    safe.setItem("key", "value");
    assert.equal(safe.getItem("key"), "value");
    safe.removeItem("key");
    assert.equal(safe.getItem("key"), null);
  });
}

test("a browser whose storage is closed has none", (t) => {
  assert.equal(browserStorage(), null);
  Object.defineProperty(globalThis, "localStorage", { get: full, configurable: true });
  t.after(() => delete globalThis.localStorage);
  assert.equal(browserStorage(), null);
});
