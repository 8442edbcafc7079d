import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatClient } from "./chat.js";
import { FakeServer, alice, bob, conversation, created, memory, message, settled } from "./fakes.js";

const tokens = { user: alice, access: "access-1", access_expires_in: 300, refresh: "refresh-1" };

function hello(fields = {}) {
  const counts = [{ id: "c", seq: 2, unread_count: 0, mention_count: 0, last_read_seq: 2 }];
  return {
    type: "hello",
    data: { user: alice, epoch: "e1", me_seq: 1, ping_interval: 25, conversations: counts, ...fields },
  };
}

/** A client in one conversation with two messages, online. */
async function inConversation(t, options = {}) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const server = new FakeServer();
  server.on("POST auth/login/", tokens);
  server.on("GET sync/", {
    epoch: "e1",
    conversations: [{ ...conversation({ seq: 2 }), messages: [message(1), message(2)] }],
  });
  const { fetch, WebSocket } = server;
  const chat = new ChatClient({ base: "http://x/", storage: memory(), fetch, WebSocket, ...options });
  await chat.signIn({ login: "alice", password: "p" });
  chat.start();
  await settled();
  server.socket.say(hello());
  await settled();
  return { server, chat };
}

async function reconnect(t, server, code = 1006) {
  server.socket.end(code);
  t.mock.timers.tick(1_000);
  await settled();
  server.socket.say(hello());
  await settled();
}

const contents = (chat) => {
  const { entries, pending } = chat.store.log("c");
  return [...entries.map((entry) => entry.message.content), ...pending.map(({ content }) => content)];
};

test("it begins with a snapshot and asks for what came since", async (t) => {
  const { server, chat } = await inConversation(t);
  assert.deepEqual(contents(chat), ["text 1", "text 2"]);
  assert.deepEqual(server.socket.commands("sync")[0].data, { epoch: "e1", positions: { c: 2 } });
});

test("after a reconnect it goes on from its own position, without another snapshot", async (t) => {
  const { server, chat } = await inConversation(t);
  server.socket.say(created(3));
  await reconnect(t, server, 1012);
  assert.deepEqual(server.socket.commands("sync")[0].data.positions, { c: 3 });
  assert.equal(server.asked("GET sync/").length, 1);
  assert.equal(chat.connection, "online");
});

test("after a reconnect it learns how far others have read meanwhile", async (t) => {
  const { server, chat } = await inConversation(t);
  chat.store.put(conversation({ kind: "direct", seq: 2 }));
  server.socket.say(created(3, { sender: alice }));
  const own = message(3, { sender: alice, status: "read", content: "changed by an event that is still on its way" });
  server.on("GET conversations/c/messages/", { results: [message(2), own] });
  assert.equal(chat.store.status(chat.store.find("m3")), "sent");
  await reconnect(t, server);
  assert.equal(chat.store.status(chat.store.find("m3")), "read");
  assert.deepEqual(contents(chat), ["text 1", "text 2", "text 3"]);
  await reconnect(t, server);
  assert.equal(server.asked("GET conversations/c/messages/").length, 1);
});

test("another epoch and sync.reset throw away what was held", async (t) => {
  const { server, chat } = await inConversation(t);
  server.on("GET sync/", {
    epoch: "e2",
    conversations: [{ ...conversation({ seq: 1 }), messages: [message(1, { content: "restored" })] }],
  });
  server.socket.say({ type: "sync.reset", data: { reason: "epoch" } });
  await settled();
  assert.deepEqual(contents(chat), ["restored"]);
  assert.deepEqual(server.socket.commands("sync").at(-1).data, { epoch: "e2", positions: { c: 1 } });
});

test("a missing place is read from the log, page after page", async (t) => {
  const { server, chat } = await inConversation(t);
  server.on("GET conversations/c/log/", ({ query }) =>
    query.after === "2"
      ? { entries: [created(3)], head: 5, has_more: true, reset: false, epoch: "e1" }
      : { entries: [created(4), created(5)], head: 5, has_more: false, reset: false, epoch: "e1" },
  );
  server.socket.say(created(5));
  assert.deepEqual(contents(chat), ["text 1", "text 2"]);
  t.mock.timers.tick(300);
  await settled();
  assert.deepEqual(contents(chat), ["text 1", "text 2", "text 3", "text 4", "text 5"]);
});

test("frames that only crossed need no reading", async (t) => {
  const { server, chat } = await inConversation(t);
  server.socket.say(created(4));
  server.socket.say(created(3));
  t.mock.timers.tick(1_000);
  await settled();
  assert.equal(server.asked("GET conversations/c/log/").length, 0);
  assert.equal(chat.store.log("c").position, 4);
});

