import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatClient } from "./chat.js";
import { FakeServer, alice, conversation, created, message } from "./fakes.js";

/** A client that holds one conversation, as far as it was loaded, without a connection. */
async function holding(messages, fields = {}) {
  const server = new FakeServer();
  server.on("POST auth/login/", { user: alice, access: "a", access_expires_in: 300, refresh: "r" });
  const { fetch, WebSocket } = server;
  const chat = new ChatClient({ base: "http://x/", fetch, WebSocket });
  await chat.signIn({ login: "alice", password: "p" });
  chat.store.put({ ...conversation({ seq: messages.at(-1)?.seq ?? 0, ...fields }), messages });
  return { server, chat };
}

const seqs = (log) => log.entries.map(({ seq }) => seq);

test("an emoji travels in the address", async () => {
  const { server, chat } = await holding([message(1)]);
  server.on(`PUT messages/m1/reactions/${encodeURIComponent("👍")}/`, { status: 204 });
  await chat.react("m1", "👍");
  assert.equal(server.requests.at(-1).name, "PUT messages/m1/reactions/%F0%9F%91%8D/");
});

test("a thread shows its first message and hears what is written in it", async () => {
  const { server, chat } = await holding([message(1), message(9)]);
  const reply = (seq) => message(seq, { thread_id: "m1" });
  server.on("GET messages/m1/", message(1, { reply_count: 3 }));
  server.on("GET messages/m1/replies/", ({ query }) =>
    query.before
      ? { results: [reply(3)], previous: null, last_read_seq: 0 }
      : { results: [reply(5), reply(7)], previous: "more", last_read_seq: 5 },
  );
  const view = await chat.openThread("c", "m1");
  assert.deepEqual([seqs(view), view.read_seq, view.has_older], [[1, 5, 7], 5, true]);

  chat.store.apply(created(10, { thread_id: "m1" }));
  chat.store.apply(created(11));
  await chat.loadOlderReplies("m1");
  assert.deepEqual([seqs(view), view.has_older], [[1, 3, 5, 7, 10], false]);
  assert.equal(server.requests.at(-1).query.before, "5");
});

test("what happens to a message is seen wherever it is looked at", async () => {
  const { server, chat } = await holding([message(1), message(2)]);
  server.on("GET messages/m1/", message(1));
  server.on("GET messages/m1/replies/", { results: [], previous: null, last_read_seq: 0 });
  const view = await chat.openThread("c", "m1");
  const reactions = { "👍": { count: 1, user_ids: ["bob"] } };
  const data = { message_id: "m1", reactions, changed_seq: 3, actor_id: "bob" };
  chat.store.apply({ type: "reaction.added", conversation_id: "c", seq: 3, data });
  for (const log of [view, chat.store.log("c")]) assert.equal(log.find("m1").reactions["👍"].count, 1);
  assert.equal(chat.store.log("c").find("m1").actor_id, undefined);

  chat.closeView("m1");
  assert.equal(chat.store.views.size, 0);
});

test("a reply that is written while a thread is opened stands in it", async () => {
  const { server, chat } = await holding([message(1)]);
  server.on("GET messages/m1/", message(1));
  server.on("GET messages/m1/replies/", () => {
    chat.store.apply(created(2, { thread_id: "m1" }));
    return { results: [], previous: null, last_read_seq: 0 };
  });
  assert.deepEqual(seqs(await chat.openThread("c", "m1")), [1, 2]);
  server.on("GET messages/m9/", { status: 404 });
  await assert.rejects(chat.openThread("c", "m9"));
  assert.deepEqual([...chat.store.views.keys()], ["m1"]);
});

test("a thread is marked as read once, and never back", async () => {
  const { server, chat } = await holding([message(1)]);
  server.on("GET messages/m1/", message(1));
  server.on("GET messages/m1/replies/", { results: [message(4)], previous: null, last_read_seq: 0 });
  server.on("POST messages/m4/read/", { seq: 4 });
  await chat.openThread("c", "m1");
  for (const seq of [4, 4, 3]) await chat.markThreadRead("m1", message(seq));
  assert.equal(server.asked("POST messages/m4/read/").length, 1);
});

test("what another device has read of a thread is read here, and the conversation's mark is another one", async () => {
  const { server, chat } = await holding([message(1)], { seq: 9, unread_count: 3 });
  server.on("GET messages/m1/", message(1));
  server.on("GET messages/m1/replies/", { results: [message(4)], previous: null, last_read_seq: 2 });
  const view = await chat.openThread("c", "m1");
  const hear = (seq, me_seq) => {
    const data = { conversation_id: "c", thread_id: "m1", seq };
    return chat.store.apply({ type: "thread.read", conversation_id: "c", me_seq, data });
  };
  assert.equal(hear(4, 7), "applied");
  hear(3, 8);
  assert.deepEqual([view.read_seq, chat.store.me_seq], [4, 8]);
  assert.deepEqual(chat.store.conversations.get("c").unread_count, 3);
  await chat.markThreadRead("m1", message(4));
  assert.equal(server.asked("POST messages/m4/read/").length, 0);
});

