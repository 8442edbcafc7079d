import { pack, sha256 } from "../crypto/canonical.js";
import { CURVE, MemoryStorage, isSupported, loadDevice, makeDevice, saveDevice } from "../crypto/index.js";
import { ChatError } from "../errors.js";
import { Store } from "../store.js";
import { standing } from "./keylogs.js";
import { Sealing } from "./sealing.js";

/** A server's directory of keys for tests: devices, their logs, and rosters of one conversation of all people. */
export const PLACE = "c0000000-0000-4000-8000-000000000001";
export const ALICE = { id: "a0000000-0000-4000-8000-000000000001", username: "alice" };
export const BOB = { id: "b0000000-0000-4000-8000-000000000002", username: "bob" };
export const CAROL = { id: "ca000000-0000-4000-8000-000000000003", username: "carol" };

export class Directory {
  seq = 1;
  asked = [];
  /** Whether the server wants the password before it shows a backup. */ is_wary = false;
  backup = null;
  #lines = new Map();
  #entries = [];
  #current = new Map();
  #lies = new Map();
  #gone = new Set();
  #last = new Map();
  #count = 0;

  /** What a user's browser requests; `who` names the sign-in. */
  api(user, who) {
    const ask = (method) => async (path, body, headers) =>
      structuredClone(await this.#answer(method, path, body, { user, who, headers }));
    const request = (method, path, { body, headers }) => ask(method)(path, body, headers);
    return { get: ask("GET"), post: ask("POST"), put: ask("PUT"), request };
  }

  /** A user's log, as `asker` is shown it. */
  lines(user_id, asker) {
    return this.#lies.get(`${asker} ${user_id}`) ?? this.#lines.get(user_id) ?? [];
  }

  /** Something happens to a device: a line, and a `seq` in the log of the conversation. */
  async write(user_id, kind, device_id, bundle, proof = null) {
    const lines = await withLine(this.lines(user_id), { kind, device_id, bundle, proof });
    this.#lines.set(user_id, lines);
    this.#entries.push({ seq: ++this.seq, user_id, number: lines.length });
  }

  /** A user is erased: nothing is left of their keys. */
  erase(user_id) {
    this.#lines.delete(user_id);
    this.#entries = this.#entries.filter((entry) => entry.user_id !== user_id);
    this.#gone.add(user_id);
  }

  /** A server that lies: from now on `asker` is shown these lines as a user's log. */
  lie(asker, user_id, lines) {
    this.#lies.set(`${asker} ${user_id}`, lines);
    this.#entries.push({ seq: ++this.seq, user_id, number: this.lines(user_id).length });
  }

  /** A server that lies: `asker` gets no roster after this `seq`. */
  withhold(asker, place = this.seq) {
    this.#last.set(asker, place);
  }

  /** A server that lies: from now on this is a user's log. */
  replace(user_id, lines) {
    this.#lines.set(user_id, lines);
    this.#entries.push({ seq: ++this.seq, user_id, number: lines.length });
  }

  /** The id of the device of a sign-in. */
  idOf(who) {
    return this.#current.get(who)?.id;
  }

  /** Who was signed in here reads no more. */
  end(user_id, who) {
    const { id, bundle } = this.#current.get(who);
    this.#current.delete(who);
    return this.write(user_id, "removed", id, bundle);
  }

  async #answer(method, path, body, { user, who, headers = {} }) {
    this.asked.push(`${method} ${path}`);
    const [, of_roster] = path.match(/^encryption\/roster\/(.+)\/$/) ?? [];
    if (of_roster) return this.#roster(body?.at ?? this.#last.get(user.id) ?? this.seq, user.id);
    const [, of_log] = path.match(/^encryption\/key-log\/(.+)\/$/) ?? [];
    if (this.#gone.has(of_log)) throw new ChatError({ status: 404, code: "not_found" });
    if (of_log) {
      const lines = this.lines(of_log, user.id);
      return { entries: lines.slice(body.after, body.after + 3), head: headOf(lines) };
    }
    if (path === "encryption/devices/" && method === "GET") {
      return { devices: [...this.#current].map(([name, device]) => ({ ...device, is_current: name === who })) };
    }
    if (path === "encryption/devices/" && method === "POST") {
      const { name, ...bundle } = body;
      const id = `d0000000-0000-4000-8000-${String(++this.#count).padStart(12, "0")}`;
      this.#current.set(who, { id, bundle, name });
      await this.write(user.id, "added", id, bundle);
      return { id };
    }
    if (path === "encryption/public-key/" && method === "PUT") return this.#rotate(user, who, body);
    if (path === "encryption/backup/") return this.#backup(method, body, headers);
    throw new ChatError({ status: 404, code: "not_found" });
  }

  async #rotate(user, who, { device_id, bundle, signature }) {
    this.#current.set(who, { ...this.#current.get(who), bundle });
    await this.write(user.id, "rotated", device_id, bundle, signature);
    return {};
  }

  #backup(method, body, headers) {
    if (method === "GET" && this.is_wary) throw new ChatError({ status: 403, code: "reauthentication_required" });
    if (method === "GET" || method === "POST") {
      if (!this.backup) throw new ChatError({ status: 404, code: "not_found" });
      return this.backup;
    }
    const expected = this.backup
      ? headers["If-Match"] === `"${this.backup.version}"`
      : headers["If-None-Match"] === "*";
    if (!expected) throw new ChatError({ status: 412, code: "precondition_failed" });
    const state = { version: (this.backup?.version ?? 0) + 1, updated_at: "2026-01-01T00:00:00Z" };
    this.backup = method === "PUT" ? { ...state, blob: body } : null;
    return state;
  }

  #roster(place, asker) {
    const before = this.#entries.filter(({ seq }) => seq <= place);
    const numbers = new Map(before.map(({ user_id, number }) => [user_id, number]));
    const members = [...numbers].map(([user_id, number]) => {
      const lied = place === this.seq && this.#lies.get(`${asker} ${user_id}`);
      const lines = lied || this.lines(user_id, asker).slice(0, number);
      const devices = standing(lines).map(({ device_id, bundle }) => ({ id: device_id, bundle }));
      return { user_id, devices, log: headOf(lines) };
    });
    return { conversation_id: PLACE, roster_seq: before.at(-1)?.seq ?? 1, members };
  }
}