test("has_more in sync.complete is read from the log", async (t) => {
  const { server, chat } = await inConversation(t);
  server.on("GET conversations/c/log/", { entries: [created(3)], head: 3, has_more: false, epoch: "e1" });
  server.socket.say({ type: "sync.complete", data: { conversations: { c: { head: 3, has_more: true } } } });
  await settled();
  assert.deepEqual(contents(chat), ["text 1", "text 2", "text 3"]);
});

test("a conversation that only sync.complete names is fetched; what is held to its head is not read", async (t) => {
  const { server, chat } = await inConversation(t);
  server.on("GET conversations/d/", conversation({ id: "d", seq: 1 }));
  server.on("GET conversations/d/messages/", { results: [message(1, { conversation_id: "d" })] });
  server.on("GET conversations/d/log/", { entries: [], head: 1, has_more: false, epoch: "e1" });
  const conversations = { c: { head: 2, has_more: true }, d: { head: 1, has_more: true } };
  server.socket.say({ type: "sync.complete", data: { conversations } });
  await settled();
  assert.equal(chat.store.log("d").position, 1);
  assert.equal(server.asked("GET conversations/c/log/").length, 0);
});

test("a conversation that turns into 404 while it is read is gone", async (t) => {
  const { server, chat } = await inConversation(t);
  server.on("GET conversations/c/log/", { status: 404, code: "not_found" });
  server.socket.say(created(9));
  t.mock.timers.tick(300);
  await settled();
  assert.equal(chat.store.conversations.size, 0);
});

test("a conversation one was added to is fetched with its messages", async (t) => {
  const { server, chat } = await inConversation(t);
  server.on("GET conversations/d/", conversation({ id: "d", seq: 1 }));
  server.on("GET conversations/d/messages/", { results: [message(1, { conversation_id: "d" })] });
  server.on("GET conversations/d/log/", { entries: [], head: 1, has_more: false, epoch: "e1" });
  server.socket.say({
    type: "conversation.added",
    conversation_id: "d",
    me_seq: 2,
    data: { conversation: { id: "d" } },
  });
  await settled();
  assert.equal(chat.store.log("d").position, 1);
});

test("whoever is silenced is asked for their rights when it is over", async (t) => {
  const { server, chat } = await inConversation(t);
  const rights = { capabilities: [] };
  server.on("GET conversations/c/", () => ({ ...chat.store.conversations.get("c"), ...rights }));
  const silenced_until = new Date(Date.now() + 60_000).toISOString();
  const member = { user: alice, role: "member", nickname: "", silenced_until };
  const data = { member, actor_id: "bob", changed: "silenced_until" };
  server.socket.say({ type: "member.updated", conversation_id: "c", seq: 3, data });
  await settled();
  assert.deepEqual(chat.store.conversations.get("c").capabilities, []);
  assert.equal(chat.store.conversations.get("c").membership.silenced_until, silenced_until);
  rights.capabilities = ["send_message"];
  t.mock.timers.tick(60_000);
  await settled();
  assert.deepEqual(chat.store.conversations.get("c").capabilities, ["send_message"]);
  assert.equal(server.asked("GET conversations/c/").length, 2);
});

test("a sent message is pending at once and settled by its answer", async (t) => {
  const { server, chat } = await inConversation(t);
  const client_id = chat.send("c", "hi");
  assert.deepEqual(contents(chat), ["text 1", "text 2", "hi"]);
  const [sent] = server.socket.commands("message.send");
  assert.equal(sent.data.client_id, client_id);
  const stored = message(3, { sender: alice, client_id, content: "hi" });
  server.socket.reply(sent.id, { message: stored, duplicate: false });
  await settled();
  server.socket.say(created(3, stored));
  assert.deepEqual(contents(chat), ["text 1", "text 2", "hi"]);
  assert.equal(chat.store.log("c").pending.length, 0);
});

test("an answer before earlier messages keeps its message pending until its turn", async (t) => {
  const { server, chat } = await inConversation(t);
  const client_id = chat.send("c", "hi");
  const stored = message(4, { sender: alice, client_id, content: "hi" });
  server.socket.reply(server.socket.commands("message.send")[0].id, { message: stored });
  await settled();
  assert.deepEqual(contents(chat), ["text 1", "text 2", "hi"]);
  server.socket.say(created(3));
  assert.deepEqual(contents(chat), ["text 1", "text 2", "text 3", "hi"]);
  assert.equal(chat.store.log("c").pending.length, 0);
});

