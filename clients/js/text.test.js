import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { begunIn, isBlank, isFoundBy, isSameEmoji, mentionsIn, nameKey } from "./text.js";

const vectors = JSON.parse(readFileSync(new URL("../vectors/text.json", import.meta.url), "utf8"));

test("every spelling of an emoji is the same one", () => {
  const { same } = vectors.emoji;
  for (const [at, [first, ...others]] of same.entries()) {
    for (const other of others) assert.ok(isSameEmoji(first, other), other);
    assert.ok(!isSameEmoji(first, same[(at + 1) % same.length][0]), first);
  }
});

test("what cannot be seen is blank", () => {
  for (const text of vectors.blank) assert.ok(isBlank(text), JSON.stringify(text));
  for (const [, text] of vectors.lines) assert.equal(isBlank(text), text === "", text);
});

for (const [text, names, found] of vectors.mentions) {
  test(`who is addressed in ${JSON.stringify(text)}`, () => {
    const known = new Map(names.map((name) => [nameKey(name), name]));
    const told = mentionsIn(text, known).map(({ begin, end, key }) => [text.slice(begin, end), known.get(key)]);
    assert.deepEqual(told, found);
  });
}

test("people are found by the beginnings of the words of their names", () => {
  for (const [names, asked, found] of vectors.people) assert.equal(isFoundBy(asked, ...names), found, asked);
});

test("a name is begun where one could be meant", () => {
  const begun = ["@", "Hi @bo", "你好@bo", "＠मोहि", "bob@bo", "@bob "].map(begunIn);
  assert.deepEqual(begun, ["", "bo", "bo", "मोहि", null, null]);
});