/** A log with one line more. */
export async function withLine(lines, { kind, device_id, bundle, proof = null }) {
  const line = { number: lines.length + 1, kind, device_id, bundle, proof, at: "2026-01-01T00:00:00Z" };
  const keys = [bundle.suite, bundle.encryption_key, bundle.signing_key, bundle.signature];
  const before = lines.at(-1)?.hash ?? "";
  const packed = pack("chat/key-log/1", before, line.number, kind, device_id, ...keys, proof ?? "", line.at);
  line.hash = Array.from(await sha256(packed), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [...lines, line];
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 5));

const headOf = (lines) => ({ number: lines.length, hash: lines.at(-1)?.hash ?? "" });

/**
 * A user's browser, which is a device by now; `keys` are what an earlier page of it has kept. Without a `suite` it
 * makes its own keys, which takes a second.
 */
export async function browser(
  directory,
  user,
  { who = user.username, keys = new MemoryStorage(), suite = CURVE } = {},
) {
  await haveKeys(keys, user, suite);
  const store = new Store();
  store.me = user;
  const api = directory.api(user, who);
  const sealing = new Sealing({ api, store, fetch: null, keys: async () => keys });
  store.reveal = sealing.reveal;
  store.revealQuote = sealing.revealQuote;
  store.put({ id: PLACE, kind: "direct", encryption: "e2ee", seq: 1, roster_seq: directory.seq, messages: [] });
  await sealing.begin(async () => `${who}'s browser`);
  const heard = () => (store.conversations.get(PLACE).roster_seq = directory.seq);
  heard();
  return { store, sealing, keys, user, heard };
}

/** Keys that are made quickly, where this machine can. */
export async function haveKeys(keys, { id: user_id }, suite = CURVE) {
  if (!suite || !(await isSupported(suite)) || (await loadDevice(keys, user_id))) return;
  await saveDevice(keys, (await makeDevice({ user_id, suite })).device);
}

/** What a user writes, as the server stores it. */
export async function written({ sealing, user, heard }, content, fields = {}) {
  heard();
  const client_id = fields.client_id ?? `k${fields.seq ?? 10}`;
  const { envelope, mention_ids } = await sealing.seal({ conversation_id: PLACE, client_id }, { content });
  const id = `e0000000-0000-4000-8000-${String(fields.seq ?? 10).padStart(12, "0")}`;
  const message = {
    id,
    conversation_id: PLACE,
    seq: 10,
    changed_seq: 10,
    client_id,
    content: "",
    envelope,
    sender: user,
  };
  return { ...message, mentions: mention_ids, is_deleted: false, ...fields };
}

/** What a message says in a user's browser, or why it says nothing. */
export async function read({ store }, message) {
  store.reveal(message);
  for (let turn = 0; turn < 2_000 && store.reveal(message).sealing === "opening"; turn++) await soon();
  const { content, sealing } = store.reveal(message);
  return sealing ? { refused: sealing } : content;
}
