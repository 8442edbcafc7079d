import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatClient } from "./chat.js";
import { FakeServer, alice, settled } from "./fakes.js";

const IMAGE = "/api/v1/media/u1/content/";

/** A client of another origin that is signed in, and its server, which signs what it is asked for. */
async function elsewhere({ expires_in = 1200 } = {}) {
  const server = new FakeServer();
  server.on("POST auth/login/", { user: alice, access: "a", access_expires_in: 3600, refresh: "r" });
  let count = 0;
  const signed = ({ body }) => ({ links: body.urls.map((url) => `${url}?link=${++count}`), expires_in });
  server.on("POST media/links/", signed);
  const { fetch, WebSocket } = server;
  const chat = new ChatClient({ base: "http://x/", fetch, WebSocket, storage: null });
  await chat.signIn({ login: "alice", password: "p" });
  return { server, chat, signed, asked: () => server.asked("POST media/links/").map(({ body }) => body.urls) };
}

test("on another origin addresses are absolute and signed, those of one moment at once", async () => {
  const { chat, asked } = await elsewhere();
  const urls = [IMAGE, `${IMAGE}?size=large`, "/api/v1/users/bob/avatar/?v=1"];
  const links = await Promise.all(urls.map((url) => chat.linkTo(url)));
  assert.deepEqual(links, [
    "http://x/api/v1/media/u1/content/?link=1",
    "http://x/api/v1/media/u1/content/?size=large?link=2",
    "http://x/api/v1/users/bob/avatar/?v=1?link=3",
  ]);
  assert.deepEqual(asked(), [urls.map((url) => `http://x${url}`)]);
});

test("a link is given out again while it is good for as long again", async (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const { chat, asked } = await elsewhere();
  const link = await chat.linkTo(IMAGE);
  t.mock.timers.tick(599_000);
  assert.equal(await chat.linkTo(IMAGE), link);
  t.mock.timers.tick(2_000);
  assert.notEqual(await chat.linkTo(IMAGE), link);
  assert.equal(asked().length, 2);
});

test("one that is on its way is not asked for twice, and one that failed is", async () => {
  const { server, chat, signed, asked } = await elsewhere();
  server.on("POST media/links/", { status: 503, code: "unavailable" });
  const links = [chat.linkTo(IMAGE)];
  await Promise.resolve();
  links.push(chat.linkTo(IMAGE));
  for (const link of links) await assert.rejects(link, { code: "unavailable" });
  await settled();
  assert.equal(asked().length, 1);
  server.on("POST media/links/", signed);
  assert.match(await chat.linkTo(IMAGE), /link=1/);
});

test("more than a hundred go in several requests", async () => {
  const { chat, asked } = await elsewhere();
  const urls = Array.from({ length: 230 }, (_, n) => `/api/v1/media/u${n}/content/`);
  const links = await Promise.all(urls.map((url) => chat.linkTo(url)));
  assert.deepEqual(
    asked().map(({ length }) => length),
    [100, 100, 30],
  );
  assert.equal(new Set(links).size, 230);
});

test("what is no file of the server stays as it is", async () => {
  const { chat, asked } = await elsewhere();
  for (const url of ["blob:http://y/1", "data:image/png;base64,AA", "https://elsewhere.example/a", "http://x/static/a"]) {
    assert.equal(await chat.linkTo(url), url);
  }
  assert.deepEqual(asked(), []);
});

test("on a page of the server itself the cookie does it", async (t) => {
  globalThis.location = { origin: "http://x" };
  t.after(() => delete globalThis.location);
  const { chat, asked } = await elsewhere();
  assert.equal(await chat.linkTo(IMAGE), "http://x/api/v1/media/u1/content/");
  assert.deepEqual(asked(), []);
});

test("who signs in next has links of their own", async () => {
  const { server, chat } = await elsewhere();
  server.on("POST auth/logout/", { status: 204 });
  const link = await chat.linkTo(IMAGE);
  await chat.signOut();
  await chat.signIn({ login: "bob", password: "p" });
  assert.notEqual(await chat.linkTo(IMAGE), link);
});
