import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../js/chat.js";
import { alice, bob, conversation } from "../../js/fakes.js";
import { badgeText, bellText, noticeText } from "./sentences.js";

function textOf(kind, { data = {}, ...fields } = {}) {
  const store = new Store();
  store.me = alice;
  store.put(conversation({ name: "Friends" }));
  store.put(conversation({ id: "d", kind: "direct", peer: bob }));
  return noticeText({ kind, actor: bob, conversation_id: "c", data, ...fields }, store);
}

test("notices tell who did what, and where", () => {
  const direct = { conversation_id: "d" };
  assert.equal(textOf("message"), "New messages in Friends");
  assert.equal(textOf("message", direct), "New messages from bob");
  assert.equal(textOf("mention"), "bob mentioned you in Friends");
  assert.equal(textOf("mention", direct), "bob mentioned you");
  assert.equal(textOf("reply"), "bob replied to you in Friends");
  assert.equal(textOf("added"), "bob added you to Friends");
  assert.equal(textOf("invitation", { conversation_id: "elsewhere", data: { name: "Readers" } }), "bob invites you to Readers");
});

test("of several reactions the last is told, and how many there are", () => {
  assert.equal(textOf("reaction", { data: { emoji: "👍", count: 1 } }), "bob reacted 👍 to your message");
  assert.equal(textOf("reaction", { data: { emoji: "👍", count: 3 } }), "bob reacted 👍 to your message (3 reactions)");
});

test("what concerns the account names nobody", () => {
  const nobody = { actor: null, conversation_id: null };
  const device = { device_name: "Firefox on Linux" };
  assert.equal(textOf("security", { ...nobody, data: device }), "New sign-in: Firefox on Linux");
  assert.equal(textOf("report", nobody), "Your report was decided");
  assert.equal(textOf("report", { ...nobody, data: { decision: "upheld" } }), "Your report was upheld");
});

test("what the operators decided is told with the reason", () => {
  const said = (data) => textOf("warning", { actor: null, conversation_id: null, data });
  assert.equal(said({ decision: "warned", reason: "Be kind", until: null }), "The operators warn you: Be kind");
  assert.equal(said({ decision: "message_deleted", reason: "" }), "The operators deleted a message of yours");
  assert.match(said({ decision: "suspended", reason: "Spam", until: "2026-03-10T09:00:00Z" }), /until .*2026.*: Spam$/);
});

test("a kind that a later server tells of is still something", () => {
  assert.equal(textOf("poll_closed"), "Something new");
});

test("the bell says how many are unread", () => {
  assert.deepEqual([bellText(0), bellText(3)], ["Notifications", "Notifications, 3 unread"]);
  assert.deepEqual([badgeText(7), badgeText(99), badgeText(100)], ["7", "99", "99+"]);
});
