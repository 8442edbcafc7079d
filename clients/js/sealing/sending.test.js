import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatClient } from "../chat.js";
import { MemoryStorage } from "../crypto/index.js";
import { ChatError } from "../errors.js";
import { FakeServer } from "../fakes.js";
import { ALICE, BOB, Directory, PLACE, browser, haveKeys, read } from "./directory.js";

const WORDS = "The cat is in the bag";

/** What outlives a page, as a browser keeps it, in one text. */
function memory() {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
    get text() {
      return JSON.stringify([...kept]);
    },
  };
}

/** alice's client, online in a conversation that is end to end, and bob's browser. */
async function scene(t) {
  const directory = new Directory();
  const keys = new MemoryStorage();
  await haveKeys(keys, ALICE);
  const bob = await browser(directory, BOB);
  const storage = memory();
  const server = serverOf(directory);
  const chat = await page(t, server, { keys, storage });
  return { directory, server, chat, bob, keys, storage };
}

function serverOf(directory) {
  const server = new FakeServer();
  const api = directory.api(ALICE, "alice");
  const numbers = (query) => Object.fromEntries(Object.entries(query).map(([name, value]) => [name, Number(value)]));
  const get = (path) => server.on(`GET ${path}`, ({ query }) => api.get(path, numbers(query)));
  for (const path of ["encryption/devices/", `encryption/roster/${PLACE}/`]) get(path);
  for (const { id } of [ALICE, BOB]) get(`encryption/key-log/${id}/`);
  server.on("POST encryption/devices/", ({ body }) => api.post("encryption/devices/", body));
  server.on("POST auth/login/", { user: ALICE, access: "a", access_expires_in: 300, refresh: "r" });
  server.on("GET auth/sessions/", { results: [{ is_current: true, device_name: "A browser" }], next: null });
  const membership = { role: "member", last_read_seq: 0, visible_from_seq: 0 };
  server.conversation = { id: PLACE, kind: "direct", encryption: "e2ee", seq: 1, membership, messages: [] };
  server.on("GET sync/", () => ({
    epoch: "e",
    conversations: [{ ...server.conversation, roster_seq: directory.seq }],
  }));
  return server;
}

async function page(t, server, { keys, storage }) {
  const { fetch, WebSocket } = server;
  const chat = new ChatClient({ base: "http://x/", storage, fetch, WebSocket, keys: async () => keys });
  await chat.signIn({ login: "alice", password: "p", device_name: "A browser" });
  chat.start();
  t.after(() => chat.stop());
  await until(() => server.socket && !server.socket.is_greeted);
  server.socket.is_greeted = true;
  await until(() => server.socket.onmessage);
  server.socket.say({ type: "hello", data: { user: ALICE, epoch: "e", conversations: [], has_more: true } });
  await until(() => chat.sealing.own?.present && chat.store.conversations.has(PLACE));
  return chat;
}

