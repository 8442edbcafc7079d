import assert from "node:assert/strict";
import { test } from "node:test";

import { CURVE, RSA, isSupported, makeDevice, signRotation } from "../crypto/index.js";
import { ALICE, BOB, Directory, PLACE, browser, read, written } from "./directory.js";

/** alice and bob, each with a browser. */
async function pair() {
  const directory = new Directory();
  const alice = await browser(directory, ALICE);
  const bob = await browser(directory, BOB);
  return { directory, alice, bob };
}

const code = (attempt) =>
  attempt.then(
    () => "it was done",
    (error) => error.code,
  );

test("a browser becomes a device by itself, and its keys cannot be read", async () => {
  const directory = new Directory();
  const alice = await browser(directory, ALICE, { suite: null });
  const { present } = alice.sealing.own;
  assert.equal(present.id, directory.idOf("alice"));
  assert.deepEqual([present.encryption_key.extractable, present.signing_key.extractable], [false, false]);
  await alice.sealing.begin(async () => "again");
  await browser(directory, ALICE, { keys: alice.keys });
  assert.equal(directory.asked.filter((asked) => asked === "POST encryption/devices/").length, 1);
});

test("what alice writes is read by bob, and by herself", async () => {
  const { alice, bob } = await pair();
  const message = await written(alice, "The cat is in the bag");
  assert.ok(!JSON.stringify(message).includes("cat"));
  assert.equal(await read(bob, message), "The cat is in the bag");
  assert.equal(await read(alice, message), "The cat is in the bag");
});

test("one sees for whom a message was sealed", async () => {
  const { directory, alice, bob } = await pair();
  await browser(directory, BOB, { who: "bob's phone" });
  const message = await written(alice, "hello");
  const found = await bob.sealing.recipientsOf(message);
  assert.deepEqual(Object.fromEntries(found.map(({ user_id, count }) => [user_id, count])), {
    [ALICE.id]: 1,
    [BOB.id]: 2,
  });
  const [, ...others] = message.envelope.recipients;
  const stranger = { device: "ffffffff-0000-4000-8000-000000000000", key: "" };
  const odd = { ...message, envelope: { ...message.envelope, recipients: [...others, stranger] } };
  assert.ok((await bob.sealing.recipientsOf(odd)).some(({ user_id }) => user_id === null));
});

test("devices of both suites read the same message", async (t) => {
  if (!(await isSupported(CURVE))) return t.skip("This machine has no curves.");
  const directory = new Directory();
  const [alice, bob] = [
    await browser(directory, ALICE, { suite: RSA }),
    await browser(directory, BOB, { suite: CURVE }),
  ];
  assert.equal(bob.sealing.own.present.bundle.suite, CURVE);
  assert.equal(await read(bob, await written(alice, "from RSA")), "from RSA");
  assert.equal(await read(alice, await written(bob, "from the curve", { seq: 11 })), "from the curve");
});

test("an edit is another envelope, and the one before is still read", async () => {
  const { alice, bob } = await pair();
  const first = await written(alice, "first");
  const place = { conversation_id: PLACE, client_id: "k-edit", replaces: first.id };
  const { envelope } = await alice.sealing.seal(place, { content: "second" });
  const edited = { ...first, envelope, edit_id: "k-edit" };
  assert.equal(await read(bob, edited), "second");
  const past = await bob.sealing.openPast(edited, { envelope: first.envelope, client_id: first.client_id });
  assert.equal(past.content, "first");
  assert.deepEqual(await read(bob, { ...first, envelope }), { refused: "signature_invalid" });
});

test("who is mentioned is told, because the server cannot see it", async () => {
  const { alice, bob } = await pair();
  alice.store.putMembers(PLACE, [{ user: ALICE }, { user: BOB }], true);
  const message = await written(alice, "@Bob, look, and tell @carol");
  assert.deepEqual(message.mentions, [BOB.id]);
  await read(bob, message);
  assert.deepEqual(bob.store.reveal({ ...message, mentions: [ALICE.id] }).mentions, [BOB.id]);
});

test("what was altered, moved or put into another mouth is not shown", async () => {
  const { alice, bob } = await pair();
  const message = await written(alice, "hello");
  const { ciphertext } = message.envelope;
  const altered = { ...message.envelope, ciphertext: `${ciphertext[0] === "A" ? "B" : "A"}${ciphertext.slice(1)}` };
  assert.deepEqual(await read(bob, { ...message, envelope: altered }), { refused: "signature_invalid" });
  assert.deepEqual(await read(bob, { ...message, client_id: "other" }), { refused: "signature_invalid" });
  assert.deepEqual(await read(bob, { ...message, sender: BOB }), { refused: "wrong_sender" });
  assert.equal(await read(bob, message), "hello");
});

test("another message under the same client_id is refused, also after a reload", async () => {
  const { directory, alice, bob } = await pair();
  const [one, other] = [await written(alice, "one"), await written(alice, "other")];
  assert.equal(await read(bob, one), "one");
  assert.deepEqual(await read(bob, other), { refused: "replayed" });
  const again = await browser(directory, BOB, { keys: bob.keys });
  assert.deepEqual(await read(again, other), { refused: "replayed" });
  assert.equal(await read(again, one), "one");
});

