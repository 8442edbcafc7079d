/**
 * Somebody who uses the client module from Node: `node robot.mjs BASE LOGIN PASSWORD GROUP`. Prints one line of JSON for
 * each thing that it has seen, and ends when it reads the end of its input.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const { ChatClient } = await import(new URL("../../clients/js/chat.js", import.meta.url));

const [base, login, password, group, folder] = process.argv.slice(2);
const { WebSocket } = globalThis; // by a flag, as Node 20 has it; Node 22 has it without one
delete globalThis.WebSocket;
const tell = (what) => console.log(JSON.stringify(what));

/** Each value in a file of its own. */
const fileOf = (key) => `${folder}/${encodeURIComponent(key)}`;
const storage = {
  getItem(key) {
    try {
      return readFileSync(fileOf(key), "utf8");
    } catch {
      return null;
    }
  },
  setItem: (key, value) => writeFileSync(fileOf(key), value),
  removeItem: (key) => rmSync(fileOf(key), { force: true }),
};

let shown = null;
async function watched(url, init) {
  shown = init.headers?.Authorization?.replace("Bearer ", "") ?? shown;
  return fetch(url, init);
}

try {
  new ChatClient({ base });
} catch (error) {
  tell({ refused: error.message });
}

const chat = new ChatClient({ base, storage, WebSocket, fetch: watched });
chat.onSignedOut = ({ reason }) => tell({ signed_out: reason });
const is_restored = await chat.restore();
if (!is_restored) await chat.signIn({ login, password });
tell({ is_restored });

const told = new Set();
chat.store.listen(() => {
  if (chat.store.conversations.get(group)?.membership?.silenced_until) tell({ silenced: true });
  for (const { message } of chat.store.log(group)?.entries ?? []) {
    if (!message || told.has(message.id)) continue;
    told.add(message.id);
    tell({ heard: message.content });
  }
});
chat.onConnection = (state) => tell({ state });
chat.start();

for await (const line of createInterface({ input: process.stdin })) {
  if (line === "me") tell({ me: (await chat.api.get("users/me/")).id, token: shown });
  else if (line.startsWith("link ")) tell({ link: await chat.linkTo(line.slice(5)) });
  else chat.send(group, line);
}
chat.stop();
