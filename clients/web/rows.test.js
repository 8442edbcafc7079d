import assert from "node:assert/strict";
import { test } from "node:test";

import { alice, bob, conversation, message } from "../js/fakes.js";
import { Store } from "../js/store.js";
import { View } from "../js/view.js";
import { partsOf } from "./parts.js";
import { rowsOf } from "./rows.js";
import { FOLDED, changeText, dayOf, excerptOf, initialsOf, typingText } from "./words.js";

function storeWith(messages, fields = {}) {
  const store = new Store();
  store.me = alice;
  store.put({ ...conversation({ seq: messages.at(-1).seq, ...fields }), messages });
  return store;
}

const kinds = (rows) => rows.map(({ kind }) => kind);
const at = (time) => ({ created_at: time });

test("messages are gathered by day, by sender and by time", () => {
  const store = storeWith([
    message(1, at("2026-01-01T10:00:00")),
    message(2, at("2026-01-01T10:01:00")),
    message(3, at("2026-01-01T10:30:00")),
    message(4, { ...at("2026-01-01T10:31:00"), sender: alice }),
    message(5, at("2026-01-02T10:00:00")),
  ]);
  const rows = rowsOf(store, "c");
  assert.deepEqual(kinds(rows), ["day", "message", "message", "message", "message", "day", "message"]);
  const first = rows.filter(({ kind }) => kind === "message").map(({ is_first }) => is_first);
  assert.deepEqual(first, [true, false, true, true, true]);
});

test("a line stands above the first message of others that is new", () => {
  const store = storeWith([message(1), message(2, { sender: alice }), message(3), message(4)]);
  const rows = rowsOf(store, "c", { new_after: 1 });
  assert.deepEqual(kinds(rows), ["day", "message", "message", "new", "message", "message"]);
  assert.ok(!kinds(rowsOf(store, "c", { new_after: 4 })).includes("new"));
});

test("an own message keeps its row when it gets its place", () => {
  const store = storeWith([message(1)]);
  const own = message(2, { sender: alice, client_id: "k" });
  store.addPending({ ...own, id: undefined, seq: undefined, status: "pending" });
  const pending = rowsOf(store, "c").at(-1);
  store.apply({ type: "message.created", conversation_id: "c", seq: 2, data: { message: own } });
  const stored = rowsOf(store, "c").at(-1);
  assert.equal(stored.key, pending.key);
  assert.deepEqual([pending.status, stored.status], ["pending", "sent"]);
});

test("a message that is refused for long says until when", () => {
  const store = storeWith([message(1)]);
  const error = { message: "Too many requests; try again later.", retry_after: 7_000 };
  store.addPending({ ...message(2, { sender: alice, client_id: "k" }), seq: undefined, status: "failed", error });
  assert.equal(rowsOf(store, "c").at(-1).error, "Too many requests. Try again in 2 h.");
});

test("only a direct conversation says that a message was read", () => {
  const own = message(1, { sender: alice, status: "read" });
  assert.equal(rowsOf(storeWith([own], { kind: "direct" }), "c").at(-1).status, "read");
  assert.equal(rowsOf(storeWith([own], { kind: "group" }), "c").at(-1).status, "sent");
});

test("changes name who did what to whom, as far as it is known", () => {
  const names = { alice: "You", bob: "bob" };
  const told = (type, actor_id, user) => changeText({ type, data: { actor_id, member: { user } } }, (id) => names[id]);
  const carol = { id: "carol", username: "carol" };
  assert.equal(told("member.added", "bob", alice), "bob added you");
  assert.equal(told("member.added", "alice", carol), "You added carol");
  assert.equal(told("member.added", "carol", carol), "carol joined");
  assert.equal(told("member.removed", "bob", bob), "bob left");
  assert.equal(told("member.removed", "dave", carol), "carol was removed");
  assert.equal(told("member.removed", null, carol), "carol was removed");
  const given = (role) => ({ type: "member.updated", data: { actor_id: "alice", member: { user: bob, role } } });
  const role = (name) => changeText(given(name), (id) => names[id]);
  assert.equal(role("admin"), "You made bob an admin");
  assert.equal(role("member"), "You made bob a member");
});

