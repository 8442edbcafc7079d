import assert from "node:assert/strict";
import { test } from "node:test";

import { CURVE, makeDevice, signRotation } from "../crypto/index.js";
import { ALICE, BOB, Directory, PLACE, browser, read, written } from "./directory.js";

const HELD = "keys_unanswered";

async function pair() {
  const directory = new Directory();
  const alice = await browser(directory, ALICE);
  const bob = await browser(directory, BOB);
  await written(alice, "hello");
  return { directory, alice, bob };
}

/** Why a user's message is not sealed, or for how many devices it is. */
const sealed = (one, seq) =>
  written(one, "words", { seq }).then(
    ({ envelope }) => envelope.recipients.length,
    ({ code }) => code,
  );

/** What a user is warned of. */
async function warnings(one) {
  await sealed(one, 99);
  return one.sealing.readersOf(PLACE).warnings;
}

const kinds = async (one) => (await warnings(one)).map(({ user_id, what }) => [user_id, what]);

async function compare(one, other) {
  await one.sealing.trust.compare(other.id, await one.sealing.trust.look(other.id));
}

test("a device that appears in one's own account warns like anybody's, until that is answered", async () => {
  const { directory, alice } = await pair();
  assert.deepEqual(await kinds(alice), []);
  const phone = await browser(directory, ALICE, { who: "alice's phone" });
  assert.deepEqual(await kinds(alice), [[ALICE.id, "added"]]);
  assert.equal(await sealed(alice, 11), 3);
  const again = await browser(directory, ALICE, { keys: alice.keys });
  assert.deepEqual(await kinds(again), [[ALICE.id, "added"]]);
  await again.sealing.accept(PLACE, await warnings(again));
  assert.deepEqual(await kinds(again), []);
  const later = await browser(directory, ALICE, { keys: alice.keys });
  assert.deepEqual(await kinds(later), []);
  assert.deepEqual(await kinds(phone), [], "the new one knows what was there before");
});

test("what this browser did itself is no warning: another sign-in, other keys", async () => {
  const { directory, alice, bob } = await pair();
  assert.deepEqual(await kinds(bob), []);
  await compare(alice, BOB);
  await directory.end(ALICE.id, "alice");
  const again = await browser(directory, ALICE, { who: "alice's next sign-in", keys: alice.keys });
  assert.deepEqual([await kinds(again), await sealed(again, 11)], [[], 2]);
  const { own } = again.sealing;
  const next = (await makeDevice({ user_id: ALICE.id, suite: CURVE })).device;
  const { signature } = await signRotation({ device: own.present, next });
  await own.rotate(next, () => directory.write(ALICE.id, "rotated", own.present.id, next.bundle, signature));
  assert.deepEqual([await kinds(again), await sealed(again, 12)], [[], 2]);
  assert.deepEqual(await kinds(bob), [[ALICE.id, "changed"]]);
});

test("once a check was made nothing is sealed for one's own new device before one has said that it is", async () => {
  const { directory, alice } = await pair();
  await compare(alice, BOB);
  await browser(directory, ALICE, { who: "alice's phone" });
  assert.equal(await sealed(alice, 11), HELD);
  await compare(alice, BOB);
  assert.equal(await sealed(alice, 12), HELD, "both of them may be shown the same device that is neither's");
  const found = await warnings(alice);
  assert.deepEqual(
    found.map(({ is_held }) => is_held),
    [true],
  );
  await alice.sealing.accept(PLACE, found);
  assert.equal(await sealed(alice, 13), 3);
});

test("nothing is sealed for a new device of somebody who was compared before that is answered", async () => {
  const { directory, alice } = await pair();
  await compare(alice, BOB);
  const phone = await browser(directory, BOB, { who: "bob's phone" });
  assert.equal(await sealed(alice, 11), HELD);
  const again = await browser(directory, ALICE, { keys: alice.keys });
  assert.equal(await sealed(again, 12), HELD, "a reload is no answer");
  await again.sealing.accept(PLACE, await warnings(again));
  const message = await written(again, "now you, too", { seq: 13 });
  assert.equal(await read(phone, message), "now you, too");
});

