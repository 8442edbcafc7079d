import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatError } from "./errors.js";
import { fetchTelling } from "./upload.js";

/** Replaces the browser's own for one test; what it was called with is in `request`. */
function fakeRequest(t, finish) {
  const request = { upload: {}, headers: {}, status: 0, responseText: "", given: {} };
  request.open = (...asked) => (request.asked = asked);
  request.setRequestHeader = (name, value) => (request.headers[name] = value);
  request.getResponseHeader = (name) => request.given[name] ?? null;
  request.send = () => finish(request);
  globalThis.XMLHttpRequest = function () {
    return request;
  };
  t.after(() => delete globalThis.XMLHttpRequest);
  return request;
}

const init = { method: "PUT", headers: { Authorization: "Bearer a" }, body: "picture" };

test("it tells how much was sent, and answers like fetch", async (t) => {
  const told = [];
  const request = fakeRequest(t, () => {
    request.upload.onprogress({ loaded: 1, total: 4 });
    request.upload.onprogress({ loaded: 4, total: 4 });
    request.status = 204;
    request.onload();
  });
  const response = await fetchTelling((share) => told.push(share))("http://x/", init);
  assert.deepEqual(told, [0.25, 1]);
  assert.deepEqual([response.status, request.headers.Authorization], [204, "Bearer a"]);
});

test("a refusal keeps its reason and its pause", async (t) => {
  const request = fakeRequest(t, () => {
    Object.assign(request, { status: 429, responseText: '{"code":"rate_limited"}', given: { "Retry-After": "7" } });
    request.onload();
  });
  const error = await ChatError.from(await fetchTelling(() => {})("http://x/", init));
  assert.deepEqual([error.code, error.retry_after], ["rate_limited", 7]);
});

test("without a network it fails as fetch does", async (t) => {
  const request = fakeRequest(t, () => request.onerror());
  await assert.rejects(fetchTelling(() => {})("http://x/", init), TypeError);
});

test("a signal ends it, also before it has begun", async (t) => {
  let ended = 0;
  const request = fakeRequest(t, () => {});
  request.abort = () => ended++ || request.onabort();
  const going = new AbortController();
  const answer = fetchTelling(() => {})("http://x/", { ...init, signal: going.signal });
  going.abort();
  await assert.rejects(answer, TypeError);
  await assert.rejects(fetchTelling(() => {})("http://x/", { ...init, signal: going.signal }), TypeError);
  assert.equal(ended, 1);
});
