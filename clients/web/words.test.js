import assert from "node:assert/strict";
import { test } from "node:test";

import { deviceName } from "./device.js";
import { agoText, farewellOf, sentenceOf, waitText } from "./words.js";

test("devices are called by browser and system", () => {
  const windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)";
  const named = [
    ["Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"],
    [`${windows} Chrome/126.0.0.0 Safari/537.36`, "Chrome on Windows"],
    [`${windows} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0`, "Edge on Windows"],
    ["Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari on iPhone"],
    ["Mozilla/5.0 (Linux; Android 14) Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome on Android"],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.5 Safari/605.1.15", "Safari on macOS"],
    ["curl/8", "A browser"],
  ];
  for (const [userAgent, name] of named) assert.equal(deviceName({ userAgent }), name);
  const data = { platform: "Chrome OS" };
  assert.equal(deviceName({ userAgent: "Chrome/126.0.0.0 Safari/537.36", userAgentData: data }), "Chrome on Chrome OS");
});

test("how long ago something was", () => {
  const now = new Date("2026-03-10T12:00:00");
  const ago = (time) => agoText(time, now);
  assert.equal(ago("2026-03-10T11:59:30"), "just now");
  assert.equal(ago("2026-03-10T11:55:00"), "5 minutes ago");
  assert.equal(ago("2026-03-10T09:30:00"), "2 hours ago");
  assert.equal(ago("2026-03-07T12:00:00"), "3 days ago");
  assert.match(ago("2025-03-07T12:00:00"), /2025/);
});

test("waits", () => {
  assert.deepEqual([29.2, 534, 5_400, 86_000].map(waitText), ["30 s", "9 min", "90 min", "24 h"]);
});

test("a refusal says when to try again, once", () => {
  const message = "Too many requests; try again later.";
  assert.equal(sentenceOf({ message, retry_after: 3_600 }), "Too many requests. Try again in 60 min.");
  assert.equal(sentenceOf({ message }), message);
  assert.equal(sentenceOf({ message: "Too large." }), "Too large.");
});

test("whoever signs out needs no explanation, others do", () => {
  assert.equal(farewellOf({ reason: "signed_out" }), null);
  assert.match(farewellOf({ reason: "ended" }), /signed out/);
  assert.match(farewellOf({ reason: "deleted", erase_at: "2026-12-05T10:00:00Z" }), /2026.*keep it/);
});
