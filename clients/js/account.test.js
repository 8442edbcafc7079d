import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatClient } from "./chat.js";
import { ChatError } from "./errors.js";
import { FakeServer, alice, bob, conversation, message, settled } from "./fakes.js";

/** A client that is signed in, and its server. */
async function signedIn() {
  const server = new FakeServer();
  server.on("POST auth/login/", { user: alice, access: "access-1", access_expires_in: 300 });
  const chat = new ChatClient({ base: "http://x/", fetch: server.fetch, WebSocket: server.WebSocket });
  await chat.signIn({ login: "alice", password: "p", device_name: "Firefox on Linux" });
  return { server, chat };
}

test("signing in tells the name of the device", async () => {
  const { server } = await signedIn();
  assert.equal(server.asked("POST auth/login/")[0].body.device_name, "Firefox on Linux");
});

test("a forgotten password is set by a code, without being signed in", async () => {
  const server = new FakeServer();
  server.on("POST auth/password/reset/", { status: 202, email: "a@x", expires_in: 600, resend_after: 30 });
  server.on("POST auth/password/reset/confirm/", { sessions_ended: 2 });
  const chat = new ChatClient({ base: "http://x/", fetch: server.fetch, WebSocket: server.WebSocket });
  assert.equal((await chat.requestPasswordReset({ email: "a@x" })).resend_after, 30);
  const values = { email: "a@x", code: "123456", new_password: "n" };
  await chat.resetPassword(values);
  const [asked] = server.asked("POST auth/password/reset/confirm/");
  assert.deepEqual(asked.body, values);
  assert.equal(asked.headers.Authorization, undefined);
});

test("a wrong own password is told about its field", async () => {
  const { server, chat } = await signedIn();
  const errors = [{ field: "current_password", code: "wrong", detail: "The password is wrong." }];
  server.on("POST auth/password/change/", { status: 400, code: "invalid", errors });
  const refusal = await chat.changePassword({ current_password: "x", new_password: "n" }).catch((error) => error);
  assert.equal(refusal.about("current_password"), "The password is wrong.");
});

test("a new address counts when its code was entered", async () => {
  const { server, chat } = await signedIn();
  server.on("POST auth/email/change/", { status: 202, email: "n@x", expires_in: 600, resend_after: 0 });
  server.on("POST auth/email/change/confirm/", { ...alice, email: "n@x" });
  await chat.requestEmailChange({ password: "p", new_email: "n@x" });
  assert.equal(chat.store.me.email, undefined);
  await chat.confirmEmailChange({ code: "123456" });
  assert.equal(chat.store.me.email, "n@x");
});

test("sign-ins come page after page, and end one by one or all at once", async () => {
  const { server, chat } = await signedIn();
  server.on("GET auth/sessions/", ({ query }) =>
    query.cursor
      ? { results: [{ id: "s2" }], next: null }
      : { results: [{ id: "s1" }], next: "http://x/api/v1/auth/sessions/?cursor=2" },
  );
  for (const path of ["auth/sessions/s2/", "auth/sessions/"]) server.on(`DELETE ${path}`, { status: 204 });
  assert.deepEqual(await chat.sessions(), [{ id: "s1" }, { id: "s2" }]);
  await chat.endSession("s2");
  await chat.endOtherSessions();
  assert.equal(server.asked("DELETE auth/sessions/").length, 1);
});

test("a changed profile is known at once, in every place", async () => {
  const { server, chat } = await signedIn();
  chat.store.apply({ type: "user.updated", data: { user: { ...alice, full_name: "Old" } } });
  server.on("PATCH users/me/", ({ body }) => ({ ...alice, ...body }));
  await chat.updateProfile({ full_name: "New" });
  assert.deepEqual([chat.store.me.full_name, chat.store.person(alice).full_name], ["New", "New"]);
});

test("a picture goes as a form, and its address is asked for", async () => {
  const { server, chat } = await signedIn();
  server.on("PUT users/me/avatar/", { status: 204 });
  server.on("DELETE users/me/avatar/", { status: 204 });
  server.on("GET users/me/", { ...alice, avatar_url: "/a?v=1" });
  await chat.setAvatar(new Blob(["picture"], { type: "image/png" }));
  const [{ body, headers }] = server.asked("PUT users/me/avatar/");
  assert.equal(await body.get("file").text(), "picture");
  assert.equal(headers["Content-Type"], undefined);
  assert.equal(chat.store.me.avatar_url, "/a?v=1");
  server.on("GET users/me/", { ...alice, avatar_url: null });
  await chat.removeAvatar();
  assert.equal(chat.store.me.avatar_url, null);
});