test("what was changed is told where it is known how it was before", () => {
  const told = (conversation, before) =>
    changeText({ type: "conversation.updated", data: { actor_id: "bob", conversation, before } }, (id) => id);
  assert.equal(told({ name: "New" }, { name: "Old" }), "bob named it “New”");
  assert.equal(told({ slow_mode_seconds: 30 }, { slow_mode_seconds: 0 }), "bob set slow mode to 30 s");
  assert.equal(told({ is_read_only: true }, { is_read_only: false }), "bob let only admins write");
  assert.equal(told({ name: "New" }), "bob changed the conversation");
  const [conversation, before] = [{ is_frozen: true }, { is_frozen: false }];
  const frozen = { type: "conversation.updated", data: { actor_id: null, conversation, before } };
  assert.equal(changeText(frozen, () => null), "The operators froze this conversation");
});

test("days are called as people call them", () => {
  const now = new Date("2026-03-10T09:00:00");
  const called = (time) => dayOf(time, now);
  assert.deepEqual(["2026-03-10T00:01:00", "2026-03-09T23:59:00"].map(called), ["Today", "Yesterday"]);
  assert.match(called("2025-03-10T09:00:00"), /2025/);
});

test("typing and initials", () => {
  assert.equal(typingText([bob, alice]), "bob and alice are typing…");
  assert.equal(initialsOf("carol öztürk-smith"), "CÖ");
});

test("no line is drawn where what is new begins above what is loaded", () => {
  const store = storeWith([message(40), message(41)]);
  assert.ok(!kinds(rowsOf(store, "c", { new_after: 3 })).includes("new"));
  assert.ok(kinds(rowsOf(store, "c", { new_after: 39 })).includes("new"));
});

test("a group folds what blocked people wrote, until it is asked for", () => {
  const store = storeWith([message(1), message(2, { sender: alice, reply_to: message(1) })]);
  store.setBlocked(bob.id, true);
  const folded = (rows) => rows.filter(({ kind }) => kind === "message").map(({ is_folded }) => is_folded);
  assert.deepEqual(folded(rowsOf(store, "c")), [true, false]);
  assert.equal(rowsOf(store, "c").at(-1).quote.text, FOLDED);
  assert.deepEqual(folded(rowsOf(store, "c", { unfolded: new Set(["m1"]) })), [false, false]);
  assert.equal(excerptOf({ kind: "group", last_message: message(1) }, store), FOLDED);
});

test("a direct conversation with somebody blocked stays to be read", () => {
  const store = storeWith([message(1)], { kind: "direct" });
  store.setBlocked(bob.id, true);
  assert.equal(rowsOf(store, "c").at(-1).is_folded, false);
  assert.equal(excerptOf({ kind: "direct", last_message: message(1) }, store), "text 1");
  const long = message(1, { content: `${"a".repeat(119)}🩷🩷` });
  assert.equal(excerptOf({ kind: "direct", last_message: long }, store), `${"a".repeat(119)}🩷`);
});

test("what is folded is nothing new", () => {
  const store = storeWith([message(1), message(2), message(3, { sender: { id: "carol", username: "carol" } })]);
  store.setBlocked(bob.id, true);
  assert.deepEqual(kinds(rowsOf(store, "c", { new_after: 1 })), ["day", "message", "message", "new", "message"]);
});

test("replies in a thread stand there and not in the conversation", async () => {
  const reply = message(2, { thread_id: "m1" });
  const store = storeWith([message(1, { reply_count: 1 }), reply, message(3)]);
  const view = new View({ conversation_id: "c", thread_id: "m1" });
  view.prepend([message(1, { reply_count: 1 }), reply], false);
  store.open("m1", view);
  store.addPending({ ...message(4, { sender: alice, thread_id: "m1" }), id: undefined, seq: undefined });
  const shown = (look) => rowsOf(store, "c", look).flatMap(({ client_id }) => client_id ?? []);
  assert.deepEqual(shown(), ["k1", "k3"]);
  assert.deepEqual(shown({ thread_id: "m1" }), ["k1", "k2", "k4"]);
  assert.equal(rowsOf(store, "c")[1].reply_count, 1);
});

