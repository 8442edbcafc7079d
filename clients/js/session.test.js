import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatClient } from "./chat.js";
import { FakeServer, alice, bob, memory } from "./fakes.js";

const HOUR = 3600;

/** A server that gives tokens in the body, each refresh token once: `r1`, `r2`, … */
function serverOf(user, { lives = HOUR } = {}) {
  const server = new FakeServer();
  let count = 0;
  const signedIn = () => ({ user, access: `a${++count}`, access_expires_in: lives, refresh: `r${count}` });
  server.on("POST auth/login/", signedIn);
  server.on("POST auth/refresh/", signedIn);
  server.on("GET users/me/", user);
  return server;
}

function clientOf({ fetch, WebSocket }, storage, base = "http://x/") {
  return new ChatClient({ base, fetch, WebSocket, storage });
}

const signIn = (chat) => chat.signIn({ login: "alice", password: "p" });
const shown = (server) => server.asked("POST auth/refresh/").map(({ body }) => body.refresh);

test("where no cookie comes the refresh token is asked for, and takes the next page in", async () => {
  const [server, storage] = [serverOf(alice), memory()];
  await signIn(clientOf(server, storage));
  assert.equal(server.asked("POST auth/login/")[0].body.cookie, false);
  for (const token of ["r1", "r2"]) {
    assert.equal(await clientOf(server, storage).restore(), true);
    assert.equal(shown(server).at(-1), token);
  }
});

test("by default it is in localStorage", async (t) => {
  Object.assign(globalThis, { localStorage: memory(), document: new EventTarget() });
  t.after(() => (delete globalThis.localStorage, delete globalThis.document));
  const server = serverOf(alice);
  await signIn(clientOf(server, undefined));
  assert.equal(await clientOf(server, undefined).restore(), true);
});

test("in memory alone no page finds it, and nothing is asked", async () => {
  const server = serverOf(alice);
  await signIn(clientOf(server, null));
  assert.equal(await clientOf(server, null).restore(), false);
  assert.deepEqual(shown(server), []);
});

test("two servers do not take each other's", async () => {
  const [here, there, storage] = [serverOf(alice), serverOf(bob), memory()];
  await signIn(clientOf(here, storage, "http://here/"));
  await signIn(clientOf(there, storage, "http://there/"));
  const chat = clientOf(here, storage, "http://here/");
  assert.equal(await chat.restore(), true);
  assert.equal(chat.store.me.id, "alice");
});

test("a storage that takes nothing keeps nobody from signing in and staying so", async () => {
  const server = serverOf(alice, { lives: 0 });
  const refuse = () => {
    throw new DOMException("closed", "SecurityError");
  };
  const chat = clientOf(server, { getItem: refuse, setItem: refuse, removeItem: refuse });
  await signIn(chat);
  await chat.api.get("users/me/");
  await chat.api.get("users/me/");
  assert.deepEqual(shown(server).slice(0, 2), ["r1", "r2"]);
});

test("a tab shows the newest token that any of them has", async () => {
  const [server, storage] = [serverOf(alice, { lives: 0 }), memory()];
  const tabs = [clientOf(server, storage), clientOf(server, storage)];
  await signIn(tabs[0]);
  await tabs[1].restore();
  for (let turn = 0; turn < 2; turn++) for (const tab of tabs) await tab.api.get("users/me/");
  assert.deepEqual(shown(server), [...new Set(shown(server))]);
});

test("tabs take turns where there are locks", async (t) => {
  const [server, storage] = [serverOf(alice), memory()];
  const tabs = [clientOf(server, storage), clientOf(server, storage)];
  await signIn(tabs[0]);
  withLocks(t);
  assert.deepEqual(await Promise.all(tabs.map((tab) => tab.restore())), [true, true]);
  assert.deepEqual(shown(server), ["r1", "r2"]);
});

test("who signs in elsewhere in the browser does not become this page's person", async () => {
  const [server, storage] = [serverOf(alice, { lives: 0 }), memory()];
  const chat = clientOf(server, storage);
  const ends = [];
  chat.onSignedOut = ({ reason }) => ends.push(reason);
  await signIn(chat);
  server.on("POST auth/refresh/", { user: bob, access: "b2", access_expires_in: HOUR, refresh: "bob-2" });
  await assert.rejects(chat.api.get("users/me/"), { code: "token_invalid" });
  assert.deepEqual(ends, ["ended"]);
  const next = clientOf(server, storage);
  await next.restore();
  assert.equal(shown(server).at(-1), "bob-2");
});