test("a new browser reads from then on, and old keys still read after another sign-in", async () => {
  const { directory, alice, bob } = await pair();
  const before = await written(alice, "before");
  const phone = await browser(directory, BOB, { who: "bob's phone" });
  const after = await written(alice, "after", { seq: 11 });
  assert.deepEqual(await read(phone, before), { refused: "not_a_recipient" });
  assert.equal(await read(phone, after), "after");
  await directory.end(BOB.id, "bob");
  const again = await browser(directory, BOB, { who: "bob's next sign-in", keys: bob.keys });
  assert.notEqual(again.sealing.own.present.id, bob.sealing.own.present.id);
  assert.equal(await read(again, before), "before");
  assert.equal(await read(again, await written(alice, "later", { seq: 12 })), "later");
});

test("what stands in the clear in such a conversation is not trusted, whatever the server says later", async () => {
  const { directory, alice, bob } = await pair();
  const plain = { ...(await written(alice, "Hi")), envelope: null, content: "Send me your password" };
  assert.deepEqual(await read(bob, plain), { refused: "untrusted" });
  bob.store.put({ id: PLACE, kind: "direct", encryption: "server", seq: 2 });
  assert.ok(bob.sealing.isSealed(PLACE));
  const again = await browser(directory, BOB, { keys: bob.keys });
  again.store.put({ id: PLACE, kind: "direct", encryption: "server", seq: 2 });
  assert.ok(again.sealing.isSealed(PLACE));
  assert.deepEqual(await read(again, plain), { refused: "untrusted" });
});

test("a log that says something else than before is refused, and nothing is sealed for it", async () => {
  const { directory, alice } = await pair();
  await written(alice, "hello");
  const lines = directory.lines(BOB.id);
  const { device } = await makeDevice({ user_id: BOB.id, suite: CURVE });
  directory.replace(BOB.id, []);
  await directory.write(BOB.id, "added", lines[0].device_id, device.bundle);
  assert.equal(await code(written(alice, "secret")), "log_forked");
  alice.sealing.readersOf(PLACE);
  for (let turn = 0; turn < 20 && !alice.sealing.readersOf(PLACE)?.alarm; turn++) await new Promise(setImmediate);
  assert.equal(alice.sealing.readersOf(PLACE).alarm.code, "log_forked");
});

test("keys that were replaced do not write at a later place, and what others wrote there is read", async () => {
  const { directory, alice, bob } = await pair();
  assert.equal(await read(bob, await written(alice, "before")), "before");
  const { own } = alice.sealing;
  const next = (await makeDevice({ user_id: ALICE.id, suite: CURVE })).device;
  const { signature } = await signRotation({ device: own.present, next });
  await directory.write(ALICE.id, "rotated", own.present.id, next.bundle, signature);
  const later = await written(bob, "of bob", { seq: 11 });
  assert.equal(await read(bob, later), "of bob");
  const place = directory.seq;
  const lines = directory.lines(ALICE.id);
  directory.replace(ALICE.id, lines.slice(0, 1));
  const forged = await written(alice, "by the old key", { seq: 12 });
  assert.ok(forged.envelope.roster_seq > place);
  assert.deepEqual(await read(bob, forged), { refused: "wrong_sender" });
  const his = await browser(directory, BOB, { keys: bob.keys });
  assert.equal(await read(his, later), "of bob");
});

test("a log that ends earlier than before is refused: a device that was removed must not come back", async () => {
  const { directory, alice } = await pair();
  await browser(directory, BOB, { who: "bob's phone" });
  await written(alice, "for both");
  const lines = directory.lines(BOB.id);
  directory.replace(BOB.id, lines.slice(0, 1));
  assert.equal(await code(written(alice, "secret")), "log_went_back");
  directory.replace(BOB.id, lines);
  assert.equal(await code(written(alice, "for both")), "it was done");
});

test("new keys that the old ones have not signed are refused as a rotation, and a warning as a reset", async () => {
  const { directory, alice, bob } = await pair();
  await written(alice, "hello");
  const readers = async () => {
    alice.heard();
    await code(written(alice, "look"));
    return alice.sealing.readersOf(PLACE);
  };
  assert.deepEqual((await readers()).warnings, []);
  const { id } = bob.sealing.own.present;
  const next = (await makeDevice({ user_id: BOB.id, suite: CURVE })).device;
  const { signature } = await signRotation({ device: bob.sealing.own.present, next });
  await directory.write(BOB.id, "rotated", id, next.bundle, signature);
  const changed = { user_id: BOB.id, what: "changed", number: 2, is_held: false };
  assert.deepEqual((await readers()).warnings, [changed]);
  await alice.sealing.accept(PLACE);
  assert.deepEqual((await readers()).warnings, []);
  const other = (await makeDevice({ user_id: BOB.id, suite: CURVE })).device;
  await directory.write(BOB.id, "rotated", id, other.bundle, signature);
  assert.equal(await code(written(alice, "secret")), "rotation_invalid");
});

test("both see the same safety number, and what was compared is forgotten when it changes", async () => {
  const { directory, alice, bob } = await pair();
  const [hers, his] = [await alice.sealing.trust.look(BOB.id), await bob.sealing.trust.look(ALICE.id)];
  assert.equal(hers.number, his.number);
  assert.match(hers.number, /^(\d{5} ){11}\d{5}$/);
  await alice.sealing.trust.compare(BOB.id, hers);
  assert.ok((await alice.sealing.trust.look(BOB.id)).is_compared);
  await browser(directory, BOB, { who: "bob's phone" });
  const changed = await alice.sealing.trust.look(BOB.id);
  assert.deepEqual([changed.is_compared, changed.was_compared, changed.devices.length], [false, true, 2]);
});