test("reactions tell who, and which are mine", () => {
  const reactions = { "👍": { count: 2, user_ids: ["bob", "alice"] }, "🎉": { count: 3, user_ids: ["bob", "dave"] } };
  const store = storeWith([message(1, { reactions })]);
  const told = rowsOf(store, "c").at(-1).reactions.map(({ emoji, is_mine, who }) => [emoji, is_mine, who]);
  assert.deepEqual(told, [
    ["👍", true, "bob and You"],
    ["🎉", false, "bob and 2 others"],
  ]);
});

test("names are marked where they are somebody's, also with what follows them in a sentence", () => {
  const store = storeWith([message(1, { mentions: ["alice"], mentions_all: true })]);
  const { named } = rowsOf(store, "c").at(-1);
  assert.deepEqual([...named], [["bob", null], ["alice", true], ["all", true]]);
  assert.deepEqual(partsOf("Hi @Alice, ask @dave. @all", named), [
    { text: "Hi " },
    { text: "@Alice", is_me: true },
    { text: ", ask @dave. " },
    { text: "@all", is_me: true },
  ]);
  assert.deepEqual(partsOf("a@alice.org https://x.org/@alice", named), [
    { text: "a@alice.org " },
    { text: "https://x.org/@alice", is_link: true },
  ]);
  assert.deepEqual(partsOf("https://x.org/\u202egro.knab//:sptth"), [
    { text: "https://x.org/", is_link: true },
    { text: "\u202egro.knab//:sptth" },
  ]);
});

test("what is sealed is shown as it was opened, also in quotes and previews", () => {
  const sealed = message(1, { content: "", envelope: {} });
  const quote = { id: "m1", seq: 1, sender: bob, content: "forged" };
  const reply = message(2, { content: "", envelope: {}, reply_to: quote });
  const store = storeWith([sealed, reply, message(3, { content: "", envelope: null })]);
  const opened = { m1: { content: "first" }, m2: { content: "second" }, m3: { sealing: "untrusted" } };
  store.reveal = (one) => ({ ...one, ...opened[one.id] });
  store.revealQuote = (_, quote) => quote && store.reveal(store.find(quote.id));
  const rows = rowsOf(store, "c").filter(({ kind }) => kind === "message");
  assert.deepEqual(
    rows.map(({ content, sealing }) => content || sealing),
    ["first", "second", "untrusted"],
  );
  assert.equal(rows[1].quote.text, "first");
  const last_message = reply;
  assert.equal(excerptOf({ last_message, kind: "direct" }, store), "second");
  opened.m2 = { sealing: "not_a_recipient" };
  assert.equal(excerptOf({ last_message, kind: "direct" }, store), "Sealed before this device was there");
});

test("new keys are told between the messages of a direct conversation too", () => {
  const store = storeWith([message(1)], { kind: "direct" });
  const told = (seq, kind, user) => {
    const data = { member: { user }, changed: "devices", key_change: { number: 2, kind, device_id: "d" } };
    store.apply({ type: "member.updated", conversation_id: "c", seq, ts: at("2026-01-01T11:00:00").created_at, data });
  };
  told(2, "added", bob);
  told(3, "removed", bob);
  told(4, "rotated", bob);
  told(5, "reset", alice);
  const changes = rowsOf(store, "c").filter(({ kind }) => kind === "change");
  assert.deepEqual(
    changes.map(({ text }) => text),
    ["bob added a new device", "bob's keys have changed", "Your keys have changed"],
  );
  assert.equal(store.conversations.get("c").roster_seq, 5);
});