test("an unanswered message is sent again with the same body and appears once", async (t) => {
  const { server, chat } = await inConversation(t);
  const client_id = chat.send("c", "hi", message(1));
  const first = server.socket.commands("message.send")[0].data;
  await reconnect(t, server);
  const stored = message(3, { sender: alice, client_id, content: "hi" });
  server.socket.say(created(3, stored));
  const second = server.socket.commands("message.send")[0];
  assert.deepEqual(second.data, first);
  server.socket.reply(second.id, { message: stored, duplicate: true });
  await settled();
  assert.deepEqual(contents(chat), ["text 1", "text 2", "hi"]);
});

test("messages written offline go out in order, one after the other", async (t) => {
  const { server, chat } = await inConversation(t);
  server.socket.end(1006);
  const ids = [chat.send("c", "one"), chat.send("c", "two")];
  t.mock.timers.tick(1_000);
  await settled();
  server.socket.say(hello());
  await settled();
  const sent = () => server.socket.commands("message.send");
  assert.deepEqual(
    sent().map(({ data }) => data.content),
    ["one"],
  );
  server.socket.reply(sent()[0].id, { message: message(3, { sender: alice, client_id: ids[0], content: "one" }) });
  await settled();
  assert.deepEqual(
    sent().map(({ data }) => data.content),
    ["one", "two"],
  );
});

test("a limit is waited out, a refusal makes the message fail until it is retried", async (t) => {
  const { server, chat } = await inConversation(t);
  const client_id = chat.send("c", "hi");
  const sent = () => server.socket.commands("message.send");
  server.socket.refuse(sent()[0].id, { code: "rate_limited", retry_after: 3 });
  await settled();
  t.mock.timers.tick(2_900);
  assert.equal(sent().length, 1);
  t.mock.timers.tick(100);
  assert.equal(sent().length, 2);
  server.socket.refuse(sent()[1].id, { code: "blocked", detail: "No." });
  await settled();
  assert.equal(chat.store.log("c").pending[0].status, "failed");
  chat.retry(client_id);
  assert.deepEqual(sent()[2].data, sent()[0].data);
});

test("a message that a limit holds back says why and until when, as long as it does", async (t) => {
  const { server, chat } = await inConversation(t);
  chat.send("c", "hi");
  const sent = () => server.socket.commands("message.send");
  const told = () => chat.store.log("c").pending.map(({ status, waits_for, retry_at }) => [status, waits_for, retry_at]);
  server.socket.refuse(sent()[0].id, { code: "rate_limited", retry_after: 3 });
  await settled();
  assert.deepEqual(told(), [["pending", "rate_limited", Date.now() + 3_000]]);
  t.mock.timers.tick(3_000);
  assert.deepEqual(told(), [["pending", null, null]]);
  server.socket.refuse(sent()[1].id, { code: "slow_mode", retry_after: 20 });
  await settled();
  assert.deepEqual(told(), [["pending", "slow_mode", Date.now() + 20_000]]);
});

test("a message into a conversation that is gone is given up", async (t) => {
  const storage = memory();
  const { server, chat } = await inConversation(t, { storage });
  chat.send("c", "hi");
  server.socket.say({ type: "conversation.removed", conversation_id: "c", me_seq: 2, data: {} });
  server.socket.refuse(server.socket.commands("message.send")[0].id, { code: "not_found" });
  await settled();
  assert.equal(storage.getItem("chat.outbox"), null);
});

test("unsent messages outlive the page", async (t) => {
  const storage = memory();
  const { server, chat } = await inConversation(t, { storage });
  server.socket.end(1006);
  const client_id = chat.send("c", "hi");
  t.mock.timers.reset();
  const next = await inConversation(t, { storage });
  assert.equal(next.server.socket.commands("message.send")[0].data.client_id, client_id);
});

test("unsent messages outlive the end of the session, but not signing out", async (t) => {
  const storage = memory();
  const { server, chat } = await inConversation(t, { storage });
  server.on("POST auth/refresh/", { status: 401, code: "token_invalid" });
  server.socket.end(4401);
  chat.send("c", "hi");
  t.mock.timers.tick(1_000);
  await settled();
  assert.equal(chat.store.me, null);
  assert.match(storage.getItem("chat.outbox"), /"hi"/);
  await chat.signIn({ login: "alice", password: "p" });
  server.on("POST auth/logout/", { status: 204 });
  await chat.signOut();
  assert.equal(storage.getItem("chat.outbox"), null);
});

test("read marks are gathered, and sent again when the connection was gone", async (t) => {
  const { server, chat } = await inConversation(t);
  server.socket.say(created(3));
  server.socket.say(created(4));
  chat.markRead("c", 3);
  chat.markRead("c", 4);
  t.mock.timers.tick(200);
  const marks = () => server.socket.commands("read.mark").map(({ data }) => data);
  assert.deepEqual(marks(), [{ conversation_id: "c", seq: 4 }]);
  await reconnect(t, server);
  assert.deepEqual(marks(), [{ conversation_id: "c", seq: 4 }]);
});

