import assert from "node:assert/strict";
import { test } from "node:test";

import { MemoryStorage } from "./crypto/index.js";
import { Drafts } from "./drafts.js";
import { alice, bob, settled } from "./fakes.js";
import { MemoryRecords, Records } from "./records/records.js";
import { AtRest } from "./sealing/rest.js";

/** Drafts as a page has them, over what the browser keeps. */
function page({ kept, keys = new MemoryStorage(), me = alice, sealed = [] }) {
  const records = new Records({ open: async () => kept, told: () => {} });
  const rest = new AtRest({ storage: keys, user_id: me.id });
  const sealing = { load: async () => {}, isSealed: (id) => sealed.includes(id), rest };
  const store = { me };
  return { store, rest, drafts: new Drafts({ store, sealing, records }) };
}

const until = async (holds) => {
  for (let turn = 0; turn < 200 && !(await holds()); turn++) await settled();
  assert.ok(await holds());
};

test("the latest draft outlives the page, and none is left when it is sent", async () => {
  const kept = new MemoryRecords();
  const { drafts } = page({ kept });
  for (const text of ["h", "he", "hello"]) drafts.put("c", "c", { text });
  await settled();
  assert.deepEqual(await page({ kept }).drafts.get("c"), { text: "hello" });
  drafts.put("c", "c", null);
  await settled();
  assert.equal(await page({ kept }).drafts.get("c"), null);
});

test("a draft is of one person alone", async () => {
  const kept = new MemoryRecords();
  const { drafts, store } = page({ kept });
  drafts.put("c", "c", { text: "hello" });
  await settled();
  store.me = bob;
  drafts.clear();
  assert.equal(await drafts.get("c"), null);
});

test("where it is end to end the draft is hidden, and gone with its key", async () => {
  const [kept, keys] = [new MemoryRecords(), new MemoryStorage()];
  const { drafts, rest } = page({ kept, keys, sealed: ["c"] });
  drafts.put("c", "c", { text: "a secret" });
  await until(async () => (await kept.adopt(alice.id, "drafts")).length);
  assert.ok(!JSON.stringify(await kept.adopt(alice.id, "drafts")).includes("secret"));
  const draft = () => page({ kept, keys, sealed: ["c"] }).drafts.get("c");
  assert.deepEqual(await draft(), { text: "a secret" });
  await rest.forget();
  assert.equal(await draft(), null);
});
