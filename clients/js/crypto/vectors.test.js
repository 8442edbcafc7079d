import assert from "node:assert/strict";
import { test } from "node:test";

import { openBackup } from "./backup.js";
import { pad } from "./body.js";
import { readDevice, readRotation } from "./bundles.js";
import { decode, encode, pack, sha256 } from "./canonical.js";
import { own, seenByOthers, vectors } from "./cast.js";
import { contextOf, readEnvelope, signedBytes, wrapInfo, writeEnvelope } from "./envelope.js";
import { openFile } from "./files.js";
import { fingerprint, safetyNumber } from "./fingerprints.js";
import { digestOfHeads, isHeadOf, readHeads } from "./heads.js";
import { Seen, openMessage } from "./messages.js";
import { MemoryStorage } from "./storage.js";
import { CURVE, isSupported } from "./suites.js";

const canonical = vectors("canonical");
const refusals = vectors("refusals");
const hex = (data) => Buffer.from(data).toString("hex");
const bytesOf = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer());
const all = (names) => Promise.all(names.map(seenByOthers));
const sealed = (vector) =>
  Object.entries(vectors(vector)).flatMap(([who, cases]) =>
    cases.map(({ name = "", ...each }) => ({ ...each, name: `${who} ${name}` })),
  );

/** The curves are tried, not assumed: without them these tests say so. */
const skip = !(await isSupported(CURVE)) && "this Node has no curves";

function refuses(kind, attempt) {
  for (const { name, code, ...asked } of refusals[kind]) {
    test(`${kind}: ${name}: ${code}`, { skip }, async () => {
      await assert.rejects(async () => attempt(asked), { name: "CryptoError", code });
    });
  }
}

test("fields are packed so that they cannot run into each other", () => {
  for (const { fields, packed } of canonical.pack) assert.equal(hex(pack(...fields)), packed);
});

test("there is one way to write bytes", () => {
  for (const text of canonical.base64url.good) assert.equal(encode(decode(text)), text);
  for (const text of canonical.base64url.bad) assert.throws(() => decode(text), { code: "bad_encoding" }, text);
});

test("messages are bound by the same bytes", { skip }, async () => {
  for (const { sender, recipient, roster_seq, heads, ...expected } of canonical.messages) {
    const [from, to] = await all([sender, recipient]);
    const bound = { suite: from.suite, sender_device: from.id, roster_seq, heads: heads.length ? heads : null };
    const context = await contextOf(bound, expected);
    assert.equal(hex(context), expected.context);
    assert.equal(hex(wrapInfo(to, context)), expected.wrap_info);
    const recipients = [{ device: to.id, key: new Uint8Array(80) }];
    const parts = { recipients, nonce: new Uint8Array(12), ciphertext: new Uint8Array(272) };
    assert.equal(hex(await sha256(signedBytes(parts, context))), expected.signed_sha256);
  }
});

test("heads have one digest, and are lines of a log or not", async () => {
  const { digests, logs } = canonical.heads;
  for (const { heads, digest } of digests) assert.equal(hex(await digestOfHeads(readHeads(heads))), digest);
  for (const { head, hashes, is_head } of logs) assert.equal(isHeadOf(head, hashes), is_head);
});

test("lengths fall into classes", () => {
  for (const [size, padded] of canonical.size_classes) assert.equal(pad({ content: "a".repeat(size) }).length, padded);
});

test("bundles, fingerprints and the safety number", { skip }, async () => {
  for (const [name, expected] of Object.entries(canonical.fingerprints)) {
    const device = await seenByOthers(name);
    assert.equal(await fingerprint(device), expected);
    assert.equal(hex(device.packed), canonical.bundles[name]);
  }
  const { alice, bob, number } = canonical.safety_number;
  const [hers, his] = [await all(alice), await all(bob)];
  assert.equal(await safetyNumber(hers, his), number);
  assert.equal(await safetyNumber(his.reverse(), [...hers, hers[0]]), number);
  assert.notEqual(await safetyNumber(hers.slice(1), his), number);
});

for (const { name, sender, recipients, place, envelope, body } of sealed("messages")) {
  test(`a message opens for each recipient: ${name}`, { skip }, async () => {
    const from = await seenByOthers(sender);
    const stranger = await own("carol-phone");
    for (const reader of recipients) {
      const [devices, seen] = [[stranger, await own(reader)], new Seen(new MemoryStorage())];
      const opened = await openMessage({ envelope, ...place, sender: from, devices, seen });
      assert.deepEqual(opened, { mentions: [], attachments: [], ...body });
    }
    assert.deepEqual(writeEnvelope(readEnvelope(envelope)), envelope);
  });
}

refuses("messages", async ({ place, sender, reader, envelope, before = [] }) => {
  const known = { ...place, sender: await seenByOthers(sender), devices: [await own(reader)] };
  const seen = new Seen(new MemoryStorage());
  for (const earlier of before) await openMessage({ envelope: earlier, ...known, seen });
  return openMessage({ envelope, ...known, seen });
});

refuses("bundles", readDevice);
refuses("rotations", readRotation);
refuses("backups", openBackup);

for (const who of ["python", "javascript"]) {
  test(`a rotation is followed: ${who}`, { skip }, async () => {
    const { user_id, next, [who]: rotation } = vectors("rotations");
    assert.deepEqual((await readRotation({ user_id, rotation })).bundle, (await seenByOthers(next)).bundle);
  });
}

for (const { name, size, sealed: data, ...secrets } of sealed("files")) {
  test(`a file opens: ${name}${size} bytes`, async () => {
    const plain = await bytesOf(openFile(new Blob([decode(data)]), { ...secrets, size }));
    assert.deepEqual(plain, Uint8Array.from({ length: size }, (_, at) => at % 251));
  });
}

refuses("files", ({ of, slices, flip, ...said }) => {
  const { sealed: data, ...secrets } = vectors("files").python.find(({ size }) => size === of);
  const parts = slices.map(([start, end]) => decode(data).subarray(start, end));
  const altered = Buffer.concat(parts);
  if (flip !== null) altered[flip] ^= 1;
  return bytesOf(openFile(new Blob([altered]), { ...secrets, ...said }));
});

for (const { name, user_id, passphrase, devices, notes, blob } of vectors("backups").backups) {
  test(`a backup opens: ${name}`, { skip }, async () => {
    const opening = openBackup({ blob, user_id, passphrase });
    if (blob.kdf === "argon2id") return assert.rejects(opening, { code: "unsupported" });
    const backup = await opening;
    const bundles = (await all(devices)).map(({ bundle }) => bundle);
    assert.deepEqual(
      backup.devices.map(({ bundle }) => bundle),
      bundles,
    );
    assert.deepEqual(backup.notes, notes);
    assert.equal(backup.devices.some((device) => device.encryption_key.extractable), false);
  });
}