test("a mark that is refused for a while goes later, and only the latest", async (t) => {
  const { server, chat } = await inConversation(t);
  const marks = () => server.socket.commands("read.mark");
  server.socket.say(created(3));
  server.socket.say(created(4));
  chat.markRead("c", 3);
  t.mock.timers.tick(200);
  server.socket.refuse(marks()[0].id, { code: "rate_limited", retry_after: 5 });
  await settled();
  chat.markRead("c", 4);
  t.mock.timers.tick(5_000);
  assert.deepEqual(
    marks().map(({ data }) => data.seq),
    [3, 4],
  );
});

test("what arrives is marked as delivered", async (t) => {
  const { server } = await inConversation(t);
  server.socket.say(created(3));
  t.mock.timers.tick(200);
  assert.deepEqual(server.socket.commands("delivered.mark").at(-1).data, { conversation_id: "c", seq: 3 });
});

test("typing is told once in three seconds, and its end once", async (t) => {
  const { server, chat } = await inConversation(t);
  chat.typing("c");
  chat.typing("c");
  t.mock.timers.tick(3_000);
  chat.typing("c");
  chat.typing("c", false);
  chat.typing("c", false);
  assert.equal(server.socket.commands("typing.start").length, 2);
  assert.equal(server.socket.commands("typing.stop").length, 1);
});

test("two refused requests share one refresh and are asked again", async (t) => {
  const { server, chat } = await inConversation(t);
  server.on("POST auth/refresh/", { ...tokens, access: "access-2", refresh: "refresh-2" });
  server.on("GET users/me/", ({ headers }) =>
    headers.Authorization === "Bearer access-2" ? alice : { status: 401, code: "token_invalid" },
  );
  const answers = await Promise.all([chat.api.get("users/me/"), chat.api.get("users/me/")]);
  assert.deepEqual(answers, [alice, alice]);
  assert.deepEqual(
    server.asked("POST auth/refresh/").map(({ body }) => body),
    [{ refresh: "refresh-1" }],
  );
});

test("a refused refresh ends the session and forgets everything", async (t) => {
  const { server, chat } = await inConversation(t);
  let ended = 0;
  chat.onSignedOut = () => ended++;
  server.on("POST auth/refresh/", { status: 401, code: "token_invalid" });
  server.socket.end(4401);
  t.mock.timers.tick(1_000);
  await settled();
  assert.equal(ended, 1);
  assert.equal(chat.store.conversations.size, 0);
});

test("with the token in a cookie nothing is stored and the refresh body is empty", async (t) => {
  globalThis.location = { origin: "http://x" };
  t.after(() => delete globalThis.location);
  const server = new FakeServer();
  server.on("POST auth/login/", { ...tokens, refresh: undefined });
  server.on("POST auth/refresh/", { access: "access-2" });
  server.on("GET users/me/", alice);
  const storage = memory();
  const options = { base: "http://x/", storage, fetch: server.fetch, WebSocket: server.WebSocket };
  await new ChatClient(options).signIn({ login: "alice", password: "p" });
  assert.equal(server.requests[0].body.cookie, true);
  assert.equal(await new ChatClient(options).restore(), true);
  assert.deepEqual(server.asked("POST auth/refresh/")[0].body, {});
});

test("a problem document becomes an error with its fields", async () => {
  const server = new FakeServer();
  const errors = [{ field: "username", code: "username_taken", detail: "Taken." }];
  server.on("POST auth/register/", { status: 409, code: "username_taken", detail: "No.", errors, retry_after: 7 });
  const chat = new ChatClient({ base: "http://x/", fetch: server.fetch, WebSocket: server.WebSocket });
  await assert.rejects(chat.signUp({ username: "bob" }), (error) => {
    assert.deepEqual(
      [error.code, error.status, error.retry_after, error.about("username")],
      ["username_taken", 409, 7, "Taken."],
    );
    return true;
  });
});

test("with tickets the socket is signed in by its address", async (t) => {
  const server = new FakeServer();
  server.on("POST auth/login/", tokens);
  server.on("POST auth/ws-ticket/", { ticket: "once", expires_in: 30 });
  const { fetch, WebSocket } = server;
  const chat = new ChatClient({ base: "http://x/", fetch, WebSocket, with_tickets: true });
  t.after(() => chat.stop());
  await chat.signIn({ login: "alice", password: "p" });
  chat.start();
  await settled();
  assert.equal(server.socket.url, "ws://x/ws/?ticket=once");
  assert.deepEqual(server.socket.sent, []);
});
