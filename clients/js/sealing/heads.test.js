import assert from "node:assert/strict";
import { test } from "node:test";

import { CURVE, makeDevice, readDevice, sealMessage } from "../crypto/index.js";
import { ALICE, BOB, CAROL, Directory, PLACE, browser, read, withLine, written } from "./directory.js";

const PHONE = "dd000000-0000-4000-8000-000000000001";

async function three() {
  const directory = new Directory();
  const alice = await browser(directory, ALICE);
  const bob = await browser(directory, BOB);
  const carol = await browser(directory, CAROL);
  return { directory, alice, bob, carol };
}

/** A device that a server makes up, as a line of a user's log. */
async function madeUp({ id: user_id }, device_id = PHONE) {
  const { device } = await makeDevice({ user_id, suite: CURVE });
  return { kind: "added", device_id, bundle: device.bundle };
}

/** What a user is warned of, once it is known. */
async function warnings({ sealing, heard }) {
  heard();
  await sealing.seal({ conversation_id: PLACE, client_id: "look" }, { content: "Hi" }).catch(() => {});
  return sealing.readersOf(PLACE).warnings;
}

const forks = async (one) => (await warnings(one)).filter(({ what }) => what === "forked");
const about = (found) => found.map(({ user_id, by }) => [user_id, by]);

test("where nobody lies nobody is warned, whoever has seen more", async () => {
  const { directory, alice, bob, carol } = await three();
  const before = await written(alice, "before");
  await browser(directory, BOB, { who: "bob's phone" });
  const after = await written(alice, "after", { seq: 11 });
  for (const one of [bob, carol]) {
    assert.equal(await read(one, after), "after");
    assert.equal(await read(one, before), "before");
    assert.deepEqual(await forks(one), []);
  }
});

test("a device that only the sender is shown is noticed with the next message, by all who read it", async () => {
  const { directory, alice, bob, carol } = await three();
  const lie = await withLine(directory.lines(BOB.id), await madeUp(BOB));
  directory.lie(ALICE.id, BOB.id, lie);
  const message = await written(alice, "the server reads along");
  assert.ok(message.envelope.recipients.some(({ device }) => device === PHONE));

  for (const one of [bob, carol]) {
    assert.equal(await read(one, message), "the server reads along");
    assert.deepEqual(about(await forks(one)), [[BOB.id, ALICE.id]]);
  }
});

test("two logs of the same length are noticed as well", async () => {
  const { directory, alice, carol } = await three();
  const [one, other] = [await madeUp(BOB), await madeUp(BOB)];
  const lines = directory.lines(BOB.id);
  directory.lie(ALICE.id, BOB.id, await withLine(lines, one));
  directory.lie(CAROL.id, BOB.id, await withLine(lines, other));
  const message = await written(alice, "for one phone");
  assert.equal(await read(carol, message), "for one phone");
  assert.deepEqual(about(await forks(carol)), [[BOB.id, ALICE.id]]);
});

test("a device of one's own that only others are shown is noticed as well", async () => {
  const { directory, alice, bob } = await three();
  directory.lie(BOB.id, ALICE.id, await withLine(directory.lines(ALICE.id), await madeUp(ALICE)));
  assert.equal(await read(alice, await written(bob, "hello")), "hello");
  assert.deepEqual(about(await forks(alice)), [[ALICE.id, BOB.id]]);
});

test("a device whose end the sender is not told of is noticed", async () => {
  const { directory, alice, bob, carol } = await three();
  await browser(directory, BOB, { who: "bob's phone" });
  await written(alice, "for the phone, too");
  directory.withhold(ALICE.id);
  await directory.end(BOB.id, "bob's phone");
  await warnings(carol);
  await warnings(bob);

  const message = await written(alice, "still for the phone", { seq: 30 });

  assert.equal(message.envelope.recipients.length, 4);
  for (const one of [bob, carol]) {
    assert.equal(await read(one, message), "still for the phone");
    assert.deepEqual(about(await forks(one)), [[BOB.id, ALICE.id]]);
  }
});

test("an end that does not belong to the roster is noticed, even where it is a line of the log", async () => {
  const { directory, alice, carol } = await three();
  await browser(directory, BOB, { who: "bob's phone" });
  directory.lie(ALICE.id, BOB.id, directory.lines(BOB.id).slice(0, 1));
  const message = await written(alice, "not for the phone");
  assert.equal(await read(carol, message), "not for the phone");
  assert.deepEqual(about(await forks(carol)), [[BOB.id, ALICE.id]]);
});

test("of somebody who was erased nothing is compared, and what was written then is read", async () => {
  const { directory, alice, bob } = await three();
  const message = await written(alice, "carol was here");
  directory.erase(CAROL.id);
  assert.equal(await read(bob, message), "carol was here");
  assert.deepEqual(await forks(bob), []);
});

test("the warning stays until it is answered, also after a reload, and does not come back for the same", async () => {
  const { directory, alice, bob } = await three();
  directory.lie(ALICE.id, BOB.id, await withLine(directory.lines(BOB.id), await madeUp(BOB)));
  const message = await written(alice, "hello");
  await read(bob, message);
  const again = await browser(directory, BOB, { keys: bob.keys });
  const found = await forks(again);
  assert.deepEqual(about(found), [[BOB.id, ALICE.id]]);
  await again.sealing.accept(PLACE, found);
  assert.deepEqual(await forks(again), []);
  const later = await browser(directory, BOB, { keys: bob.keys });
  assert.equal(await read(later, message), "hello");
  assert.deepEqual(await forks(later), []);
});

test("a sender who was shown several other logs is one warning, and each of several senders is one", async () => {
  const { directory, alice, bob, carol } = await three();
  for (const one of [alice, carol]) {
    for (const seq of [20, 21]) {
      directory.lie(one.user.id, BOB.id, await withLine(directory.lines(BOB.id), await madeUp(BOB)));
      const again = await browser(directory, one.user, { who: `${one.user.username} ${seq}` });
      await read(bob, await written(again, "hello", { seq, client_id: `${one.user.username}${seq}` }));
    }
  }
  const found = await forks(bob);
  assert.deepEqual(about(found).sort(), [ALICE, CAROL].map(({ id }) => [BOB.id, id]).sort());
  await bob.sealing.accept(PLACE, found.slice(0, 1));
  assert.deepEqual(about(await forks(bob)), about(found.slice(1)));
});

test("what older clients write is read, and says nothing of key logs", async () => {
  const { alice, bob } = await three();
  const message = await written(alice, "the new way");
  const { roster_seq } = message.envelope;
  const { present } = alice.sealing.own;
  const recipients = await Promise.all([present, bob.sealing.own.present].map(readDevice));
  const place = { conversation_id: PLACE, client_id: "old" };
  const how = { device: present, recipients, roster_seq };
  const envelope = await sealMessage({ body: { content: "hello" }, ...how, ...place });
  assert.deepEqual([envelope.v, envelope.heads, message.envelope.v], [1, undefined, 2]);
  assert.equal(await read(bob, { ...message, ...place, envelope }), "hello");
  assert.equal(bob.store.reveal({ ...message, ...place, envelope }).has_heads, false);
  await read(bob, message);
  assert.equal(bob.store.reveal(message).has_heads, true);
  assert.deepEqual(await forks(bob), []);
});
