import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatError } from "./errors.js";
import { alice, settled } from "./fakes.js";
import { Parcels, asUpload, kindOf } from "./parcels.js";
import { Store } from "./store.js";

/** Parcels whose way is in the hands of the test: `ways` are `{file, options, arrive(upload), fail(error)}`. */
function parcelsOf(t) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const store = new Store();
  store.me = alice;
  const [ways, released, changed, revoked] = [[], [], [], []];
  t.mock.method(URL, "revokeObjectURL", (url) => url && revoked.push(url));
  const send = (file, options) =>
    new Promise((arrive, fail) => {
      options.signal.addEventListener("abort", () => fail(ChatError.cancelled()));
      ways.push({ file, options, arrive, fail });
    });
  const parcels = new Parcels({
    store,
    send,
    release: (upload_id) => released.push(upload_id),
    changed: (key) => changed.push(key),
    look: async (id) => ({ id, status: "failed", is_cleaned: false }),
  });
  return { store, parcels, ways, released, changed, revoked };
}

const file = (name, type = "image/png") => new File(["four"], name, { type });
const statuses = (store) => [...store.parcels.values()].map(({ status }) => status);

test("two go at once, the others wait their turn", async (t) => {
  const { store, parcels, ways } = parcelsOf(t);
  const keys = ["a", "b", "c"].map((name) => parcels.add("c", file(name)));
  assert.deepEqual(statuses(store), ["sending", "sending", "waiting"]);
  ways[0].options.onProgress(0.5);
  assert.equal(store.parcels.get(keys[0]).progress, 0.5);
  ways[0].arrive({ id: "u1" });
  await settled();
  assert.deepEqual(statuses(store), ["sent", "sending", "sending"]);
  assert.equal(store.previews.get("u1").url, store.parcels.get(keys[0]).preview);
});

test("whether a file could be cleaned is known before it is sent", async (t) => {
  const { store, parcels, ways } = parcelsOf(t);
  const key = parcels.add("c", file("a"));
  ways[0].arrive({ id: "u1", status: "processing", is_cleaned: null });
  await settled();
  assert.equal(store.parcels.get(key).upload.is_cleaned, null);
  t.mock.timers.tick(1_500);
  await settled();
  assert.equal(store.parcels.get(key).upload.is_cleaned, false);
});

test("only a voice message says what it is", (t) => {
  const { parcels, ways } = parcelsOf(t);
  parcels.add("c", file("a.ogg", "audio/ogg"), { kind: "voice" });
  parcels.add("c", file("b.ogg", "audio/ogg"));
  assert.deepEqual(
    ways.map(({ options }) => options.kind),
    ["voice", undefined],
  );
});

test("what is dropped is given up, wherever it is, and leaves no object URL behind", async (t) => {
  const { store, parcels, ways, released, revoked } = parcelsOf(t);
  const [sending, arrived, late] = ["a", "b", "c"].map((name) => parcels.add("c", file(name)));
  ways[1].arrive({ id: "u2" });
  await settled();
  for (const key of [sending, arrived, late]) parcels.drop(key);
  assert.ok(ways[0].options.signal.aborted);
  ways[2].arrive({ id: "u3" });
  await settled();
  assert.equal(store.parcels.size, 0);
  assert.equal(store.previews.size, 0);
  assert.equal(new Set(revoked).size, 3);
  assert.deepEqual(released, ["u2"]);
});

test("a lost connection is tried again some times, and once more when it is back", async (t) => {
  const { store, parcels, ways, changed } = parcelsOf(t);
  const key = parcels.add("c", file("a"));
  for (const pause of [2_000, 4_000, 0]) {
    ways.at(-1).fail(ChatError.offline());
    await settled();
    t.mock.timers.tick(pause);
  }
  assert.deepEqual([ways.length, statuses(store), changed], [3, ["failed"], [key]]);
  parcels.resume();
  assert.deepEqual([ways.length, statuses(store)], [4, ["sending"]]);
});

test("a limit is waited out, a refusal is told and can be retried", async (t) => {
  const { store, parcels, ways } = parcelsOf(t);
  const key = parcels.add("c", file("a"));
  ways[0].fail(new ChatError({ code: "rate_limited", status: 429, retry_after: 5 }));
  await settled();
  assert.deepEqual(statuses(store), ["waiting"]);
  assert.equal(asUpload(store.parcels.get(key)).retry_at, Date.now() + 5_000);
  parcels.add("c", file("b"));
  t.mock.timers.tick(5_000);
  assert.equal(asUpload(store.parcels.get(key)).retry_at, null);
  const [first, other, again] = ways.map(({ options }) => options.client_id);
  assert.deepEqual([first === again, first === other], [true, false]);
  ways[2].fail(new ChatError({ code: "too_large", status: 413, detail: "Too large." }));
  await settled();
  assert.equal(asUpload(store.parcels.get(key)).error, "Too large.");
  parcels.retry(key);
  assert.deepEqual([ways.length, statuses(store)], [4, ["sending", "sending"]]);
  assert.equal(ways[3].options.client_id, first);
});

test("who signs out leaves nothing", async (t) => {
  const { store, parcels, ways, revoked } = parcelsOf(t);
  parcels.add("c", file("a"));
  parcels.clear();
  await settled();
  assert.ok(ways[0].options.signal.aborted);
  assert.deepEqual([store.parcels.size, revoked.length, ways.length], [0, 1, 1]);
});

test("a parcel looks like an upload, without its file", (t) => {
  const { store, parcels } = parcelsOf(t);
  const key = parcels.add("c", file("a.png"), { width: 3, height: 2 });
  const { id, kind, filename, size, width, content_url, thumbnail_url } = asUpload(store.parcels.get(key));
  assert.deepEqual([id, kind, filename, size, width], [key, "image", "a.png", 4, 3]);
  assert.match(content_url, /^blob:/);
  assert.equal(thumbnail_url, content_url);
});

test("kinds go by type", () => {
  const kinds = ["image/heic", "video/mp4", "audio/mpeg", "text/plain", "application/pdf", "application/zip", ""];
  assert.deepEqual(
    kinds.map((type) => kindOf({ type })),
    ["image", "video", "audio", "document", "document", "other", "other"],
  );
});
