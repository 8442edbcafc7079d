import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { guardComposing, isOfInputMethod, sendsWith } from "./keys.js";

const HERE = new URL(".", import.meta.url);
const AROUND_THE_GUARD = [
  [/\bkey(up|press)\b|onbeforeinput/, "keys are heard by keydown, which the guard keeps from what somebody composes"],
  [/["']keydown["'][^;]*capture|onkeydowncapture/, "who captures keys hears them before the guard"],
  [/isComposing[^;]*event\.key|keyCode/, "the guard knows what an input method sends"],
];

/** A page in which a key is pressed; says whether anybody heard it, and whether the browser acts on it. */
function press(key) {
  const page = new EventTarget();
  let is_heard = false;
  guardComposing(page);
  page.addEventListener("keydown", () => (is_heard = true), { capture: true });
  const event = Object.assign(new Event("keydown", { cancelable: true }), key);
  page.dispatchEvent(event);
  return { is_heard, is_acted_on: !event.defaultPrevented };
}

test("nobody hears a key with which somebody composes a word", () => {
  assert.deepEqual(press({ key: "Enter", isComposing: true, keyCode: 13 }), { is_heard: false, is_acted_on: false });
  assert.deepEqual(press({ key: "Enter", isComposing: false, keyCode: 229 }), { is_heard: false, is_acted_on: false });
  assert.deepEqual(press({ key: "Escape", isComposing: true, keyCode: 229 }), { is_heard: false, is_acted_on: false });
  assert.deepEqual(press({ key: "ArrowDown", isComposing: true, keyCode: 229 }), { is_heard: false, is_acted_on: true });
  assert.deepEqual(press({ key: "Enter", isComposing: false, keyCode: 13 }), { is_heard: true, is_acted_on: true });
  assert.equal(isOfInputMethod({ key: "a", keyCode: 65 }), false);
});

test("nothing in the page hears keys around the guard, and it is set up before all else", () => {
  const names = readdirSync(HERE, { recursive: true }).filter((name) => /(?<!\.test)\.js$/.test(name));
  assert.ok(names.length > 50);
  for (const name of names.filter((one) => one !== "keys.js")) {
    const source = readFileSync(new URL(name, HERE), "utf8");
    for (const [pattern, why] of AROUND_THE_GUARD) assert.doesNotMatch(source, pattern, `${name}: ${why}`);
  }
  const [first] = readFileSync(new URL("app.js", HERE), "utf8").match(/^\w+\(.*\);$/m);
  assert.equal(first, "guardComposing();");
});

test("Enter sends at a desk and makes a new line under a thumb", () => {
  const enter = { key: "Enter", shiftKey: false, ctrlKey: false, metaKey: false };
  assert.equal(sendsWith(enter, false), true);
  assert.equal(sendsWith({ ...enter, shiftKey: true }, false), false);
  assert.equal(sendsWith(enter, true), false);
  assert.equal(sendsWith({ ...enter, ctrlKey: true }, true), true);
  assert.equal(sendsWith({ ...enter, metaKey: true }, true), true);
  assert.equal(sendsWith({ ...enter, key: "a" }, false), false);
});
