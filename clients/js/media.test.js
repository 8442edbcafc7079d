import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatClient } from "./chat.js";
import { FakeServer, alice, conversation, created, memory, message, settled } from "./fakes.js";

const file = (name, type = "image/png") => new File(["four"], name, { type });

/** A client that is online in one conversation; files become uploads `u-<name>`, after `gate` if there is one. */
async function online(t, { storage = null, gate = null } = {}) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const server = new FakeServer();
  server.on("POST auth/login/", { user: alice, access: "a", access_expires_in: 300, refresh: "r" });
  server.on("GET sync/", { epoch: "e", conversations: [{ ...conversation({ seq: 1 }), messages: [message(1)] }] });
  server.on("POST media/", async ({ body }) => {
    await gate;
    return { id: `u-${body.get("file").name}`, kind: "image" };
  });
  const chat = new ChatClient({ base: "http://x/", storage, fetch: server.fetch, WebSocket: server.WebSocket });
  await chat.signIn({ login: "alice", password: "p" });
  t.after(() => chat.stop());
  chat.start();
  await settled();
  const conversations = [{ id: "c", seq: 1, unread_count: 0, last_read_seq: 1 }];
  server.socket.say({ type: "hello", data: { user: alice, epoch: "e", conversations, limits: { attachments: 10 } } });
  await settled();
  const sent = () => server.socket.commands("message.send").map(({ data }) => data);
  return { server, chat, sent, log: chat.store.log("c") };
}

test("a file goes as a form, the file last", async (t) => {
  const { server, chat } = await online(t);
  const upload = await chat.upload(file("a.ogg", "audio/ogg"), { conversation_id: "c", kind: "voice" });
  const [{ body }] = server.asked("POST media/");
  assert.deepEqual([...body.keys()], ["conversation_id", "client_id", "kind", "file"]);
  assert.equal(upload.id, "u-a.ogg");
});

test("what the server allows is known from its hello", async (t) => {
  const { chat } = await online(t);
  assert.equal(chat.store.limits.attachments, 10);
});

test("a message waits for its files and is overtaken by those that have none", async (t) => {
  let open;
  const { chat, sent, log } = await online(t, { gate: new Promise((resolve) => (open = resolve)) });
  const attachments = [chat.attach("c", file("a.png")), chat.attach("c", file("b.png"))];
  const client_id = chat.send("c", "", null, { attachments });
  chat.send("c", "meanwhile");
  assert.deepEqual(log.pending[0].parcels, attachments);
  assert.deepEqual(
    sent().map(({ content }) => content),
    ["meanwhile"],
  );
  open();
  await settled();
  assert.deepEqual(log.pending[0].attachments.length, 2);
  assert.equal(chat.store.parcels.size, 0);
  assert.ok(chat.store.previews.has("u-a.png"));
  assert.equal(sent().length, 1); // one at a time: the answer to the other is still to come
  assert.equal(log.pending[0].client_id, client_id);
});

test("what was attached goes with the message, in its order", async (t) => {
  const { server, chat, sent } = await online(t);
  const attachments = ["b.png", "a.png"].map((name) => chat.attach("c", file(name)));
  const client_id = chat.send("c", "Look", null, { attachments });
  await settled();
  assert.deepEqual(sent()[0].attachment_ids, ["u-b.png", "u-a.png"]);
  const uploads = [{ id: "u-b.png", kind: "image", status: "ready" }];
  server.socket.say(created(2, { sender: alice, client_id, attachments: uploads }));
  assert.equal(chat.store.log("c").pending.length, 0);
});

test("a refused file makes its message fail, until it is left out or tried again", async (t) => {
  const { server, chat, sent, log } = await online(t);
  server.on("POST media/", { status: 415, code: "unsupported_media_type", detail: "No." });
  const [bad] = ["a.exe", "b.png"].map((name) => chat.attach("c", file(name)));
  await settled();
  server.on("POST media/", ({ body }) => ({ id: `u-${body.get("file").name}` }));
  const client_id = chat.send("c", "Look", null, { attachments: [...chat.store.parcels.keys()] });
  assert.deepEqual([log.pending[0].status, log.pending[0].error.code], ["failed", "unsupported_media_type"]);
  chat.detach(bad);
  chat.retry(client_id);
  await settled();
  assert.deepEqual(sent()[0].attachment_ids, ["u-b.png"]);
});

test("a message of which nothing is left is not sent", async (t) => {
  const { chat, log } = await online(t, { gate: new Promise(() => {}) });
  const key = chat.attach("c", file("a.png"));
  chat.send("c", "", null, { attachments: [key] });
  chat.detach(key);
  await settled();
  assert.deepEqual([log.pending.length, chat.store.parcels.size], [0, 0]);
});

test("who discards a message does not leave its uploads at the server", async (t) => {
  const { server, chat, log } = await online(t);
  server.on("DELETE media/u-a.png/", { status: 204 });
  const client_id = chat.send("c", "", null, { attachments: [chat.attach("c", file("a.png"))] });
  await settled();
  server.socket.refuse(server.socket.commands("message.send")[0].id, { code: "blocked", detail: "No." });
  await settled();
  assert.equal(log.pending[0].status, "failed");
  chat.discard(client_id);
  await settled();
  assert.equal(server.asked("DELETE media/u-a.png/").length, 1);
  assert.equal(chat.store.previews.size, 0);
});

test("a message whose files have arrived outlives the page, one that waits does not", async (t) => {
  const storage = memory();
  let open;
  const { chat } = await online(t, { storage, gate: new Promise((resolve) => (open = resolve)) });
  chat.send("c", "", null, { attachments: [chat.attach("c", file("a.png"))] });
  assert.equal(storage.getItem("chat.outbox"), null);
  open();
  await settled();
  assert.match(storage.getItem("chat.outbox"), /u-a.png/);
});

test("an own picture is shown as it was until the server's has been loaded, all else until it is ready", async (t) => {
  const { server, chat } = await online(t);
  const attachments = [chat.attach("c", file("a.png")), chat.attach("c", file("b.webm", "video/webm"))];
  const client_id = chat.send("c", "", null, { attachments });
  await settled();
  const ready = [
    { id: "u-a.png", kind: "image", status: "ready" },
    { id: "u-b.webm", kind: "video", status: "ready" },
  ];
  server.socket.say(created(2, { sender: alice, client_id, attachments: ready }));
  assert.deepEqual([...chat.store.previews.keys()], ["u-a.png"]);
  chat.store.forgetPreview("u-a.png");
  assert.equal(chat.store.previews.size, 0);
});

test("what was sent into a conversation comes page after page", async (t) => {
  const { server, chat } = await online(t);
  server.on("GET conversations/c/media/", ({ query }) =>
    query.cursor
      ? { results: [2], next: null }
      : { results: [1], next: "http://x/api/v1/conversations/c/media/?cursor=2" },
  );
  const { results, next } = await chat.mediaOf("c", { kind: "image" });
  assert.deepEqual([results, server.requests.at(-1).query.kind], [[1], "image"]);
  assert.deepEqual((await chat.mediaOf("c", { next })).results, [2]);
});

test("a conversation's picture goes as a form, and its address is asked for", async (t) => {
  const { server, chat } = await online(t);
  server.on("PUT conversations/c/avatar/", { status: 204 });
  server.on("GET conversations/c/", { ...conversation({ seq: 1 }), avatar_url: "/a?v=1" });
  await chat.setConversationAvatar("c", file("a.png"));
  assert.equal(chat.store.conversations.get("c").avatar_url, "/a?v=1");
});