async function until(holds) {
  for (let turn = 0; turn < 2_000 && !holds(); turn++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(holds(), String(holds));
}

const sent = (server, count = 1) => until(() => server.socket.commands("message.send").length >= count);
const last = (server) => server.socket.commands("message.send").at(-1);
const stored = (data, fields) => ({ ...data, id: "e0000000-0000-4000-8000-000000000009", sender: ALICE, ...fields });

test("what waits to be sent is written down sealed, with what it answers", async (t) => {
  const { chat, server, storage, bob } = await scene(t);
  const answered = { id: "m", seq: 1, sender: BOB, content: "the secret question" };
  chat.send(PLACE, WORDS, answered);
  await sent(server);
  const { data } = last(server);
  assert.equal(data.content, undefined);
  assert.ok(storage.text.includes(data.envelope.signature));
  assert.ok(
    !/in the bag|secret/.test(storage.text + JSON.stringify(server.socket.sent) + JSON.stringify(server.requests)),
  );
  assert.equal(chat.store.log(PLACE).pending[0].content, WORDS);
  assert.equal(await read(bob, stored(data)), WORDS);
});

test("what is written without a connection is written down sealed too, all of it", async (t) => {
  const { chat, server, storage, bob } = await scene(t);
  await chat.sealing.seal({ conversation_id: PLACE, client_id: "before" }, { content: "the roster is known" });
  chat.stop();
  for (const nth of ["first", "second"]) chat.send(PLACE, `${nth}: ${WORDS}`);
  await until(() => storage.text.split("envelope").length === 3);
  assert.ok(!storage.text.includes(WORDS));
  const [[, kept]] = JSON.parse(storage.text).filter(([name]) => name === "chat.outbox");
  const letters = JSON.parse(kept).letters.sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
  assert.ok(letters[0].created_at < letters[1].created_at, "their order is read off it");
  const texts = await Promise.all(letters.map(({ body }) => read(bob, stored(body))));
  assert.deepEqual(texts, [`first: ${WORDS}`, `second: ${WORDS}`]);
  assert.equal(server.socket.commands("message.send").length, 0);
});

test("when there are other devices it is sealed anew, under the same client_id", async (t) => {
  const { chat, server, directory } = await scene(t);
  chat.send(PLACE, WORDS);
  await sent(server);
  const first = last(server);
  const phone = await browser(directory, BOB, { who: "bob's phone" });
  server.socket.refuse(first.id, { code: "stale_devices" });
  await sent(server, 2);
  const second = last(server);
  assert.equal(second.data.client_id, first.data.client_id);
  assert.equal(second.data.envelope.recipients.length, 3);
  assert.equal(await read(phone, stored(second.data)), WORDS);
});

/** alice has compared safety numbers with bob, who has another device then. */
async function compared(t) {
  const made = await scene(t);
  const { chat, directory } = made;
  const { trust } = chat.sealing;
  await trust.compare(BOB.id, await trust.look(BOB.id));
  await chat.sealing.seal({ conversation_id: PLACE, client_id: "before" }, { content: "the roster is known" });
  const phone = await browser(directory, BOB, { who: "bob's phone" });
  return { ...made, phone };
}

const waiting = (chat) => chat.store.log(PLACE).pending.map(({ status, error }) => [status, error?.code]);

test("a retry does not include a new device of somebody who was compared, and waits for the answer", async (t) => {
  const { chat, server, phone, storage } = await compared(t);
  chat.send(PLACE, WORDS);
  await sent(server);
  const { id, data } = last(server);
  assert.equal(data.envelope.recipients.length, 2, "the roster that was known");
  server.socket.refuse(id, { code: "stale_devices" });
  await until(() => waiting(chat)[0]?.[1] === "keys_unanswered");
  chat.send(PLACE, `more ${WORDS}`);
  await until(() => waiting(chat).length === 2 && waiting(chat)[1][1]);
  assert.deepEqual(waiting(chat), Array(2).fill(["pending", "keys_unanswered"]));
  assert.equal(server.socket.commands("message.send").length, 1);
  assert.ok(!storage.text.includes(WORDS));

  await chat.sealing.accept(PLACE, chat.sealing.readersOf(PLACE).warnings);
  await sent(server, 2);
  assert.equal(last(server).data.envelope.recipients.length, 3);
  assert.equal(await read(phone, stored(last(server).data)), WORDS);
  assert.deepEqual(waiting(chat)[0], ["pending", undefined]);
});

test("what waits for an answer outlives a reload, sealed for this device alone", async (t) => {
  const { chat, server, phone, storage, keys } = await compared(t);
  chat.sealing.forgetRoster(PLACE);
  chat.send(PLACE, WORDS);
  await until(() => storage.text.includes("is_held"));
  const [[, kept]] = JSON.parse(storage.text).filter(([name]) => name === "chat.outbox");
  const [{ body }] = JSON.parse(kept).letters;
  const readers = body.envelope.recipients.map(({ device }) => device);
  assert.deepEqual([body.content, readers], [undefined, [chat.sealing.own.present.id]]);
  chat.stop();
  const again = await page(t, server, { keys, storage });
  const shown = () => again.store.reveal(again.store.log(PLACE).pending[0]).content;
  await until(() => shown() === WORDS && waiting(again)[0][1] === "keys_unanswered");
  assert.equal(server.socket.commands("message.send").length, 0);

  await again.sealing.accept(PLACE, again.sealing.readersOf(PLACE).warnings);
  await sent(server);
  assert.equal(last(server).data.client_id, body.client_id);
  assert.equal(await read(phone, stored(last(server).data)), WORDS);
});

test("when the new device is gone again nothing has to be decided, and what waited is sent", async (t) => {
  const { chat, server, directory } = await compared(t);
  chat.sealing.forgetRoster(PLACE);
  chat.send(PLACE, WORDS);
  await until(() => waiting(chat)[0]?.[1] === "keys_unanswered");
  await directory.end(BOB.id, "bob's phone");
  chat.store.conversations.get(PLACE).roster_seq = directory.seq;
  chat.sealing.readersOf(PLACE);
  await sent(server);
  assert.equal(last(server).data.envelope.recipients.length, 2);
});

test("what waits for an answer can be given up", async (t) => {
  const { chat, server, storage } = await compared(t);
  chat.sealing.forgetRoster(PLACE);
  const client_id = chat.send(PLACE, WORDS);
  await until(() => storage.text.includes("is_held"));
  chat.discard(client_id);
  await chat.sealing.accept(PLACE, chat.sealing.readersOf(PLACE).warnings);
  assert.deepEqual([waiting(chat), server.socket.commands("message.send").length], [[], 0]);
});

test("an edit waits for the answer as well", async (t) => {
  const { chat } = await compared(t);
  const place = { conversation_id: PLACE, client_id: "k", replaces: "e0000000-0000-4000-8000-000000000009" };
  const send = ({ envelope }) => {
    if (envelope.recipients.length === 2) throw new ChatError({ code: "stale_devices" });
  };
  await assert.rejects(chat.sealing.sealUntil(place, { content: WORDS }, send), { code: "keys_unanswered" });
});

test("a server that never has enough of that is given up", async (t) => {
  const { chat, server } = await scene(t);
  chat.send(PLACE, WORDS);
  for (let turn = 1; turn <= 6; turn++) {
    await sent(server, turn);
    server.socket.refuse(last(server).id, { code: "stale_devices" });
  }
  await until(() => chat.store.log(PLACE).pending[0].status === "failed");
});

test("after a reload it is shown, and sealed anew from its own envelope", async (t) => {
  const { chat, server, directory, keys, storage, bob } = await scene(t);
  chat.send(PLACE, WORDS);
  await sent(server);
  const { client_id } = last(server).data;
  chat.stop();
  const again = await page(t, server, { keys, storage });
  await sent(server);
  assert.equal(last(server).data.client_id, client_id);
  const shown = () => again.store.reveal(again.store.log(PLACE).pending[0]).content;
  await until(() => shown() === WORDS);
  await browser(directory, BOB, { who: "bob's phone" });
  server.socket.refuse(last(server).id, { code: "stale_devices" });
  await sent(server, 2);
  assert.equal(await read(bob, stored(last(server).data)), WORDS);
});

test("a long one goes by the other door", async (t) => {
  const { chat, server, bob } = await scene(t);
  let body;
  server.on(`POST conversations/${PLACE}/messages/`, (request) => {
    ({ body } = request);
    return stored({ ...body, conversation_id: PLACE }, { seq: 2, changed_seq: 2, content: "", created_at: "" });
  });
  chat.send(PLACE, "\u{1F408}".repeat(5_000) + "\u4e00".repeat(4_900));
  await until(() => body || server.socket.commands("message.send").length);
  assert.ok(body, "it went over the socket");
  assert.ok((await read(bob, stored({ ...body, conversation_id: PLACE }))).startsWith("\u{1F408}"));
});

test("a server that calls it open is sent nothing in the clear", async (t) => {
  const { chat, server, keys, storage } = await scene(t);
  chat.stop();
  server.conversation.encryption = "server";
  const again = await page(t, server, { keys, storage });
  again.send(PLACE, WORDS);
  await sent(server);
  assert.ok(last(server).data.envelope);
  assert.ok(!JSON.stringify([...server.sockets.map((socket) => socket.sent), server.requests]).includes(WORDS));
});

test("an edit is sealed for the message that it replaces, and its files stay in it", async (t) => {
  const { chat, server, bob } = await scene(t);
  const id = "e0000000-0000-4000-8000-000000000009";
  const file = {
    upload_id: id,
    key: "A".repeat(43),
    nonce: "A".repeat(10),
    digest: "A".repeat(43),
    name: "n",
    mime_type: "t/t",
    size: 1,
  };
  const place = { conversation_id: PLACE, client_id: "k" };
  const { envelope } = await chat.sealing.seal(place, { content: "first", attachments: [file] });
  const message = stored({ ...place, envelope, seq: 1, changed_seq: 1, attachments: [{ id }] });
  chat.store.putMessage(message);
  server.on(`PATCH messages/${id}/`, ({ body }) => ({
    ...message,
    ...body,
    changed_seq: 2,
    edit_id: body.client_id,
    client_id: "k",
  }));
  await chat.edit(id, WORDS);
  const [{ body }] = server.asked(`PATCH messages/${id}/`);
  assert.equal(body.content, undefined);
  const edited = { ...message, envelope: body.envelope, edit_id: body.client_id };
  assert.equal(await read(bob, edited), WORDS);
  assert.deepEqual(bob.store.reveal(edited).attachments[0].sealed, file);
});

test("whoever signs in after somebody else has keys of their own, and finds nothing of the other's", async (t) => {
  const { chat, server, keys, directory } = await scene(t);
  const { present } = chat.sealing.own;
  server.on("POST auth/logout/", { status: 204 });
  await chat.signOut();
  assert.deepEqual([chat.sealing.own, chat.sealing.is_able, chat.sealing.trust], [null, false, null]);
  await haveKeys(keys, BOB);
  const bob = await browser(directory, BOB, { who: "bob, here", keys });
  assert.notEqual(bob.sealing.own.present.id, present.id);
  const again = await page(t, server, { keys, storage: memory() });
  assert.equal(again.sealing.own.present.bundle.signature, present.bundle.signature);
});
