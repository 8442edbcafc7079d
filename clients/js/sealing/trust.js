import { fingerprint, safetyNumber } from "../crypto/index.js";
import { standing } from "./keylogs.js";

const TOLD = { rotated: "changed", reset: "changed", added: "added" };

/** Whose keys one has compared, and what happened to keys since one looked at them. Kept in this browser alone. */
export class Trust {
  #storage;
  #logs;
  #user_id;
  #kept = { seen: {}, compared: {} };

  constructor({ storage, logs, user_id }) {
    this.#storage = storage;
    this.#logs = logs;
    this.#user_id = user_id;
  }

  /** Take up what is kept here. */
  async load() {
    this.#kept = (await this.#storage.get(`trust/${this.#user_id}`)) ?? this.#kept;
  }

  /**
   * Whose keys are others than when one wrote to them last, or compared them.
   * @param {{user_id: string, lines: object[]}[]} people
   * @returns {{user_id: string, what: "changed" | "added"}[]}
   */
  warnings(people) {
    return this.#others(people).flatMap(({ user_id, lines }) => {
      const since = lines.slice(this.#kept.seen[user_id] ?? lines.length);
      const kinds = since.map(({ kind }) => TOLD[kind]).filter(Boolean);
      return kinds.length ? [{ user_id, what: kinds.includes("changed") ? "changed" : "added" }] : [];
    });
  }

  /** Whoever writes now takes these keys as they are. `is_first`: only those of people who were not seen before. */
  async accept(people, { is_first = false } = {}) {
    const { seen } = this.#kept;
    const news = this.#others(people).filter(({ user_id, lines }) =>
      is_first ? seen[user_id] === undefined : seen[user_id] !== lines.length,
    );
    if (!news.length) return;
    for (const { user_id, lines } of news) seen[user_id] = lines.length;
    await this.#save();
  }

  /**
   * What two people compare.
   * @returns {Promise<{number: string, is_compared: boolean, was_compared: boolean, devices: object[]}>} `devices` are
   *   theirs, `{id, fingerprint, at}`; `was_compared`: another number was. Null where one of them has no device
   */
  async look(user_id) {
    const [theirs, mine] = await Promise.all([user_id, this.#user_id].map((id) => this.#devicesOf(id)));
    if (!theirs.devices.length || !mine.devices.length) return null;
    const number = await safetyNumber(theirs.devices, mine.devices);
    const compared = this.#kept.compared[user_id] ?? null;
    const devices = theirs.devices.map(async (device, at) => ({
      id: device.id,
      fingerprint: await fingerprint(device),
      at: standing(theirs.lines)[at].at,
    }));
    return {
      number,
      is_compared: compared === number,
      was_compared: compared !== null && compared !== number,
      devices: await Promise.all(devices),
      lines: theirs.lines,
    };
  }

  /** This number was compared with theirs; null takes it back. */
  async compare(user_id, { number, lines }) {
    if (number === null) delete this.#kept.compared[user_id];
    else this.#kept.compared[user_id] = number;
    this.#kept.seen[user_id] = lines.length;
    await this.#save();
  }

  async #devicesOf(user_id) {
    const lines = await this.#logs.latest(user_id);
    return { lines, devices: await this.#logs.devices(user_id, lines) };
  }

  #others(people) {
    return people.filter(({ user_id }) => user_id !== this.#user_id);
  }

  #save() {
    return this.#storage.put(`trust/${this.#user_id}`, this.#kept);
  }
}
