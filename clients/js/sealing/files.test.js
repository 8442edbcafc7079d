import assert from "node:assert/strict";
import { test } from "node:test";

import { SealedFiles } from "./files.js";

const ID = "e0000000-0000-4000-8000-000000000009";

/** A server that keeps one file, and what two people see of it. */
function scene() {
  const server = { bytes: null, asked: 0 };
  const linkTo = async (url) => url;
  const fetch = async () => {
    server.asked += 1;
    return server.bytes ? new Response(server.bytes) : new Response(null, { status: 404 });
  };
  const upload = async (sealed) => {
    server.bytes = new Uint8Array(await sealed.arrayBuffer());
    server.told = { name: sealed.name, type: sealed.type };
    return { id: ID, content_url: "/media/content/", kind: "other" };
  };
  return { server, upload, mine: new SealedFiles({ fetch, linkTo }), theirs: new SealedFiles({ fetch, linkTo }) };
}

const file = (content, name, type) => new File([content], name, { type });

async function shown(files, upload, sealed) {
  const look = () => files.show([upload], [sealed])[0];
  look();
  for (let turn = 0; turn < 500 && look().status === "processing"; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return look();
}

test("a file is bytes to the server, and itself to who has the message", async () => {
  const { server, upload, mine, theirs } = scene();
  const answer = await mine.send(file("dear bob", "plans.pdf", "application/pdf"), "k", upload);
  assert.deepEqual(server.told, { name: "sealed", type: "application/octet-stream" });
  assert.ok(!new TextDecoder().decode(server.bytes).includes("dear"));
  const [about] = theirs.show([answer], [answer.sealed]);
  assert.deepEqual(
    [about.filename, about.mime_type, about.size, about.kind],
    ["plans.pdf", "application/pdf", 8, "other"],
  );
  assert.equal(await (await theirs.open(about)).text(), "dear bob");
});

test("a name that turns or breaks the line is shown without that", async () => {
  const { upload, mine, theirs } = scene();
  const answer = await mine.send(file("x", "evil\u202egpj.exe", "application/pdf"), "k", upload);
  assert.equal(answer.sealed.name, "evilgpj.exe");
  const names = ["evil\u202egpj.exe", "a\u2028b\u001b.txt", "\u2066", "علی\u200cرضا.txt", "👩‍💻.png"];
  const about = theirs.show([], names.map((name) => ({ ...answer.sealed, name })));
  assert.deepEqual(
    about.map(({ filename }) => filename),
    ["evilgpj.exe", "ab.txt", "file", "علی\u200cرضا.txt", "👩‍💻.png"],
  );
});

test("what has no answer goes out again byte for byte, and what was answered is sealed anew", async () => {
  const { server, upload, mine, theirs } = scene();
  const plans = file("dear bob", "plans.pdf", "application/pdf");
  const sent = [];
  const send = (client_id, is_answered) =>
    mine.send(plans, client_id, async (sealed) => {
      const answer = await upload(sealed);
      sent.push(new TextDecoder("latin1").decode(server.bytes));
      if (!is_answered) throw new Error("offline");
      return answer;
    });
  await assert.rejects(send("one", false));
  await send("two", true);
  const answer = await send("one", true);
  const [about] = theirs.show([answer], [answer.sealed]);
  assert.equal(await (await theirs.open(about)).text(), "dear bob");
  await send("one", true);
  const [lost, other, again, anew] = sent;
  assert.equal(again, lost);
  assert.equal(new Set([lost, other, anew]).size, 3);
});

test("a picture is shown from this page's memory, one's own without asking for it", async () => {
  const { server, upload, mine, theirs } = scene();
  const answer = await mine.send(file("pixels", "cat.png", "image/png"), "k", upload);
  const own = await shown(mine, answer, answer.sealed);
  assert.match(own.content_url, /^blob:/);
  assert.equal(server.asked, 0);
  const got = await shown(theirs, answer, answer.sealed);
  assert.deepEqual([got.status, got.kind, got.filename, server.asked], ["ready", "image", "cat.png", 1]);
});

test("what could act in the name of the page is never shown, only saved", async () => {
  const { upload, mine, theirs } = scene();
  for (const type of ["text/html", "image/svg+xml", "application/xhtml+xml", ""]) {
    const answer = await mine.send(file("<script>", "x", type), "k", upload);
    const [about] = theirs.show([answer], [answer.sealed]);
    assert.deepEqual([about.kind, about.content_url], ["other", null], type);
    assert.equal((await theirs.open(about)).type, "application/octet-stream");
  }
});

test("another file than the message means is refused, and so is one that the server put there", async () => {
  const { server, upload, mine, theirs } = scene();
  const answer = await mine.send(file("pixels", "cat.png", "image/png"), "k", upload);
  server.bytes[3] ^= 1;
  assert.equal((await shown(theirs, answer, answer.sealed)).status, "failed");
  const [about] = theirs.show([answer], [answer.sealed]);
  await assert.rejects(theirs.open(about), { code: "file_invalid" });
  assert.deepEqual(theirs.show([{ id: "another" }], []), []);
  assert.equal(theirs.show([], [answer.sealed])[0].is_gone, true);
});