test("comparing again is an answer, taking a comparison back is none", async () => {
  const { directory, alice } = await pair();
  await compare(alice, BOB);
  await browser(directory, BOB, { who: "bob's phone" });
  const found = await alice.sealing.trust.look(BOB.id);
  await alice.sealing.trust.compare(BOB.id, { ...found, number: null });
  assert.deepEqual(await kinds(alice), [[BOB.id, "added"]]);
  await alice.sealing.trust.compare(BOB.id, found);
  assert.deepEqual(await kinds(alice), []);
  assert.equal(await sealed(alice, 11), 3);
});

test("an answer is about what was shown, not about what came meanwhile", async () => {
  const { directory, alice } = await pair();
  await compare(alice, BOB);
  await browser(directory, BOB, { who: "bob's phone" });
  const shown = await warnings(alice);
  await browser(directory, BOB, { who: "another phone" });
  assert.deepEqual(await kinds(alice), [[BOB.id, "added"]]);
  await alice.sealing.accept(PLACE, shown);
  assert.equal(await sealed(alice, 11), HELD);
});

test("keys that are changed are held as new devices are, and a device that is gone again is not", async () => {
  const { directory, alice, bob } = await pair();
  await compare(alice, BOB);
  await browser(directory, BOB, { who: "bob's phone" });
  await directory.end(BOB.id, "bob's phone");
  assert.equal(await sealed(alice, 11), 2);
  assert.deepEqual(await kinds(alice), [[BOB.id, "added"]]);
  const { device } = await makeDevice({ user_id: BOB.id, suite: CURVE });
  await directory.write(BOB.id, "reset", bob.sealing.own.present.id, device.bundle);
  assert.equal(await sealed(alice, 12), HELD);
});

test("a change of keys of a kind that is not known here warns all the same", async () => {
  const { directory, alice, bob } = await pair();
  const { device } = await makeDevice({ user_id: BOB.id, suite: CURVE });
  await directory.write(BOB.id, "improved", bob.sealing.own.present.id, device.bundle);
  assert.deepEqual(await kinds(alice), [[BOB.id, "changed"]]);
});

test("both lists of devices are shown beside the number, and which of them this browser is", async () => {
  const { directory, alice } = await pair();
  await browser(directory, ALICE, { who: "alice's phone" });
  const { devices, mine } = await alice.sealing.trust.look(BOB.id);
  assert.deepEqual([devices, mine].map((list) => list.map(({ is_here }) => is_here)), [[false], [true, false]]);
});

test("with people who were not compared writing goes on, and the warning stays all the same", async () => {
  const { directory, alice } = await pair();
  await browser(directory, BOB, { who: "bob's phone" });
  assert.equal(await sealed(alice, 11), 3);
  assert.deepEqual(await kinds(alice), [[BOB.id, "added"]]);
});

test("another page of the same browser knows of the comparison", async () => {
  const { directory, alice } = await pair();
  const other = await browser(directory, ALICE, { keys: apart(alice.keys) });
  await warnings(other);
  await compare(alice, BOB);
  await browser(directory, BOB, { who: "bob's phone" });
  assert.equal(await sealed(other, 11), HELD);
  await other.sealing.accept(PLACE, await warnings(other));
  const later = await browser(directory, ALICE, { keys: alice.keys });
  assert.ok((await later.sealing.trust.look(BOB.id)).was_compared, "an answer there has not undone it");
});

/** The same storage as another page sees it: what is read is a copy. */
function apart(keys) {
  const get = async (key) => {
    const kept = await keys.get(key);
    return key.startsWith("trust/") ? structuredClone(kept) : kept;
  };
  const rest = ["put", "delete", "putFirst"].map((name) => [name, (...given) => keys[name](...given)]);
  return { ...Object.fromEntries(rest), get };
}

test("a member who signs any number of false heads pushes out no warning of another one", async () => {
  const { alice } = await pair();
  const { trust } = alice.sealing;
  const about = { user_id: BOB.id, hash: "f".repeat(64) };

  await trust.contradicted({ ...about, by: ALICE.id, number: 9 });
  for (let number = 1; number <= 60; number++) await trust.contradicted({ ...about, by: BOB.id, number });

  const forked = (await warnings(alice)).filter(({ what }) => what === "forked");
  assert.deepEqual(
    forked.map(({ by }) => by),
    [ALICE.id, BOB.id],
  );
});
