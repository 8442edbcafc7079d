import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatClient } from "./chat.js";
import { FakeServer, alice, bob, conversation, created, memory, message, settled } from "./fakes.js";
import { shownUpTo, unseenReplies } from "./shown.js";
import { Store } from "./store.js";

const carol = { id: "carol", username: "carol" };

/** alice's store with some messages of bob, none of them read. */
function storeWith(...messages) {
  const store = new Store();
  store.me = alice;
  store.put({ ...conversation({ seq: messages.at(-1).seq, unread_count: messages.length }), messages });
  return store;
}

const seqOf = (store, seq) => shownUpTo(store, "c", seq).seq;
const reply = (seq, fields) => message(seq, { thread_id: "m1", ...fields });

test("what was on the screen was read", () => {
  const store = storeWith(message(1), message(2));
  assert.deepEqual(shownUpTo(store, "c", 2), { seq: 2, thread_id: null });
  assert.deepEqual(shownUpTo(store, "c", 1), { seq: 1, thread_id: null });
});

test("a reply in a thread holds the mark back until it was shown there", () => {
  const store = storeWith(message(1), reply(2), message(3), reply(4));
  assert.deepEqual(shownUpTo(store, "c", 4), { seq: 1, thread_id: "m1" });
  assert.equal(unseenReplies(store, "c").get("m1"), 2);
  store.markThreadRead("m1", 2);
  assert.equal(seqOf(store, 4), 3);
  assert.equal(unseenReplies(store, "c").get("m1"), 1);
  store.apply({ type: "thread.read", conversation_id: "c", data: { thread_id: "m1", seq: 4 } });
  assert.equal(seqOf(store, 4), 4);
  assert.equal(unseenReplies(store, "c").size, 0);
});

test("what nobody has to see holds nothing back", () => {
  const store = storeWith(
    message(1),
    reply(2, { sender: alice }),
    reply(3, { is_deleted: true }),
    reply(4, { sender: carol }),
  );
  assert.equal(seqOf(store, 4), 3);
  store.setBlocked("carol", true);
  assert.equal(seqOf(store, 4), 4);
});

test("nobody can see the replies below a message that is gone", () => {
  const store = storeWith(message(1, { is_deleted: true }), reply(2), message(3));
  assert.equal(seqOf(store, 3), 3);
});

test("what does not open here was not read, and is once it opens", () => {
  const store = storeWith(message(1), message(2), message(3));
  for (const sealing of ["opening", "not_a_recipient", "signature_invalid", "untrusted"]) {
    store.reveal = (one) => (one.seq === 2 ? { ...one, sealing } : one);
    assert.equal(seqOf(store, 3), 1, sealing);
  }
  store.reveal = (one) => one;
  assert.equal(seqOf(store, 3), 3);
});

test("an own message moves the mark only where I had read what came before", () => {
  const store = storeWith(message(1));
  const read = () => store.conversations.get("c").membership.last_read_seq;
  store.apply(created(2, { sender: alice }), { has_read: false });
  assert.deepEqual([read(), store.conversations.get("c").unread_count], [0, 1]);
  store.markRead("c", 2);
  store.apply(created(3, { sender: alice }), { has_read: false });
  assert.deepEqual([read(), store.conversations.get("c").unread_count], [3, 0]);
  store.apply(created(4, { sender: bob }));
  store.apply(created(5, { sender: alice }));
  assert.deepEqual([read(), store.conversations.get("c").unread_count], [5, 0]);
});

/** alice's client, online, with two messages of bob that she has not read. */
async function unreadClient() {
  const server = new FakeServer();
  const row = { ...conversation({ seq: 2, unread_count: 2 }) };
  server.on("POST auth/login/", { user: alice, access: "a", access_expires_in: 300, refresh: "r" });
  server.on("GET sync/", { epoch: "e1", conversations: [{ ...row, messages: [message(1), message(2)] }] });
  const { fetch, WebSocket } = server;
  const chat = new ChatClient({ base: "http://x/", storage: memory(), keys: null, fetch, WebSocket });
  await chat.signIn({ login: "alice", password: "p" });
  chat.start();
  await settled();
  const counts = [{ id: "c", seq: 2, unread_count: 2, mention_count: 0, last_read_seq: 0 }];
  const hello = { user: alice, epoch: "e1", me_seq: 1, ping_interval: 25, conversations: counts };
  server.socket.say({ type: "hello", data: hello });
  await settled();
  const unread = () => chat.store.conversations.get("c").unread_count;
  return { server, chat, unread };
}

test("what is sent without a word about reading leaves unread what came before", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const { server, chat, unread } = await unreadClient();
  const client_id = chat.send("c", "Hi", null, { marks_read: false });
  await settled();
  const [{ data }] = server.socket.commands("message.send");
  assert.equal(data.marks_read, false);
  server.socket.say(created(3, { sender: alice, client_id }));
  assert.equal(unread(), 2);

  const read = chat.send("c", "Bye");
  assert.equal("marks_read" in JSON.parse(JSON.stringify(chat.store.log("c").pending[0])), false);
  server.socket.say(created(4, { sender: alice, client_id: read }));
  assert.equal(unread(), 0);
});

test("how far I have read when I wrote elsewhere is asked of the server", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const { server, unread } = await unreadClient();
  const membership = { ...conversation().membership, last_read_seq: 1 };
  server.on("GET conversations/c/", { ...conversation({ seq: 3, unread_count: 1 }), membership });
  server.socket.say(created(3, { sender: alice, client_id: "elsewhere" }));
  assert.equal(unread(), 2);
  await settled();
  assert.equal(unread(), 1);
});
