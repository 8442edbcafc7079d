import assert from "node:assert/strict";
import { test } from "node:test";

import { alice, bob, conversation, message } from "../js/fakes.js";
import { Store } from "../js/store.js";
import { snippetParts } from "./search.js";
import { countText, listText } from "./words.js";
import { barOf, holdUpText, slowSeconds } from "./writing.js";

function storeWith(fields, messages = []) {
  const store = new Store();
  store.me = alice;
  store.put({ ...conversation({ seq: messages.length, ...fields }), messages });
  return store;
}

test("why one cannot write", () => {
  assert.equal(barOf(storeWith({ capabilities: ["send_message"] }), "c"), null);
  assert.match(barOf(storeWith({ capabilities: ["leave"] }), "c"), /owners and admins/);
  assert.match(barOf(storeWith({ capabilities: ["leave"], is_frozen: true }), "c"), /frozen/);
  const silenced = (silenced_until) => {
    const membership = { ...conversation().membership, silenced_until };
    return barOf(storeWith({ capabilities: ["leave"], membership }), "c");
  };
  assert.match(silenced("2099-01-01T12:00:00Z"), /muted you until .*2099/);
  assert.match(silenced("2020-01-01T12:00:00Z"), /owners and admins/);
  const store = storeWith({ kind: "direct", peer: bob, capabilities: ["send_message"] });
  store.setBlocked(bob.id, true);
  assert.equal(barOf(store, "c"), "You blocked bob.");
});

test("slow mode counts from the own last message, and admins do not wait", () => {
  const at = (seconds) => Date.parse("2026-01-01T00:00:00Z") + seconds * 1000;
  const messages = [message(10, { sender: alice }), message(12)];
  const store = storeWith({ slow_mode_seconds: 30 }, messages);
  assert.deepEqual([slowSeconds(store, "c", at(15)), slowSeconds(store, "c", at(40))], [25, 0]);
  assert.equal(slowSeconds(store, "c", at(-1_000)), 30); // a clock that is behind
  const corrected = [message(10, { sender: alice, edited_at: new Date(at(20)).toISOString() }), message(12)];
  assert.equal(slowSeconds(storeWith({ slow_mode_seconds: 30 }, corrected), "c", at(25)), 25);
  const { membership } = conversation();
  const admin = storeWith({ slow_mode_seconds: 30, membership: { ...membership, role: "admin" } }, messages);
  assert.equal(slowSeconds(admin, "c", at(15)), 0);
  assert.equal(slowSeconds(storeWith({}, messages), "c", at(15)), 0);
});

test("what was found is told from what stands around it, in characters as people count them", () => {
  assert.deepEqual(snippetParts("🎉 a <b>cake</b>", [[7, 11]]), [
    { text: "🎉 a <b>" },
    { text: "cake", is_found: true },
    { text: "</b>" },
  ]);
  assert.deepEqual(snippetParts("cake", [[0, 4]]), [{ text: "cake", is_found: true }]);
});

test("lists and counts", () => {
  assert.deepEqual([listText([]), listText(["alice"])], ["", "alice"]);
  assert.equal(listText(["alice", "bob"], 3), "alice, bob and 1 other");
  assert.deepEqual([countText(1, "reply", "replies"), countText(2, "member")], ["1 reply", "2 members"]);
});

test("a message that waits says for what, and how long", () => {
  const told = (waits_for, retry_at) => holdUpText({ waits_for, retry_at }, 10_000);
  assert.equal(told("rate_limited", 12_300), "Sending again in 3 s: you are writing too fast.");
  assert.equal(told("slow_mode", 40_000), "Sending again in 30 s: slow mode is on.");
  assert.equal(told("unavailable", 9_000), "Sending again in 0 s: the server is busy.");
});
