import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatClient } from "./chat.js";
import { FakeServer, alice, bob, conversation, created, message, settled } from "./fakes.js";

/** alice, online in one conversation, with so many unread notices at the server. */
async function online(t, counts) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const server = new FakeServer();
  server.on("POST auth/login/", { user: alice, access: "access-1", access_expires_in: 300 });
  server.on("GET sync/", { epoch: "e1", conversations: [{ ...conversation({ seq: 1 }), messages: [message(1)] }] });
  server.on("GET notifications/count/", () => counts);
  const chat = new ChatClient({ base: "http://x/", fetch: server.fetch, WebSocket: server.WebSocket });
  await chat.signIn({ login: "alice", password: "p" });
  chat.start();
  await settled();
  const places = [{ id: "c", seq: 1, unread_count: 1, mention_count: 0, last_read_seq: 0 }];
  server.socket.say({ type: "hello", data: { user: alice, epoch: "e1", me_seq: 1, conversations: places } });
  await settled();
  return { server, chat };
}

const told = (id, fields = {}) => ({
  type: "notification.created",
  me_seq: 2,
  data: { notification: { id, kind: "message", conversation_id: "c", seq: 1, is_read: false, ...fields } },
});
const left = ({ store: { notices } }) => [notices.unread, notices.mentions];
const counted = (server) => server.asked("GET notifications/count/").length;

async function wait(t) {
  t.mock.timers.tick(500);
  await settled();
}

test("a hello has what is unread counted", async (t) => {
  const { chat } = await online(t, { unread: 3, mentions: 1 });
  assert.deepEqual(left(chat), [3, 1]);
});

test("what is told raises the counts, and told again it does not", async (t) => {
  const { server, chat } = await online(t, { unread: 0, mentions: 0 });
  const { round } = chat.store.notices;
  server.socket.say(told("n1"));
  server.socket.say(told("n2", { kind: "mention" }));
  server.socket.say(told("n2", { kind: "mention" }));
  assert.deepEqual(left(chat), [2, 1]);
  assert.ok(chat.store.notices.round > round);
});

test("what was read on any device replaces the counts", async (t) => {
  const { server, chat } = await online(t, { unread: 3, mentions: 1 });
  const data = { notification_id: "n1", unread: 2, mentions: 0 };
  server.socket.say({ type: "notification.read", me_seq: 2, data });
  assert.deepEqual(left(chat), [2, 0]);
});

test("what another device has read is counted again for this one: each knows of its own sign-in alone", async (t) => {
  const counts = { unread: 1, mentions: 0 };
  const { server, chat } = await online(t, counts);
  counts.unread = 0;
  server.socket.say({ type: "notification.read", me_seq: 2, data: { notification_id: "n1", unread: 1, mentions: 0 } });
  await wait(t);
  assert.deepEqual(left(chat), [0, 0]);
  counts.unread = 1;
  server.socket.say({ type: "notification.read", me_seq: 3, data: { notification_id: "n2", unread: 0, mentions: 0 } });
  await wait(t);
  assert.deepEqual(left(chat), [1, 0]);
});

test("reading a conversation lowers what was heard at once, and the server counts soon", async (t) => {
  const counts = { unread: 2, mentions: 0 };
  const { server, chat } = await online(t, counts);
  server.socket.say(told("n1", { kind: "mention" }));
  server.socket.say(told("n2", { kind: "reaction", actor: bob, data: { emoji: "👍", count: 1 } }));
  await wait(t);
  server.socket.say(told("n3", { kind: "mention" }));
  assert.deepEqual(left(chat), [3, 1]);
  chat.markRead("c", 1);
  assert.deepEqual(left(chat), [2, 0]);

  counts.unread = 1;
  const before = counted(server);
  for (const seq of [1, 1]) {
    server.socket.say({ type: "read.updated", conversation_id: "c", data: { user_id: "alice", seq } });
  }
  await wait(t);
  assert.equal(counted(server), before + 1);
  assert.deepEqual(left(chat), [1, 0]);
});

test("nothing is counted where nothing can have changed", async (t) => {
  const { server } = await online(t, { unread: 2, mentions: 0 });
  const before = counted(server);
  server.socket.say({ type: "read.updated", conversation_id: "c", data: { user_id: "bob", seq: 1 } });
  server.socket.say(created(2));
  await wait(t);
  assert.equal(counted(server), before);
  server.socket.say(created(3, { sender: alice }));
  await wait(t);
  assert.equal(counted(server), before + 1, "who writes has read what is above");
});

test("an answer that is older than what was heard is not taken", async (t) => {
  const counts = { unread: 1, mentions: 0 };
  const { server, chat } = await online(t, counts);
  const asked = chat.countNotifications();
  server.socket.say(told("n1"));
  await asked;
  assert.deepEqual(left(chat), [2, 0]);
  counts.unread = 2;
  await wait(t);
  assert.deepEqual(left(chat), [2, 0]);
});

test("lists come in pages, and reading has its answers", async (t) => {
  const { server, chat } = await online(t, { unread: 2, mentions: 1 });
  const next = "http://x/api/v1/notifications/?cursor=2";
  server.on("GET notifications/", ({ query }) => ({ results: [], next: query.cursor ? null : next }));
  server.on("GET notifications/mentions/", { results: [{ id: "n1" }], next: null });
  server.on("POST notifications/n1/read/", { id: "n1", is_read: true });
  server.on("POST notifications/read-all/", { unread: 1, mentions: 0 });
  assert.equal((await chat.notifications()).next, next);
  assert.equal((await chat.notifications({ next })).next, null);
  assert.deepEqual((await chat.notifications({ mentions: true })).results, [{ id: "n1" }]);
  assert.equal((await chat.readNotification("n1")).is_read, true);
  await chat.readAllNotifications({ until: "2026-01-01T00:00:00Z" });
  assert.deepEqual(server.asked("POST notifications/read-all/")[0].body, { until: "2026-01-01T00:00:00Z" });
  assert.deepEqual(left(chat), [1, 0]);
});

test("how one wants to be told, and where to", async (t) => {
  const { server, chat } = await online(t, { unread: 0, mentions: 0 });
  server.on("GET notifications/preferences/", { notify: "all", quiet_hours: null });
  server.on("PATCH notifications/preferences/", ({ body }) => ({ notify: "all", ...body }));
  server.on("GET notifications/push/", { providers: ["webpush"], vapid_public_key: "key" });
  server.on("GET users/me/devices/", { results: [{ id: "d1" }], next: null });
  server.on("POST users/me/devices/", ({ body }) => ({ status: 201, id: "d2", provider: body.provider }));
  server.on("DELETE users/me/devices/d2/", { status: 204 });
  assert.equal((await chat.preferences()).notify, "all");
  const quiet_hours = { from: "22:00", until: "07:00" };
  assert.deepEqual((await chat.changePreferences({ quiet_hours })).quiet_hours, quiet_hours);
  assert.equal((await chat.pushSetup()).vapid_public_key, "key");
  assert.deepEqual(await chat.devices(), [{ id: "d1" }]);
  assert.equal((await chat.addDevice({ provider: "webpush", subscription: {} })).id, "d2");
  assert.equal(await chat.removeDevice("d2"), null);
});
