import assert from "node:assert/strict";
import { test } from "node:test";

import { alice, bob, conversation, created, message } from "./fakes.js";
import { Store } from "./store.js";
import { View } from "./view.js";

function storeWith(messages = [], fields = {}) {
  const store = new Store();
  store.me = alice;
  store.put({ ...conversation({ seq: messages.at(-1)?.seq ?? 0, ...fields }), messages });
  return store;
}

const shown = (store) => store.log("c").entries.map(({ seq }) => seq);
const held = (store, seq) => store.log("c").find(`m${seq}`);

test("messages are shown in order whatever order they come in", () => {
  const store = storeWith();
  assert.equal(store.apply(created(3)), "early");
  assert.equal(store.apply(created(2)), "early");
  assert.deepEqual(shown(store), []);
  assert.equal(store.apply(created(1)), "applied");
  assert.deepEqual(shown(store), [1, 2, 3]);
  assert.equal(store.log("c").position, 3);
});

test("what was heard before is ignored", () => {
  const store = storeWith();
  store.apply(created(1));
  assert.equal(store.apply(created(1, { content: "again" })), "known");
  assert.equal(held(store, 1).content, "text 1");
  assert.equal(store.conversations.get("c").unread_count, 1);
});

test("events of a conversation that is not held ask for it", () => {
  assert.equal(new Store().apply(created(1)), "unknown");
});

test("a place that one may not see keeps the numbers whole", () => {
  const store = storeWith();
  store.apply({ type: "log.skipped", conversation_id: "c", seq: 1, data: {} });
  assert.equal(store.apply(created(2)), "applied");
  assert.deepEqual(shown(store), [2]);
});

test("an unknown kind of event takes its place and changes nothing", () => {
  const store = storeWith();
  store.apply({ type: "poll.closed", conversation_id: "c", seq: 1, data: { anything: 1 } });
  assert.equal(store.log("c").position, 1);
});

test("skipping to the head lets the waiting go on", () => {
  const store = storeWith();
  store.apply(created(5));
  store.skipTo("c", 4);
  assert.deepEqual(shown(store), [5]);
  assert.equal(store.log("c").has_gap, false);
});

test("the state with the higher changed_seq is held", () => {
  const store = storeWith([message(1)]);
  store.putMessage(message(1, { content: "newer", changed_seq: 7 }));
  store.putMessage(message(1, { content: "older", changed_seq: 6 }));
  assert.equal(held(store, 1).content, "newer");
});

test("of two states with the same changed_seq the one that came last is held, also among the pins", () => {
  const store = storeWith([message(1, { is_pinned: true })]);
  store.putPins("c", [message(1, { is_pinned: true, changed_seq: 5 })]);
  store.putMessage(message(1, { content: "renamed", is_pinned: true, changed_seq: 5 }));
  assert.deepEqual([held(store, 1).content, store.pins.get("c")[0].content], ["renamed", "renamed"]);
  store.putMessage(message(1, { content: "older", is_pinned: true, changed_seq: 4 }));
  assert.deepEqual([held(store, 1).content, store.pins.get("c")[0].content], ["renamed", "renamed"]);
});

test("who came back where history begins with joining holds nothing from before", () => {
  const again = {
    hello: (store, counts) => store.welcome({ user: alice, conversations: [{ id: "c", ...counts }] }),
    "a membership": (store, { visible_from_seq }) => store.putMembership("c", { visible_from_seq }),
    "a row": (store, { visible_from_seq }) => {
      const { membership } = conversation();
      store.put(conversation({ seq: 9, membership: { ...membership, visible_from_seq } }));
    },
  };
  for (const [name, tell] of Object.entries(again)) {
    const store = storeWith([message(4), message(5), message(6)], { last_message: message(5) });
    store.putPins("c", [message(4), message(6)]);
    store.open("m4", new View({ conversation_id: "c", thread_id: "m4" }));
    tell(store, { visible_from_seq: 5, seq: 9, unread_count: 0, mention_count: 0, last_read_seq: 9 });
    const log = store.log("c");
    assert.deepEqual([shown(store), log.floor, log.has_older], [[6], 6, false], name);
    const { last_message, membership } = store.conversations.get("c");
    assert.deepEqual([last_message, membership.visible_from_seq], [null, 5], name);
    assert.deepEqual([store.pins.get("c").map(({ seq }) => seq), store.views.size], [[6], 0], name);
  }
});

test("a reaction replaces those held, but not later ones", () => {
  const store = storeWith([message(1)]);
  const reacted = (seq, reactions) =>
    store.apply({
      type: "reaction.added",
      conversation_id: "c",
      seq,
      data: { message_id: "m1", reactions, changed_seq: seq },
    });
  reacted(2, { "👍": { count: 1 } });
  reacted(3, {});
  assert.deepEqual(held(store, 1).reactions, {});
});

test("deleting leaves a tombstone, takes the text out of quotes and out of the count", () => {
  const quoting = message(2, { reply_to: { id: "m1", content: "text 1" } });
  const store = storeWith([message(1), quoting], { unread_count: 2 });
  const tombstone = message(1, { content: "", is_deleted: true, changed_seq: 3 });
  store.apply({ type: "message.deleted", conversation_id: "c", seq: 3, data: { message: tombstone } });
  assert.equal(held(store, 1).content, "");
  assert.equal(held(store, 2).reply_to.content, "");
  assert.equal(store.conversations.get("c").unread_count, 1);
});

test("a change of a message that is not loaded opens no hole in the window", () => {
  const store = storeWith([message(40), message(41)]);
  const edited = message(3, { changed_seq: 42 });
  store.apply({ type: "message.updated", conversation_id: "c", seq: 42, data: { message: edited } });
  assert.deepEqual(shown(store), [40, 41]);
});

