import assert from "node:assert/strict";
import { test } from "node:test";

import { settled } from "../js/fakes.js";
import { whenReady } from "./waiting.js";

const file = { id: "u", status: "processing" };

/** What becomes of a file that is asked for again so many times. */
async function waiting(t, { answers, is_wanted = () => true }) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const chat = { uploadState: async () => answers.shift() ?? Promise.reject(new Error("offline")) };
  let found = null;
  whenReady(chat, file, is_wanted).then((one) => (found = one));
  for (let second = 0; second < 4; second++) {
    await settled();
    t.mock.timers.tick(1_000);
  }
  await settled();
  return found;
}

test("a file is asked for until it is ready, also over a lost connection", async (t) => {
  const answers = [{ status: "processing" }, null, { status: "ready", width: 3 }];
  assert.deepEqual(await waiting(t, { answers }), { id: "u", status: "ready", width: 3 });
});

test("nobody asks for what nobody looks at", async (t) => {
  const answers = [{ status: "ready" }];
  assert.equal(await waiting(t, { answers, is_wanted: () => false }), file);
  assert.equal(answers.length, 1);
});