test("blocking and its end count at once, and what a hello says counts after", async () => {
  const { server, chat } = await signedIn();
  server.on("PUT users/bob/block/", { status: 204 });
  server.on("DELETE users/bob/block/", { status: 204 });
  await chat.block(bob.id);
  assert.ok(chat.store.blocked_ids.has(bob.id));
  await chat.unblock(bob.id);
  assert.equal(chat.store.blocked_ids.size, 0);
  chat.store.welcome({ user: alice, conversations: [], blocked_ids: [bob.id] });
  assert.ok(chat.store.blocked_ids.has(bob.id));
});

test("the last export is the one to ask about; there may be none", async () => {
  const { server, chat } = await signedIn();
  server.on("GET users/me/export/", { results: [], next: null });
  assert.equal(await chat.lastExport(), null);
  server.on("GET users/me/export/", { results: [{ id: "x", status: "done" }], next: null });
  assert.equal((await chat.lastExport()).id, "x");
});

test("who deletes the account is told until when it can be kept, and nothing else", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const { server, chat } = await signedIn();
  const told = [];
  chat.onSignedOut = (why) => told.push(why);
  chat.start();
  await settled();
  const { socket } = server;
  server.on("DELETE users/me/", () => {
    socket.end(4401);
    return { status: 202, erase_at: "2026-01-15T00:00:00Z" };
  });
  server.on("POST auth/refresh/", { status: 401, code: "token_invalid" });
  await chat.deleteAccount({ password: "p" });
  t.mock.timers.tick(60_000);
  await settled();
  assert.deepEqual(told, [{ reason: "deleted", erase_at: "2026-01-15T00:00:00Z" }]);
  assert.equal(chat.store.me, null);
});

test("a refused deletion changes nothing", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const { server, chat } = await signedIn();
  t.after(() => chat.stop());
  chat.store.put({ ...conversation({ seq: 1 }), messages: [message(1)] });
  chat.start();
  await settled();
  const errors = [{ field: "password", code: "wrong", detail: "The password is wrong." }];
  server.on("DELETE users/me/", { status: 400, code: "invalid", errors });
  await assert.rejects(chat.deleteAccount({ password: "x" }), ({ code }) => code === "invalid");
  assert.equal(chat.store.me.id, "alice");
  assert.equal(chat.connection, "connecting");
});

test("a session that the server ended is told as such", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const { server, chat } = await signedIn();
  const told = [];
  chat.onSignedOut = (why) => told.push(why);
  chat.start();
  await settled();
  server.on("POST auth/refresh/", { status: 401, code: "token_invalid" });
  server.socket.end(4401);
  t.mock.timers.tick(1_000);
  await settled();
  assert.deepEqual(told, [{ reason: "ended" }]);
});

const CREATING = {
  "POST conversations/": [
    (chat) => chat.createGroup({ name: "Friends", member_ids: [bob.id] }),
    (chat) => chat.createChannel({ name: "News" }),
    (chat) => chat.openDirect(bob.id),
  ],
  "POST conversations/c/invites/": [(chat) => chat.invite("c")],
  "POST users/me/export/": [(chat) => chat.requestExport()],
};

for (const [path, actions] of Object.entries(CREATING)) {
  test(`${path} whose answer was lost is asked for again under the same client_id, whatever was between`, async () => {
    for (const create of actions) {
      const { server, chat } = await signedIn();
      const made = conversation();
      const answers = [{ status: 503, code: "unavailable" }, { status: 503, code: "unavailable" }, made, made];
      server.on(path, () => answers.shift());
      chat.store.put(made);
      await assert.rejects(create(chat));
      await assert.rejects(chat.api.create(path.slice(5), { name: "Something else" }));
      await create(chat);
      await create(chat);
      const [lost, other, again, another] = server.asked(path).map(({ body }) => body.client_id);
      assert.ok(lost && other && another);
      assert.equal(again, lost);
      assert.equal(new Set([lost, other, another]).size, 3);
    }
  });
}

test("a refusal tells all that is wrong with a field, and what is about none of the form", () => {
  const errors = [
    { field: "password", code: "password_too_short", detail: "Too short." },
    { field: "password", code: "password_too_common", detail: "Too common." },
    { field: "email", code: "format", detail: "No address." },
  ];
  const refusal = new ChatError({ code: "invalid", errors });
  assert.equal(refusal.about("password"), "Too short. Too common.");
  assert.equal(refusal.about("username"), null);
  assert.deepEqual(refusal.besides(["password", "username"]), ["No address."]);
});
