import { pack, sha256 } from "../crypto/canonical.js";
import { isHeadOf, readDevice, readRotation } from "../crypto/index.js";
import { refusal } from "./refusals.js";

/**
 * What happened to people's keys, line after line, as far as it was seen here: kept, so that a server that shows
 * another past, or an older present, is found out. The first time it is believed.
 */
export class KeyLogs {
  #api;
  #storage;
  #turns = new Map();
  #devices = new Map();

  constructor({ api, storage }) {
    this.#api = api;
    this.#storage = storage;
  }

  /** The lines of a user's log that were seen here. @returns {Promise<object[]>} */
  async seen(user_id) {
    return (await this.#storage.get(`log/${user_id}`)) ?? [];
  }

  /**
   * The lines of a user's log up to one of them.
   * @param {{number: number, hash: string}} head the line
   * @throws {ChatError} `log_forked` when another line stands there
   */
  async upTo(user_id, { number, hash }) {
    const lines = await this.#inTurn(user_id, (known) => (known.length < number ? this.#read(user_id, known) : known));
    const hashes = lines.map((line) => line.hash);
    if (!isHeadOf({ number, hash }, hashes)) throw refusal("log_forked", user_id);
    return lines.slice(0, number);
  }

  /** The same, which is said to be the end: `log_went_back` when more was seen before. */
  async now(user_id, head) {
    const lines = await this.upTo(user_id, head);
    if ((await this.seen(user_id)).length > head.number) throw refusal("log_went_back", user_id);
    return lines;
  }

  /** All current lines. @throws {ChatError} `log_forked`, `log_went_back` */
  latest(user_id) {
    return this.#inTurn(user_id, (known) => this.#read(user_id, known));
  }

  /** The devices that a log leaves, as `readDevice` gives them, oldest first. @param {object[]} lines */
  devices(user_id, lines) {
    const read = standing(lines).map((line) => this.device(line.device_id, user_id, line.bundle));
    return Promise.all(read);
  }

  /** A device whose bundle is checked once. */
  device(id, user_id, bundle) {
    const key = [id, user_id, ...Object.values(bundle)].join(" ");
    if (!this.#devices.has(key)) this.#devices.set(key, readDevice({ id, user_id, bundle }));
    return this.#devices.get(key);
  }

  /** One reading at a time, or two would both go on from the same line. */
  #inTurn(user_id, work) {
    const turn = (this.#turns.get(user_id) ?? Promise.resolve()).then(async () => work(await this.seen(user_id)));
    this.#turns.set(
      user_id,
      turn.catch(() => {}),
    );
    return turn;
  }

  async #read(user_id, known) {
    const lines = [...known];
    for (;;) {
      const page = await this.#api.get(`encryption/key-log/${user_id}/`, { after: lines.length });
      for (const line of page.entries) lines.push(await this.#follow(user_id, lines, line));
      if (page.head.number < lines.length) throw refusal("log_went_back", user_id);
      if (page.head.number === lines.length) {
        if ((lines.at(-1)?.hash ?? "") !== page.head.hash) throw refusal("log_forked", user_id);
        break;
      }
      if (!page.entries.length) throw refusal("log_forked", user_id);
    }
    if (lines.length > known.length) await this.#storage.put(`log/${user_id}`, lines);
    return lines;
  }

  /** The line, if it follows these. What was rotated was signed by the key before. */
  async #follow(user_id, lines, { number, kind, device_id, bundle, proof, at, hash }) {
    const before = lines.at(-1)?.hash ?? "";
    const keys = [bundle.suite, bundle.encryption_key, bundle.signing_key, bundle.signature];
    const packed = pack("chat/key-log/1", before, number, kind, device_id, ...keys, proof ?? "", at);
    if (number !== lines.length + 1 || hex(await sha256(packed)) !== hash) throw refusal("log_forked", user_id);
    const old = standing(lines).find((line) => line.device_id === device_id)?.bundle;
    if ((kind === "added") === Boolean(old)) throw refusal("log_forked", user_id);
    if (kind === "rotated")
      await readRotation({ user_id, rotation: { device: device_id, old, new: bundle, signature: proof } });
    return { number, kind, device_id, bundle, at, hash };
  }
}

/** The last line about each device that is not removed. */
export function standing(lines) {
  const last = new Map(lines.map((line) => [line.device_id, line]));
  return [...last.values()].filter(({ kind }) => kind !== "removed");
}

const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
