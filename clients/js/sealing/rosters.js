import { refusal } from "./refusals.js";

/**
 * For which devices messages are sealed, now and at each `seq` of a log. The server says how far each member's key log
 * had come; the devices are those that the logs leave, not those that it names.
 */
export class Rosters {
  #api;
  #store;
  #logs;
  #now = new Map();
  #at = new Map();
  #numbers = new Map();

  constructor({ api, store, logs }) {
    this.#api = api;
    this.#store = store;
    this.#logs = logs;
  }

  /**
   * For whom to seal: `{roster_seq, people: [{user_id, lines}], devices}`; the one that was read last, while it is
   * the last.
   * @throws {ChatError} `log_forked`, `log_went_back`
   */
  async now(conversation_id) {
    const held = this.held(conversation_id);
    if (held && held.roster_seq >= this.#place(conversation_id)) return held;
    const roster = await this.#readNow(conversation_id).catch((error) => {
      // A person's log may have grown between the two answers; then the next one says so too.
      if (error.code !== "log_went_back") throw error;
      return this.#readNow(conversation_id);
    });
    this.#now.set(conversation_id, roster);
    return roster;
  }

  /** The one that was read last, or null. */
  held(conversation_id) {
    return this.#now.get(conversation_id) ?? null;
  }

  /** Whether the last one that was read is the last that was announced. */
  isFresh(conversation_id) {
    return this.held(conversation_id)?.roster_seq >= this.#place(conversation_id);
  }

  /** The server says that the roster has changed. */
  forget(conversation_id) {
    this.#now.delete(conversation_id);
  }

  /** The devices whose keys signed what was sealed at this `seq`. @returns {Promise<object[]>} */
  at(conversation_id, place) {
    const key = `${conversation_id} ${place}`;
    if (!this.#at.has(key)) {
      const reading = this.#readAt(conversation_id, place);
      this.#at.set(key, reading);
      reading.catch(() => this.#at.delete(key));
    }
    return this.#at.get(key);
  }

  /** How long a user's log is said to have been at a `seq`; undefined if that is not known. */
  numberAt(conversation_id, place, user_id) {
    return this.#numbers.get(conversation_id)?.get(place)?.get(user_id);
  }

  async #readNow(conversation_id) {
    const { roster_seq, members } = await this.#api.get(`encryption/roster/${conversation_id}/`);
    const [behind] = this.#behind(conversation_id, roster_seq, members);
    if (behind) throw refusal("log_went_back", behind);
    const people = await Promise.all(
      members.map(async ({ user_id, log }) => ({ user_id, lines: await this.#logs.now(user_id, log) })),
    );
    const devices = await Promise.all(people.map(({ user_id, lines }) => this.#logs.devices(user_id, lines)));
    return { roster_seq, people, devices: devices.flat() };
  }

  async #readAt(conversation_id, place) {
    const { members } = await this.#api.get(`encryption/roster/${conversation_id}/`, { at: place });
    const behind = this.#behind(conversation_id, place, members);
    const good = members.filter(({ user_id }) => !behind.includes(user_id));
    return (await Promise.all(good.map((member) => this.#devicesOf(member)))).flat();
  }

  /** None of who has a log that cannot be: what others wrote is read all the same. */
  async #devicesOf({ user_id, log, devices }) {
    try {
      return await this.#logs.devices(user_id, await this.#logs.upTo(user_id, log));
    } catch (error) {
      if (error.is_unanswered || error.is_passing) throw error;
      // An erased user has no log any more. If none was seen here, what they wrote is read with the devices of the roster.
      if (error.status !== 404 || (await this.#logs.seen(user_id)).length) return [];
      return Promise.all(devices.map(({ id, bundle }) => this.#logs.device(id, user_id, bundle)));
    }
  }

  /**
   * Who has a shorter log at a later `seq`. Otherwise stolen keys that were replaced could still write.
   * @returns {string[]} user ids
   */
  #behind(conversation_id, place, members) {
    const known = this.#numbers.get(conversation_id) ?? new Map();
    const is_behind = ({ user_id, log }) =>
      [...known].some(([other, numbers]) => {
        const number = numbers.get(user_id) ?? log.number;
        return (other <= place && log.number < number) || (other >= place && log.number > number);
      });
    const behind = members.filter(is_behind);
    const good = members.filter((member) => !behind.includes(member));
    this.#numbers.set(
      conversation_id,
      known.set(place, new Map(good.map(({ user_id, log }) => [user_id, log.number]))),
    );
    return behind.map(({ user_id }) => user_id);
  }

  #place(conversation_id) {
    return this.#store.conversations.get(conversation_id)?.roster_seq ?? 0;
  }
}
