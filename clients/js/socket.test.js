import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatError } from "./errors.js";
import { FakeServer, settled } from "./fakes.js";
import { Socket, afterClose, backoff } from "./socket.js";

const hello = { type: "hello", data: { ping_interval: 25 } };

async function online(t, options = {}) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const server = new FakeServer();
  const socket = new Socket({
    WebSocket: server.WebSocket,
    credentials: async () => ({ url: "ws://x/ws/", token: "t" }),
    refresh: async () => {},
    random: () => 1,
    ...options,
  });
  socket.start();
  await settled();
  server.socket.say(hello);
  return { server, socket };
}

test("each closing code has its own move", () => {
  for (const code of [1006, 1012, 1013, 4408, 4429]) assert.equal(afterClose(code), "retry", code);
  assert.equal(afterClose(4401), "refresh");
  for (const code of [1000, 1009, 1011, 4400, 4403, 4409]) assert.equal(afterClose(code), "stop", code);
});

test("waiting doubles up to half a minute, half of it by chance", () => {
  const longest = [0, 1, 2, 10].map((attempt) => backoff(attempt, 1006, () => 1));
  const shortest = [0, 1, 2, 10].map((attempt) => backoff(attempt, 1006, () => 0));
  assert.deepEqual(longest, [500, 1000, 2000, 30_000]);
  assert.deepEqual(shortest, [250, 500, 1000, 15_000]);
});

test("whoever flooded waits longer", () => {
  assert.ok(backoff(0, 4429, () => 0) >= 5_000);
});

test("a server that is full says when to come back", async (t) => {
  const { server, socket } = await online(t);
  server.socket.end(1012);
  t.mock.timers.tick(500);
  await settled();
  server.socket.say({ type: "error", error: { code: "unavailable", retry_after: 7.5 } });
  server.socket.end(1013);
  assert.equal(socket.retry_at, Date.now() + 7_500);
  t.mock.timers.tick(7_499);
  await settled();
  assert.equal(server.sockets.length, 2);
  t.mock.timers.tick(1);
  await settled();
  server.socket.end(1013);
  assert.equal(socket.retry_at, Date.now() + 2_000 + 500);
});

test("the first frame signs in, and hello makes it online", async (t) => {
  const { server, socket } = await online(t);
  assert.deepEqual(server.socket.sent, [{ type: "authenticate", data: { token: "t" } }]);
  assert.equal(socket.state, "online");
});

test("it comes back after a restart and stays away when refused", async (t) => {
  const { server, socket } = await online(t);
  server.socket.end(1012);
  assert.equal(socket.state, "waiting");
  t.mock.timers.tick(500);
  await settled();
  assert.equal(server.sockets.length, 2);
  server.socket.end(4403);
  t.mock.timers.tick(60_000);
  await settled();
  assert.equal(server.sockets.length, 2);
  assert.equal(socket.state, "stopped");
});

test("after 4401 it refreshes first, and stops when that is refused", async (t) => {
  let refreshed = 0;
  let is_over = false;
  const refresh = async () => {
    refreshed++;
    if (is_over) throw new ChatError({ status: 401, code: "token_invalid" });
  };
  const { server, socket } = await online(t, { refresh });
  server.socket.end(4401);
  t.mock.timers.tick(500);
  await settled();
  assert.equal(refreshed, 1);
  assert.equal(server.sockets.length, 2);
  is_over = true;
  server.socket.end(4401);
  t.mock.timers.tick(1_000);
  await settled();
  assert.equal(server.sockets.length, 2);
  assert.equal(socket.state, "stopped");
});

test("it pings, and takes silence for the end", async (t) => {
  const { server, socket } = await online(t);
  t.mock.timers.tick(25_000);
  assert.equal(server.socket.commands("ping").length, 1);
  server.socket.say({ type: "pong" });
  t.mock.timers.tick(34_000);
  assert.equal(socket.state, "online");
  t.mock.timers.tick(1_000);
  assert.equal(socket.state, "waiting");
});

test("replies find their requests, and a lost connection leaves them unanswered", async (t) => {
  const { server, socket } = await online(t);
  const good = socket.request("message.send", { content: "a" });
  const bad = socket.request("message.send", { content: "b" });
  const lost = socket.request("message.send", { content: "c" });
  const [, first, second] = server.socket.sent;
  server.socket.refuse(second.id, { code: "rate_limited", detail: "Slowly.", retry_after: 3 });
  server.socket.reply(first.id, { message: 1 });
  assert.deepEqual(await good, { message: 1 });
  await assert.rejects(bad, (error) => error.code === "rate_limited" && error.retry_after === 3 && error.is_passing);
  server.socket.end(1006);
  await assert.rejects(lost, (error) => error.is_unanswered);
});

test("a request without an answer ends a connection on which nothing else is heard", async (t) => {
  const { server, socket } = await online(t);
  const slow = socket.request("message.send");
  t.mock.timers.tick(5_000);
  server.socket.say({ type: "pong" });
  t.mock.timers.tick(5_000);
  await assert.rejects(slow, { code: "timeout" });
  assert.equal(socket.state, "online");
  const dead = socket.request("message.send");
  t.mock.timers.tick(10_000);
  await assert.rejects(dead, { code: "offline" });
  assert.equal(socket.state, "waiting");
});

test("waking tries at once instead of waiting", async (t) => {
  const { server, socket } = await online(t);
  server.socket.end(1006);
  socket.wake();
  await settled();
  assert.equal(server.sockets.length, 2);
});

test("a connection that only looks open is found out when somebody looks, and another one begun at once", async (t) => {
  const { server, socket } = await online(t);
  socket.wake();
  t.mock.timers.tick(200);
  t.mock.timers.tick(2_000);
  await settled();
  assert.equal(server.sockets.length, 2);
  assert.equal(socket.state, "connecting");
});

test("a connection that answers stays, and is asked once for many events", async (t) => {
  const { server, socket } = await online(t);
  for (let n = 0; n < 50; n++) socket.wake();
  t.mock.timers.tick(200);
  assert.equal(server.socket.commands("ping").length, 1);
  server.socket.say({ type: "pong" });
  t.mock.timers.tick(3_000);
  await settled();
  assert.equal(server.sockets.length, 1);
  assert.equal(socket.state, "online");
});

test("a connection that dies after it has answered is found out by the next look", async (t) => {
  const { server, socket } = await online(t);
  socket.wake();
  t.mock.timers.tick(200);
  server.socket.say({ type: "pong" });
  socket.wake();
  t.mock.timers.tick(200);
  t.mock.timers.tick(2_000);
  await settled();
  assert.equal(server.sockets.length, 2);
});

test("a socket that ends the process where nobody hears its error, as the package ws does, is tried again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const made = [];
  class Failing {
    constructor() {
      made.push(this);
    }
    fail() {
      if (!this.onerror) throw new Error("unheard");
      this.onerror({ message: "ECONNREFUSED" });
      this.onclose?.({ code: 1006 });
    }
    close() {
      this.fail();
    }
  }
  const credentials = async () => ({ url: "ws://x/ws/", token: "t" });
  const socket = new Socket({ WebSocket: Failing, credentials, random: () => 1 });
  socket.start();
  await settled();
  made[0].fail();
  assert.equal(socket.state, "waiting");
  t.mock.timers.tick(500);
  await settled();
  assert.equal(made.length, 2);
  socket.stop(); // one that is not open yet fails when it is closed
  assert.equal(socket.state, "idle");
});
