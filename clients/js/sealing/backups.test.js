import assert from "node:assert/strict";
import { test } from "node:test";

import { ALICE, BOB, Directory, browser, read, written } from "./directory.js";

const passphrase = "nine tall trees 2026";

/** bob, who has a backup, and what alice wrote to him then. */
async function scene() {
  const directory = new Directory();
  const [alice, bob] = [await browser(directory, ALICE), await browser(directory, BOB)];
  const before = await written(alice, "before the backup");
  await bob.sealing.backups.begin({ passphrase });
  const after = await written(alice, "in the backup", { seq: 11 });
  return { directory, alice, bob, before, after };
}

const code = (attempt) =>
  attempt.then(
    () => "it was done",
    (error) => error.code,
  );

test("a device with a backup has new keys, and reads with the old ones too", async () => {
  const { directory, bob, before, after } = await scene();
  assert.deepEqual(
    directory.lines(BOB.id).map(({ kind }) => kind),
    ["added", "rotated"],
  );
  assert.equal(await read(bob, before), "before the backup");
  assert.equal(await read(bob, after), "in the backup");
  assert.ok(!JSON.stringify(directory.backup).includes(passphrase));
});

test("another browser reads with the backup what was written since it was made", async () => {
  const { directory, bob, before, after } = await scene();
  const phone = await browser(directory, BOB, { who: "bob's phone" });
  assert.deepEqual(await read(phone, after), { refused: "not_a_recipient" });
  assert.equal(await code(phone.sealing.backups.restore({ passphrase: "another passphrase" })), "backup_invalid");
  assert.deepEqual(await phone.sealing.backups.restore({ passphrase }), { count: 1, has_this: false });
  assert.equal(await read(phone, after), "in the backup");
  assert.deepEqual(await read(phone, before), { refused: "not_a_recipient" });
  assert.equal((await phone.sealing.backups.restore({ passphrase })).count, 0);
  assert.deepEqual(await bob.sealing.backups.restore({ passphrase }), { count: 0, has_this: true });
  const again = await browser(directory, BOB, { who: "bob's phone", keys: phone.keys });
  assert.equal(await read(again, after), "in the backup");
});

test("a browser that is added to it keeps what it reads from then on for the next one", async () => {
  const { directory, alice, after } = await scene();
  const phone = await browser(directory, BOB, { who: "bob's phone" });
  await phone.sealing.backups.begin({ passphrase });
  assert.equal(await read(phone, after), "in the backup");
  await directory.end(BOB.id, "bob");
  const later = await written(alice, "for the phone", { seq: 12 });
  const tablet = await browser(directory, BOB, { who: "bob's tablet" });
  assert.equal((await tablet.sealing.backups.restore({ passphrase })).count, 2);
  assert.equal(await read(tablet, later), "for the phone");
  assert.equal(await read(tablet, after), "in the backup");
});

test("the password is shown where the server wants it, and the passphrase never", async () => {
  const { directory } = await scene();
  const phone = await browser(directory, BOB, { who: "bob's phone" });
  directory.is_wary = true;
  assert.equal(await code(phone.sealing.backups.restore({ passphrase })), "reauthentication_required");
  assert.equal(phone.sealing.backups.state, "unknown");
  assert.equal((await phone.sealing.backups.restore({ passphrase, password: "p" })).count, 1);
});

test("it gets another passphrase, is not overwritten unseen, and ends", async () => {
  const { directory, bob } = await scene();
  const { backups } = bob.sealing;
  await backups.change({ passphrase, new_passphrase: `${passphrase} two` });
  const phone = await browser(directory, BOB, { who: "bob's phone" });
  assert.equal(await code(phone.sealing.backups.restore({ passphrase })), "backup_invalid");
  await phone.sealing.backups.change({ passphrase: `${passphrase} two`, new_passphrase: passphrase });
  assert.equal(await code(backups.end({})), "precondition_failed");
  await backups.end({});
  assert.deepEqual([directory.backup, backups.state, await backups.read()], [null, "none", null]);
  assert.equal(await code(backups.begin({ passphrase: "short" })), "passphrase_short");
});

test("another page of the same browser goes on with the new keys", async () => {
  const directory = new Directory();
  const [alice, bob] = [await browser(directory, ALICE), await browser(directory, BOB)];
  const page = await browser(directory, BOB, { keys: bob.keys });
  await bob.sealing.backups.begin({ passphrase });
  assert.equal(await read(page, await written(alice, "to the new keys")), "to the new keys");
  assert.equal(await read(alice, await written(page, "from the other page", { seq: 11 })), "from the other page");
});

test("keys whose rotation had no answer are taken up by the next page", async () => {
  const directory = new Directory();
  const [alice, bob] = [await browser(directory, ALICE), await browser(directory, BOB)];
  const { own } = bob.sealing;
  const rotate = own.rotate.bind(own);
  own.rotate = (next, tell) =>
    rotate(next, async () => {
      await tell();
      throw new Error("The answer was lost.");
    });
  await assert.rejects(bob.sealing.backups.begin({ passphrase }));
  const again = await browser(directory, BOB, { keys: bob.keys });
  assert.equal(await read(again, await written(alice, "to the new keys")), "to the new keys");
  assert.equal(await read(alice, await written(again, "from them", { seq: 11 })), "from them");
});
