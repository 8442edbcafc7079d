import { fingerprint, safetyNumber } from "../crypto/index.js";
import { standing } from "./keylogs.js";

/** What is remembered of one sender about one user, so that no sender displaces what another one found. */
const FORKS = 50;
/** A kind that is not known here may be anything, so it is reported as the worst. */
const told = (kind) => (kind === "added" ? "added" : "changed");

/**
 * Whose keys were compared, what happened to keys since someone answered for them, and who was shown other keys. Kept
 * in this browser alone. A warning stays until it is answered, also after a reload.
 */
export class Trust {
  #storage;
  #logs;
  #user_id;
  #isOwn;
  #answered;
  #kept = { seen: {}, compared: {}, forks: {} };
  #turn = Promise.resolve();

  /**
   * @param {object} options
   * @param {(bundle: object) => boolean} options.isOwn whether keys are those of this browser, which warns of no others
   * @param {() => void} options.answered is called after each answer
   */
  constructor({ storage, logs, user_id, isOwn, answered }) {
    this.#storage = storage;
    this.#logs = logs;
    this.#user_id = user_id;
    this.#isOwn = isOwn;
    this.#answered = answered;
  }

  /** Take up what is kept here; another page of this browser may have written it. */
  async load() {
    this.#kept = { ...this.#kept, ...(await this.#storage.get(`trust/${this.#user_id}`)) };
  }

  /**
   * What is still to be answered about these users, the own account included.
   * @param {{user_id: string, lines: object[]}[]} people
   * @returns {{user_id: string, what: string, number?: number, is_held: boolean, by?: string}[]} `what` is `added`,
   *   `changed`, or `forked`: `by` was shown another log of theirs. `is_held`: nothing is sealed before the answer
   */
  warnings(people) {
    return people.flatMap((person) => [...this.#forks(person), ...this.#news(person)]);
  }

  /** A user with a new device for which nothing may be sealed yet. @returns {?string} their id */
  held(people) {
    return people.find((person) => this.#isHeld(person))?.user_id ?? null;
  }

  /** The keys of people who are seen for the first time are taken as they are. */
  async meet(people) {
    const is_new = ({ user_id }) => this.#kept.seen[user_id] === undefined;
    if (!people.some(is_new)) return;
    await this.#change(({ seen }) => {
      for (const { user_id, lines } of people) seen[user_id] ??= lines.length;
    });
  }

  /** What these warnings say is taken as it is; what came since is not. */
  async answer(warnings) {
    await this.#change(({ seen, forks }) => {
      for (const { user_id, what, number, by } of warnings) {
        if (what === "forked") settle(forks[user_id], by);
        else seen[user_id] = Math.max(seen[user_id] ?? 0, number);
      }
    });
    this.#answered();
  }

  /** The sender of a message, `by`, was shown a line of a user's log that is none of those shown here. */
  async contradicted({ user_id, by, number, hash }) {
    const is_known = (found) => found.by === by && found.number === number && found.hash === hash;
    if (this.#kept.forks[user_id]?.some(is_known)) return;
    await this.#change(({ forks }) => {
      const found = [...(forks[user_id] ?? []), { by, number, hash, is_answered: false }];
      const others = found.filter((fork) => fork.by !== by);
      forks[user_id] = [...others, ...found.filter((fork) => fork.by === by).slice(-FORKS)];
    });
  }

  /**
   * What two users compare.
   * @returns {Promise<?{number: string, is_compared: boolean, was_compared: boolean, devices: object[],
   *   mine: object[]}>} `devices` are theirs, `mine` the caller's, `{id, fingerprint, at, is_here}`; `was_compared`: another
   *   number was. Null where one of them has no device
   */
  async look(user_id) {
    const [theirs, mine] = await Promise.all([user_id, this.#user_id].map((id) => this.#devicesOf(id)));
    if (!theirs.devices.length || !mine.devices.length) return null;
    const number = await safetyNumber(theirs.devices, mine.devices);
    const compared = this.#kept.compared[user_id] ?? null;
    return {
      number,
      is_compared: compared === number,
      was_compared: compared !== null && compared !== number,
      devices: await this.#described(theirs),
      mine: await this.#described(mine),
      lines: theirs.lines,
    };
  }

  /** This number was compared with theirs, which answers for their keys; null takes it back, and answers nothing. */
  async compare(user_id, { number, lines }) {
    await this.#change(({ seen, compared }) => {
      if (number === null) delete compared[user_id];
      else Object.assign(compared, { [user_id]: number });
      if (number !== null) seen[user_id] = lines.length;
    });
    this.#answered();
  }

  async #devicesOf(user_id) {
    const lines = await this.#logs.latest(user_id);
    return { lines, devices: await this.#logs.devices(user_id, lines) };
  }

  #described({ devices, lines }) {
    const described = devices.map(async (device, at) => ({
      id: device.id,
      fingerprint: await fingerprint(device),
      at: standing(lines)[at].at,
      is_here: this.#isOwn(device.bundle),
    }));
    return Promise.all(described);
  }

  #forks({ user_id }) {
    const open = (this.#kept.forks[user_id] ?? []).filter(({ is_answered }) => !is_answered);
    const senders = [...new Set(open.map(({ by }) => by))];
    return senders.map((by) => ({ user_id, what: "forked", by, is_held: false }));
  }

  #news(person) {
    const { user_id, lines } = person;
    const changes = this.#unanswered(person, lines).filter(({ kind }) => kind !== "removed");
    const kinds = changes.map(({ kind }) => told(kind));
    if (!kinds.length) return [];
    const what = kinds.includes("changed") ? "changed" : "added";
    return [{ user_id, what, number: lines.length, is_held: this.#isHeld(person) }];
  }

  /** A check was made, and there are devices that it did not include. */
  #isHeld(person) {
    return this.#isChecked(person.user_id) && this.#unanswered(person, standing(person.lines)).length > 0;
  }

  /** Of these lines those that came after the last answer, apart from the keys of this browser. */
  #unanswered({ user_id, lines: { length } }, lines) {
    const seen = this.#kept.seen[user_id] ?? length;
    const is_expected = ({ bundle }) => user_id === this.#user_id && this.#isOwn(bundle);
    return lines.filter((line) => line.number > seen && !is_expected(line));
  }

  /** Own devices are a part of every safety number, so any that was compared is a check of them. */
  #isChecked(user_id) {
    const { compared } = this.#kept;
    return user_id === this.#user_id ? Object.keys(compared).length > 0 : Object.hasOwn(compared, user_id);
  }

  /** One change at a time, applied to what is stored now: other pages of this browser change it too. */
  #change(change) {
    const work = async () => {
      await this.load();
      change(this.#kept);
      await this.#storage.put(`trust/${this.#user_id}`, this.#kept);
    };
    this.#turn = this.#turn.catch(() => {}).then(work);
    return this.#turn;
  }
}

/** Everything that this sender has contradicted so far is answered. */
function settle(forks, by) {
  for (const fork of forks) fork.is_answered ||= fork.by === by;
}