test("without a page localStorage is not even looked at: Node warns of its own, and all programs would share it", async (t) => {
  let looks = 0;
  Object.defineProperty(globalThis, "localStorage", { get: () => void looks++, configurable: true });
  t.after(() => delete globalThis.localStorage);
  const server = serverOf(alice);
  await signIn(clientOf(server, undefined));
  assert.equal(await clientOf(server, undefined).restore(), false);
  assert.equal(looks, 0);
});

test("what a proxy answers, or nothing that can be read, ends no sign-in", async () => {
  const [server, storage] = [serverOf(alice), memory()];
  await signIn(clientOf(server, storage));
  const page = (status) => async () => new Response("<html>Sign in to this network</html>", { status });
  for (const status of [200, 400, 401, 403, 407, 413, 502, 504]) {
    const next = clientOf({ ...server, fetch: page(status) }, storage);
    assert.ok(await next.restore().then((is_restored) => !is_restored, (error) => error.name === "ChatError"), status);
  }
  const odd = clientOf({ ...server, fetch: async () => new Response("null", { status: 503 }) }, storage);
  await assert.rejects(odd.restore(), { name: "ChatError", code: "unavailable" });
  assert.equal(await clientOf(server, storage).restore(), true);
});

test("an answer that breaks off is none, so what was asked is asked again", async () => {
  const server = serverOf(alice);
  const broken = new ReadableStream({ pull: (body) => body.error(new TypeError("terminated")) });
  const fetch = async (url, init) => (url.pathname.endsWith("sessions/") ? new Response(broken) : server.fetch(url, init));
  const chat = clientOf({ ...server, fetch }, null);
  await signIn(chat);
  await assert.rejects(chat.sessions(), (error) => error.is_unanswered);
});

test("the end of a sign-in takes nothing from who has signed in in another tab meanwhile", async () => {
  const [server, storage] = [serverOf(alice), memory()];
  const chat = clientOf(server, storage);
  await signIn(chat);
  server.on("POST auth/refresh/", async () => {
    storage.setItem("chat.refresh http://x", "bob-1");
    return { status: 401, code: "token_invalid" };
  });
  assert.equal(await chat.restore(), false);
  assert.equal(storage.getItem("chat.refresh http://x"), "bob-1");
});

test("who opened the page without a connection can sign out once there is one, and leaves nothing", async () => {
  const [server, storage] = [serverOf(alice), memory()];
  await signIn(clientOf(server, storage));
  const { fetch } = server;
  let is_offline = true;
  const chat = clientOf({ ...server, fetch: (...asked) => (is_offline ? Promise.reject(new TypeError()) : fetch(...asked)) }, storage);
  await assert.rejects(chat.restore(), { code: "offline" });
  await assert.rejects(chat.signOut(), { code: "offline" });
  is_offline = false;
  server.on("POST auth/logout/", { status: 204 });
  await chat.signOut();
  assert.equal(server.asked("POST auth/logout/").length, 1);
  assert.equal(storage.getItem("chat.refresh http://x"), null);
});

test("without a WebSocket, or without a server, the client says what to give it", (t) => {
  const { WebSocket } = globalThis;
  delete globalThis.WebSocket;
  t.after(() => WebSocket && (globalThis.WebSocket = WebSocket));
  assert.throws(() => new ChatClient({ base: "http://x/" }), /no WebSocket here.*new ChatClient\(\{ WebSocket \}\)/);
  assert.throws(() => new ChatClient(), /no WebSocket here/);
  assert.throws(() => new ChatClient({ WebSocket: class {} }), /where the server is/);
});

/** `navigator.locks`, as far as it is used. */
function withLocks(t) {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  let last = Promise.resolve();
  const request = (name, deed) => (last = last.then(deed));
  Object.defineProperty(globalThis, "navigator", { value: { locks: { request } }, configurable: true });
  t.after(() => (before ? Object.defineProperty(globalThis, "navigator", before) : delete globalThis.navigator));
}
