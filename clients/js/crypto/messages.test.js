import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { decode, encode, random } from "./canonical.js";
import { own, seenByOthers, vectors } from "./cast.js";
import { CODES, CryptoError } from "./errors.js";
import { openFile, sealFile } from "./files.js";
import { Seen, openMessage, sealMessage } from "./messages.js";
import { MemoryStorage } from "./storage.js";

const place = { conversation_id: "c0000000-0000-4000-8000-000000000000", client_id: "1" };
const laptops = ["alice-laptop", "bob-laptop"];
const bytesOf = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer());

async function seal(body, { sender = "alice-laptop", recipients = laptops, ...changes } = {}) {
  const [device, readers] = [await own(sender), await Promise.all(recipients.map(seenByOthers))];
  return sealMessage({ body, device, recipients: readers, roster_seq: 1, ...place, ...changes });
}

async function open(envelope, changes = {}) {
  const [sender, devices] = [await seenByOthers("alice-laptop"), [await own("bob-laptop")]];
  return openMessage({ envelope, sender, devices, ...place, ...changes });
}

test("any changed byte of an envelope is noticed", async () => {
  const { envelope, place: there } = vectors("messages").javascript.find(({ name }) => name === "laptops");
  assert.ok(await open(envelope, there));
  const [first, ...others] = envelope.recipients;
  const put = {
    nonce: (text) => ({ ...envelope, nonce: text }),
    ciphertext: (text) => ({ ...envelope, ciphertext: text }),
    signature: (text) => ({ ...envelope, signature: text }),
    key: (text) => ({ ...envelope, recipients: [{ ...first, key: text }, ...others] }),
  };
  for (const [field, altered] of Object.entries(put)) {
    const bytes = decode(field === "key" ? first.key : envelope[field]);
    for (let at = 0; at < bytes.length; at++) {
      const changed = Uint8Array.from(bytes);
      changed[at] ^= 1 + (at % 255);
      await assert.rejects(open(altered(encode(changed)), there), { code: "signature_invalid" }, `${field} ${at}`);
    }
  }
});

test("any other head of a key log is noticed, and a head cannot be taken away", async () => {
  const heads = [1, 2].map((number) => ({
    user: `0d000000-0000-4000-8000-00000000000${number}`,
    number,
    hash: encode(random(48)).replace(/[^0-9a-f]/g, "0"),
  }));
  const envelope = await seal({ content: "hello" }, { heads: [...heads].reverse() });
  assert.deepEqual([envelope.v, envelope.heads], [2, heads]);
  assert.equal((await open(envelope)).content, "hello");
  const refused = (changes, code) => assert.rejects(open({ ...envelope, ...changes }), { code });
  const [first, second] = heads;
  for (let at = 0; at < 64; at++) {
    const hash = first.hash.slice(0, at) + (first.hash[at] === "a" ? "b" : "a") + first.hash.slice(at + 1);
    await refused({ heads: [{ ...first, hash }, second] }, "signature_invalid");
  }
  await refused({ heads: [{ ...first, number: 2 }, second] }, "signature_invalid");
  await refused({ heads: [first] }, "signature_invalid");
  await refused({ heads: [second, first] }, "heads_unsorted");
  const { heads: _, ...bare } = envelope;
  await assert.rejects(open({ ...bare, v: 1 }), { code: "signature_invalid" });
  const many = Array.from({ length: 257 }, (_, at) => ({ ...first, user: `0d000000-0000-4000-8000-${10 ** 11 + at}` }));
  await assert.rejects(seal({ content: "Hi" }, { heads: many }), { code: "too_large" });
  await assert.rejects(seal({ content: "Hi" }, { heads: [first, first] }), { code: "heads_unsorted" });
});

test("any text opens to itself", async () => {
  for (let round = 0; round < 30; round++) {
    const points = Array.from(new Uint32Array(random(4 * (round * 7)).buffer), (value) => value % 0x110000);
    const content = `a${String.fromCodePoint(...points.filter((point) => point < 0xd800 || point > 0xdfff))}`;
    assert.equal((await open(await seal({ content }))).content, content);
  }
});

