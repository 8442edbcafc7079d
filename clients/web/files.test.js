import assert from "node:assert/strict";
import { test } from "node:test";

import { alice, bob, conversation, message } from "../js/fakes.js";
import { Store } from "../js/store.js";
import { admitted, boxOf, durationText, fileText, filesText, isVisual, largeOf, sizeText, summaryOf } from "./files.js";
import { levelsOf } from "./measuring.js";
import { Pages } from "./pages.js";
import { rowsOf } from "./rows.js";
import { changeText, excerptOf } from "./words.js";

const photo = { id: "u1", kind: "image", filename: "a.jpg", status: "ready" };
const voice = { id: "u2", kind: "voice", filename: "voice.webm", duration: 12.4, status: "ready" };
const plan = { id: "u3", kind: "document", filename: "plan.pdf", status: "ready" };

function storeWith(...messages) {
  const store = new Store();
  store.me = alice;
  store.put({ ...conversation({ seq: messages.at(-1).seq, last_message: messages.at(-1) }), messages });
  return store;
}

test("files are called by what they are", () => {
  assert.deepEqual([photo, voice, plan].map(fileText), ["Photo", "Voice message 0:12", "File plan.pdf"]);
  assert.equal(filesText([photo, photo]), "2 photos");
  assert.equal(filesText([photo, plan, voice]), "3 files");
  assert.deepEqual([summaryOf({ content: "Hi", attachments: [photo] }), summaryOf({ content: "" })], ["Hi", ""]);
});

test("durations and sizes", () => {
  assert.deepEqual([0, 59.6, 754, 3_723].map(durationText), ["0:00", "1:00", "12:34", "1:02:03"]);
  assert.equal(durationText(null), "0:00");
  const sizes = [300, 12_300, 3_420_000, 2_100_000_000].map(sizeText);
  assert.deepEqual(sizes, ["1 kB", "13 kB", "3.4 MB", "2.1 GB"]);
});

test("a picture fits its place and is never a line", () => {
  assert.deepEqual(boxOf({ width: 720, height: 360 }), { width: 360, height: 180 });
  assert.deepEqual(boxOf({ width: 1000, height: 4000 }), { width: 120, height: 400 });
  assert.deepEqual(boxOf({ width: 20, height: 10 }), { width: 120, height: 120 });
  assert.deepEqual(boxOf({ width: null, height: null }), { width: 240, height: 240 });
});

test("the larger thumbnail has its own address", () => {
  assert.deepEqual([largeOf("/t/"), largeOf("/t/?v=1")], ["/t/?size=large", "/t/?v=1&size=large"]);
});

test("what cannot be sent is said before it is sent", () => {
  const file = (name, size) => ({ name, size });
  const few = [file("a", 1), file("b", 2)];
  assert.deepEqual(admitted(few, {}), { files: few, refusal: null });
  const { files, refusal } = admitted([...few, file("film.mp4", 3e9)], { largest: 1e9 });
  assert.deepEqual(files, few);
  assert.match(refusal, /“film.mp4” is too large: 3 GB, and 1 GB/);
  assert.deepEqual(admitted(few, { held: 9 }).files, [few[0]]);
  assert.match(admitted(few, { held: 9 }).refusal, /10 files/);
  assert.match(admitted([file("empty", 0)], {}).refusal, /empty/);
});

test("what the server could not make ready is downloaded instead of shown", () => {
  assert.deepEqual([photo, { ...photo, status: "failed" }, plan].map(isVisual), [true, false, false]);
  assert.ok(isVisual({ kind: "image", status: "failed", is_parcel: true }));
});

test("waves are as high as the loudest of their moments", () => {
  assert.deepEqual(levelsOf([0, 0.1, -0.5, 0.2, 0, 0.25], 3), [20, 100, 50]);
  assert.deepEqual(levelsOf([], 2), [0, 0]);
});

test("where there is no text, files stand for it", () => {
  const quoted = { id: "m1", seq: 1, sender: bob, content: "", attachments: [plan] };
  const store = storeWith(message(1, { content: "", attachments: [voice] }), message(2, { reply_to: quoted }));
  assert.equal(rowsOf(store, "c").at(-1).quote.text, "File plan.pdf");
  assert.equal(summaryOf({ content: "", content_type: "image" }), "Photo");
  assert.equal(rowsOf(store, "c").at(-2).summary, "Voice message 0:12");
  const last = { kind: "direct", last_message: message(1, { content: "", attachments: [photo] }) };
  assert.equal(excerptOf(last, store), "Photo");
});

test("a new picture of a conversation is told", () => {
  const told = (avatar_url, before) =>
    changeText({ type: "conversation.updated", data: { conversation: { avatar_url }, before } }, () => "bob");
  assert.equal(told("/a", { avatar_url: null }), "bob changed the picture");
  assert.equal(told(null, { avatar_url: "/a" }), "bob removed the picture");
});

test("files of a pending message are shown with what is on its way, deleted ones not at all", () => {
  const store = storeWith(message(1, { attachments: [photo], is_deleted: true, content: "" }));
  const state = { key: "k", conversation_id: "c", kind: "image", preview: "blob:x", status: "sending", progress: 0.3 };
  store.putParcel({ ...state, file: new File(["four"], "b.png", { type: "image/png" }) });
  store.addPending({ ...message(2, { sender: alice, content: "", parcels: ["k"] }), id: undefined, seq: undefined });
  const [gone, pending] = rowsOf(store, "c").filter(({ kind }) => kind === "message");
  assert.deepEqual(gone.attachments, []);
  const [{ is_parcel, filename, preview, progress }] = pending.attachments;
  assert.deepEqual([is_parcel, filename, preview, progress], [true, "b.png", "blob:x", undefined]);
});

test("kinds are merged page by page, the newest first", async () => {
  const pages = {
    voice: [
      { results: [{ seq: 9 }, { seq: 5 }], next: "voice-2" },
      { results: [{ seq: 2 }], next: null },
    ],
    audio: [{ results: [{ seq: 7 }, { seq: 3 }], next: null }],
  };
  const chat = { mediaOf: async (_, { kind, next }) => pages[kind][next ? 1 : 0] };
  const merged = new Pages(chat, "c", ["voice", "audio"]);
  const seqs = async () => (await merged.more()).map(({ seq }) => seq);
  assert.deepEqual([await seqs(), merged.has_more], [[9, 7, 5], true]);
  assert.deepEqual([await seqs(), merged.has_more], [[3, 2], false]);
});