test("a place far above is looked at by itself until it meets what is loaded", async () => {
  const { server, chat } = await holding([message(90), message(91)], { seq: 91 });
  const pages = {
    around: { results: [message(10), message(11)], previous: "more", next: "more" },
    before: { results: [message(8)], previous: null, next: "more" },
    after: { results: [message(60), message(90)], previous: "more", next: "more" },
  };
  server.on("GET conversations/c/messages/", ({ query }) => pages[Object.keys(pages).find((side) => side in query)]);
  await chat.lookAround("c", 91);
  assert.equal(chat.store.views.size, 0);

  await chat.lookAround("c", 10);
  await chat.widenView("c", "before");
  assert.deepEqual(seqs(chat.store.views.get("c")), [8, 10, 11]);
  await chat.widenView("c", "after");
  assert.equal(chat.store.views.size, 0);
  assert.deepEqual(seqs(chat.store.log("c")), [8, 10, 11, 60, 90, 91]);
});

test("mentions are counted until they are read", async () => {
  const { chat } = await holding([message(1)], { mention_count: 0 });
  chat.store.apply(created(2, { mentions: ["alice"] }));
  chat.store.apply(created(3, { mentions: ["bob"] }));
  chat.store.apply(created(4, { mentions: [], mentions_all: true }));
  const counts = () => {
    const { mention_count, unread_count } = chat.store.conversations.get("c");
    return [mention_count, unread_count];
  };
  assert.deepEqual(counts(), [2, 4 - 1]);
  chat.store.markRead("c", 3);
  assert.deepEqual(counts(), [1, 1]);
  chat.store.markRead("c", 4);
  assert.deepEqual(counts(), [0, 0]);
});

test("what is pinned is what it says now, and goes with its message", async () => {
  const { server, chat } = await holding([message(1), message(2)]);
  const pinned = (seq, fields) => message(seq, { is_pinned: true, ...fields });
  server.on("GET conversations/c/pins/", { results: [pinned(2), pinned(1)] });
  await chat.loadPins("c");
  chat.store.putMessage(pinned(2, { content: "newer", changed_seq: 3 }));
  chat.store.putMessage(message(1, { is_deleted: true, changed_seq: 4 }));
  assert.deepEqual(chat.store.pins.get("c").map(({ content }) => content), ["newer"]);
});

test("what is marked as unread is read by looking at it", async () => {
  const { chat } = await holding([message(1)]);
  chat.store.markRead("c", 1);
  assert.equal(chat.store.markRead("c", 1), false);
  const { membership, ...held } = chat.store.conversations.get("c");
  chat.store.put({ ...held, membership: { ...membership, is_marked_unread: true } });
  assert.equal(chat.store.markRead("c", 1), true);
  assert.equal(chat.store.conversations.get("c").membership.is_marked_unread, false);
});

test("own settings are taken from an answer and from another device, without losing what is held", async () => {
  const { server, chat } = await holding([message(1), message(2)]);
  server.on("PATCH conversations/c/members/me/", {});
  chat.store.markRead("c", 2);
  await chat.editOwnMembership("c", { muted_until: "9999-01-01T00:00:00Z" });
  const held = () => chat.store.conversations.get("c").membership;
  assert.equal(held().is_muted, true);
  chat.store.putMembership("c", { ...held(), muted_until: null, last_read_seq: 1 });
  assert.deepEqual([held().is_muted, held().last_read_seq], [false, 2]);
});

test("an answer from before the last read mark does not bring back what was unread", async () => {
  const { chat } = await holding([message(1), message(2)]);
  chat.store.markRead("c", 2);
  chat.store.put({ ...conversation({ seq: 2, unread_count: 2, name: "new name" }) });
  const { name, unread_count, membership } = chat.store.conversations.get("c");
  assert.deepEqual([name, unread_count, membership.last_read_seq], ["new name", 0, 2]);
});

test("conversations that are pinned stand first", async () => {
  const { chat } = await holding([message(5)], { last_message: message(5) });
  const old = conversation({ id: "d", created_at: "2020-01-01T00:00:00Z" });
  chat.store.put(old);
  assert.deepEqual(chat.store.list.map(({ id }) => id), ["c", "d"]);
  chat.store.put({ ...old, membership: { ...old.membership, is_pinned: true } });
  assert.deepEqual(chat.store.list.map(({ id }) => id), ["d", "c"]);
});