test("what is sealed twice is not the same, and says by its length only how long it may be", async () => {
  const [one, other] = [await seal({ content: "yes" }), await seal({ content: "no, never" })];
  assert.notEqual(one.nonce, other.nonce);
  assert.notEqual(one.ciphertext, other.ciphertext);
  assert.equal(JSON.stringify(one).length, JSON.stringify(other).length);
});

test("what is no body is not sealed", async () => {
  for (const body of [{}, { content: "a".repeat(10_001) }, { content: "\ud800" }, { content: "Hi", mentions: ["bob"] }]) {
    await assert.rejects(seal(body), { code: "content_invalid" });
  }
  await assert.rejects(seal({ content: "Hi" }, { recipients: [] }), { code: "malformed" });
  const twice = ["bob-laptop", "bob-laptop"];
  await assert.rejects(seal({ content: "Hi" }, { recipients: twice }), { code: "recipients_duplicate" });
  await assert.rejects(seal({ content: "Hi" }, { roster_seq: 1.5 }), { code: "malformed" });
});

test("nothing is sealed of which nothing can be seen", async () => {
  const attachment = vectors("messages").javascript.find(({ body }) => body.attachments).body.attachments[0];
  for (const content of vectors("text").blank) {
    await assert.rejects(seal({ content }), { code: "content_invalid" }, JSON.stringify(content));
    await assert.rejects(seal({ content, attachments: [] }), { code: "content_invalid" });
    await seal({ content, attachments: [attachment] });
  }
});

test("a removed device opens nothing that comes later", async () => {
  const envelope = await seal({ content: "without bob" }, { recipients: ["alice-laptop"] });
  await assert.rejects(open(envelope), { code: "not_a_recipient" });
});

test("the same again is the same message, another under its client_id is none, also at the same moment", async () => {
  const seen = new Seen(new MemoryStorage());
  const [one, other] = [await seal({ content: "one" }), await seal({ content: "other" })];
  assert.equal((await open(one, { seen })).content, "one");
  assert.equal((await open(one, { seen })).content, "one");
  await assert.rejects(open(other, { seen }), { code: "replayed" });
  const elsewhere = { conversation_id: "c1000000-0000-4000-8000-000000000000" };
  await assert.rejects(open(await seal({ content: "one" }, elsewhere), { seen, ...elsewhere }), { code: "replayed" });
  const both = new Seen(new MemoryStorage());
  const outcomes = await Promise.allSettled([one, other].map((each) => open(each, { seen: both })));
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
});

test("what is not signed well is not remembered", async () => {
  const seen = new Seen(new MemoryStorage());
  const [good, other] = [await seal({ content: "good" }), await seal({ content: "other" })];
  await assert.rejects(open({ ...good, signature: other.signature }, { seen }), { code: "signature_invalid" });
  assert.equal((await open(good, { seen })).content, "good");
});

test("files may come in pieces of any size", async () => {
  const plain = new Uint8Array(200_000).map((_, at) => at % 256);
  const pieces = (data, size) =>
    new ReadableStream({
      start(controller) {
        for (let at = 0; at < data.length; at += size) controller.enqueue(data.subarray(at, at + size));
        controller.close();
      },
    });
  for (const size of [997, 65_536, 65_552, 150_000]) {
    const { stream, secrets } = sealFile(pieces(plain, size));
    const sealed = await bytesOf(stream);
    const open = async (data) => bytesOf(openFile(pieces(data, size), await secrets));
    assert.deepEqual(await open(sealed), plain);
    await assert.rejects(open(sealed.subarray(0, -1)), { code: "file_truncated" });
  }
});

test("the document and the other implementation name the same refusals", () => {
  const read = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
  const [, table] = read("docs/encryption.md").split("### Refusals");
  assert.deepEqual(Array.from(table.matchAll(/^\| `(\w+)`/gm), ([, code]) => code).sort(), Object.keys(CODES).sort());
  const theirs = read("clients/python/chatcrypt/errors.py").matchAll(/^ {4}"(\w+)": "(.*)",$/gm);
  assert.deepEqual(Object.fromEntries(Array.from(theirs, ([, code, text]) => [code, text])), CODES);
  assert.equal(new CryptoError("bad_key").message, CODES.bad_key);
});