test("an older page goes before the window", () => {
  const store = storeWith([message(3), message(4)]);
  assert.equal(store.log("c").has_older, true);
  store.log("c").prepend([message(1), message(2)], false);
  assert.deepEqual(shown(store), [1, 2, 3, 4]);
  assert.equal(store.log("c").has_older, false);
});

test("what changes a conversation tells how it was before", () => {
  const store = storeWith();
  const data = { conversation: { id: "c", name: "new" }, actor_id: "bob" };
  store.apply({ type: "conversation.updated", conversation_id: "c", seq: 1, data });
  assert.equal(store.log("c").entries[0].event.data.before.name, "c");
  assert.equal(store.conversations.get("c").name, "new");
});

test("people read who came and went and got a role, not who was renamed or silenced", () => {
  const store = storeWith();
  const heard = (type, seq, changed) =>
    store.apply({ type, conversation_id: "c", seq, data: { member: { user: bob, role: "admin" }, changed } });
  heard("member.added", 1);
  heard("member.updated", 2, "nickname");
  heard("member.updated", 3, "silenced_until");
  heard("member.updated", 4, "role");
  heard("member.removed", 5);
  assert.deepEqual(shown(store), [1, 4, 5]);
  assert.equal(store.conversations.get("c").member_count, 2);
});

test("what a hello has counted is not counted again when it arrives", () => {
  const store = storeWith([message(1)]);
  const counts = { id: "c", seq: 3, unread_count: 3, mention_count: 0, last_read_seq: 0 };
  store.welcome({ user: alice, me_seq: 1, conversations: [counts] });
  [2, 3, 4].forEach((seq) => store.apply(created(seq)));
  assert.equal(store.conversations.get("c").unread_count, 4);
});

test("a hello ends what it no longer names and names what is new", () => {
  const store = storeWith();
  const counts = { id: "new", seq: 3, unread_count: 1, mention_count: 0, last_read_seq: 0 };
  assert.deepEqual(store.welcome({ user: alice, conversations: [counts] }), ["new"]);
  assert.equal(store.conversations.has("c"), false);
});

test("sending and reading move my mark, which never goes back", () => {
  const store = storeWith();
  store.apply(created(1));
  store.apply(created(2));
  assert.equal(store.markRead("c", 1), true);
  assert.equal(store.conversations.get("c").unread_count, 1);
  store.apply(created(3, { sender: alice }));
  assert.equal(store.conversations.get("c").unread_count, 0);
  assert.equal(store.markRead("c", 2), false);
  assert.equal(store.conversations.get("c").membership.last_read_seq, 3);
});

test("the marks of others tell how far my message has come", () => {
  const store = storeWith([message(1, { sender: alice, status: "sent" })]);
  const status = () => store.status(held(store, 1));
  assert.equal(status(), "sent");
  const mark = (type, user_id, seq) => store.apply({ type, conversation_id: "c", data: { user_id, seq } });
  mark("read.updated", "alice", 1);
  mark("delivered.updated", "bob", 1);
  assert.equal(status(), "delivered");
  mark("read.updated", "bob", 1);
  mark("read.updated", "bob", 0);
  assert.equal(status(), "read");
});

test("an answer tells that my message has arrived, not that it was read", () => {
  const store = storeWith([message(1, { sender: alice, status: "sent" })]);
  store.apply(created(2, { sender: bob }));
  assert.equal(store.status(held(store, 1)), "delivered");
});

test("typing replaces the list, ends after six seconds or with the message", (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const store = storeWith();
  const type = (users) => store.apply({ type: "typing.updated", conversation_id: "c", data: { users } });
  type([bob, alice]);
  assert.deepEqual(store.typing("c"), [bob]);
  t.mock.timers.tick(6_000);
  assert.deepEqual(store.typing("c"), []);
  type([bob]);
  store.apply(created(1));
  assert.deepEqual(store.typing("c"), []);
});

test("conversations come with the latest activity first", () => {
  const store = storeWith([message(1)]);
  store.put(conversation({ id: "d", last_message: message(30, { conversation_id: "d" }) }));
  assert.deepEqual(
    store.list.map(({ id }) => id),
    ["d", "c"],
  );
});

test("a changed name is shown in every place, also where it is one's own", () => {
  const store = storeWith([message(1)]);
  const rename = (user) => store.apply({ type: "user.updated", data: { user } });
  rename({ ...bob, full_name: "Bob" });
  rename({ ...alice, full_name: "Alice" });
  assert.equal(store.person(held(store, 1).sender).full_name, "Bob");
  assert.equal(store.me.full_name, "Alice");
});

test("a list of members is later than what was heard of them before", () => {
  const store = storeWith();
  store.apply({ type: "user.updated", data: { user: { ...bob, full_name: "Old" } } });
  store.putMembers("c", [{ user: { ...bob, full_name: "New" }, role: "member" }], true);
  assert.equal(store.person(bob).full_name, "New");
});

test("what blocked people write is not unread, and nobody sees them typing", () => {
  const store = storeWith();
  store.setBlocked(bob.id, true);
  store.apply(created(1));
  store.apply(created(2, { sender: { id: "carol", username: "carol" } }));
  assert.equal(store.conversations.get("c").unread_count, 1);
  store.markRead("c", 1);
  assert.equal(store.conversations.get("c").unread_count, 1);
  const tombstone = message(1, { content: "", is_deleted: true, changed_seq: 3 });
  store.apply({ type: "message.deleted", conversation_id: "c", seq: 3, data: { message: tombstone } });
  assert.equal(store.conversations.get("c").unread_count, 1);
  store.apply({ type: "typing.updated", conversation_id: "c", data: { users: [bob] } });
  assert.deepEqual(store.typing("c"), []);
});
