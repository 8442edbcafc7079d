import assert from "node:assert/strict";
import { test } from "node:test";

import { openBackup, rewrapBackup } from "./backup.js";
import { readDevice, readRotation, signRotation } from "./bundles.js";
import { seenByOthers } from "./cast.js";
import { makeDevice } from "./device.js";
import { openMessage, sealMessage } from "./messages.js";
import { MemoryStorage, forgetDevice, loadDevice, saveDevice } from "./storage.js";
import { CURVE, RSA, isSupported, supportedSuites } from "./suites.js";

const alice = "a1ce0000-0000-4000-8000-000000000000";
const id = "de000000-0000-4000-8000-000000000000";
const place = { conversation_id: "c0000000-0000-4000-8000-000000000000", client_id: "1" };
const passphrase = "correct horse battery";
const suites = await supportedSuites();
const suite = suites.at(-1); // making RSA keys takes seconds

/** What a device sealed for itself opens with these keys. */
async function opens(sealer, ...devices) {
  const sender = await readDevice(sealer);
  const sealed = { body: { content: "to myself" }, device: sealer, recipients: [sender], roster_seq: 1 };
  const envelope = await sealMessage({ ...sealed, ...place });
  return (await openMessage({ envelope, sender, devices, ...place })).content === "to myself";
}

test("RSA is everywhere; what is not is known", async () => {
  assert.ok(suites.includes(RSA));
  assert.equal(await isSupported(CURVE), suites.includes(CURVE));
  assert.throws(() => isSupported("rot13"), { code: "unknown_suite" });
});

test("a machine without curves says so, and still has RSA", async (t) => {
  const { generateKey } = crypto.subtle;
  t.mock.method(crypto.subtle, "generateKey", function (algorithm, ...rest) {
    if (/25519/.test(algorithm.name)) throw new DOMException("Unrecognized name.", "NotSupportedError");
    return generateKey.call(crypto.subtle, algorithm, ...rest);
  });
  const fresh = await import("./suites.js?without-curves");
  assert.deepEqual(await fresh.supportedSuites(), [RSA]);
  await assert.rejects(fresh.requireSupport(fresh.suiteOf(CURVE)), { code: "unsupported" });
});

for (const each of suites) {
  test(`a device without a backup has keys that nobody reads: ${each}`, async () => {
    const { device, backup } = await makeDevice({ user_id: alice, suite: each });
    assert.deepEqual([backup, device.id, device.bundle.suite], [null, null, each]);
    for (const key of [device.encryption_key, device.signing_key]) {
      assert.equal(key.type, "private");
      await assert.rejects(crypto.subtle.exportKey("pkcs8", key), /not extractable/);
    }
    assert.ok(await opens({ ...device, id }, { ...device, id }));
  });

  test(`with a backup too, and the backup opens what was sealed for it: ${each}`, async () => {
    const { device, backup } = await makeDevice({ user_id: alice, suite: each, passphrase, notes: { seen: 1 } });
    assert.equal(device.encryption_key.extractable || device.signing_key.extractable, false);
    const { devices, notes } = await openBackup({ blob: backup, user_id: alice, passphrase });
    assert.deepEqual([devices.length, devices[0].bundle, notes], [1, device.bundle, { seen: 1 }]);
    assert.equal(devices[0].encryption_key.extractable || devices[0].signing_key.extractable, false);
    assert.ok(await opens({ ...device, id }, { ...devices[0], id }));
  });
}

test("a new device takes the keys of earlier ones into its backup", async () => {
  const notes = { compared: ["bob"] };
  const { device, backup: previous } = await makeDevice({ user_id: alice, suite, passphrase, notes });
  const { backup } = await makeDevice({ user_id: alice, suite, passphrase, previous });
  const restored = await openBackup({ blob: backup, user_id: alice, passphrase });
  assert.deepEqual([restored.devices.length, restored.devices[1].bundle], [2, device.bundle]);
  assert.deepEqual(restored.notes, notes);
});

test("a backup gets another passphrase, and the old one no longer opens it", async () => {
  const { backup } = await makeDevice({ user_id: alice, suite, passphrase });
  const new_passphrase = "another one that is long";
  const blob = await rewrapBackup({ blob: backup, user_id: alice, passphrase, new_passphrase });
  assert.equal((await openBackup({ blob, user_id: alice, passphrase: new_passphrase })).devices.length, 1);
  await assert.rejects(openBackup({ blob, user_id: alice, passphrase }), { code: "backup_invalid" });
});

test("weak passphrases and rounds make no backup", async () => {
  await assert.rejects(makeDevice({ user_id: alice, passphrase: "password" }), { code: "passphrase_short" });
  await assert.rejects(makeDevice({ user_id: alice, passphrase: "" }), { code: "passphrase_short" });
  await assert.rejects(makeDevice({ user_id: alice, passphrase, rounds: 1000 }), { code: "kdf_refused" });
});

test("keys follow each other by the word of the old ones, and the old ones still read what was theirs", async () => {
  const { device } = await makeDevice({ user_id: alice, suite });
  const { device: next } = await makeDevice({ user_id: alice, suite });
  const rotation = await signRotation({ device: { ...device, id }, next });
  const known = await readRotation({ user_id: alice, rotation });
  assert.deepEqual([known.id, known.bundle], [id, next.bundle]);
  assert.ok(await opens({ ...device, id }, { ...next, id }, { ...device, id }));
  const stolen = await signRotation({ device: { ...next, id }, next: device });
  const claimed = { ...rotation, signature: stolen.signature };
  await assert.rejects(readRotation({ user_id: alice, rotation: claimed }), { code: "rotation_invalid" });
});

test("a storage keeps a device for its person, and none whose keys could be read", async () => {
  const storage = new MemoryStorage();
  const { device } = await makeDevice({ user_id: alice, suite });
  await saveDevice(storage, { ...device, id });
  assert.deepEqual(await loadDevice(storage, alice), { ...device, id });
  assert.equal(await loadDevice(storage, (await seenByOthers("bob-laptop")).user_id), null);
  await forgetDevice(storage, alice);
  assert.equal(await loadDevice(storage, alice), null);
  const { privateKey } = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
  await assert.rejects(saveDevice(storage, { ...device, encryption_key: privateKey }), { code: "bad_key" });
});
