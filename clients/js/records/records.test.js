import assert from "node:assert/strict";
import { test } from "node:test";

import { MemoryRecords, Records } from "./records.js";
import { StoredRecords } from "./stored.js";
import { memory } from "../fakes.js";

function scene(open) {
  const told = [];
  const records = new Records({ open, told: () => told.push(records.trouble) });
  return { records, told };
}

const row = { key: "k", text: "hello" };

test("what a browser refuses to keep is held in memory, and told", async () => {
  const { records, told } = scene(async () => {
    throw new DOMException("denied", "SecurityError");
  });
  assert.equal(await records.put("alice", "letters", row), false);
  assert.deepEqual(await records.adopt("alice", "letters"), [row]);
  assert.deepEqual(told, ["refused"]);
});

test("a browser that neither opens nor refuses holds nothing up", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { records, told } = scene(() => new Promise(() => {}));
  const putting = records.put("alice", "letters", row);
  t.mock.timers.tick(5_000);
  assert.equal(await putting, false);
  assert.deepEqual(told, ["refused"]);
});

test("what has no room is held in memory, until there is room", async () => {
  const kept = new MemoryRecords();
  const full = Object.assign(Object.create(kept), {
    put: async () => {
      throw new DOMException("full", "QuotaExceededError");
    },
    adopt: (...place) => kept.adopt(...place),
    delete: (...place) => kept.delete(...place),
  });
  const { records, told } = scene(async () => full);
  assert.equal(await records.put("alice", "letters", row), false);
  full.put = (...place) => kept.put(...place);
  assert.equal(await records.put("alice", "letters", row), true);
  assert.deepEqual(await records.adopt("alice", "letters"), [row]);
  assert.deepEqual(told, ["full", null]);
});

test("who signs in finds nothing of others, and who signs out leaves nothing", async () => {
  const storage = memory();
  for (const records of [new MemoryRecords(), new StoredRecords(storage)]) {
    await records.put("alice", "letters", row);
    await records.leaveOnly("alice");
    assert.deepEqual(await records.adopt("alice", "letters"), [row]);
    assert.equal(await records.has("alice", "letters"), true);
    await records.clear("alice");
    assert.equal(await records.has("alice", "letters"), false);
    assert.deepEqual(await records.adopt("alice", "letters"), []);
    await records.put("alice", "letters", row);
    await records.leaveOnly("bob");
    assert.deepEqual(await records.adopt("alice", "letters"), []);
  }
  assert.equal(storage.getItem("chat.outbox"), null);
});
