import { ALARMING, asRefusal } from "./refusals.js";

/** Who reads in each conversation, and what one should know about it before one writes. */
export class Readers {
  #store;
  #rosters;
  #trust;
  #answered;
  #looking = new Set();
  #alarms = new Map();

  /** @param {() => void} options.answered is called when a roster came for which nothing has to be decided */
  constructor({ store, rosters, trust, answered }) {
    this.#store = store;
    this.#rosters = rosters;
    this.#trust = trust;
    this.#answered = answered;
  }

  /** What is known now; what is not is asked for. See `Sealing.readersOf`. */
  of(conversation_id) {
    const held = this.#rosters.held(conversation_id);
    if (!this.#rosters.isFresh(conversation_id)) this.#lookAt(conversation_id);
    const alarm = this.#alarms.get(conversation_id) ?? null;
    if (!held) return alarm && { people: [], warnings: [], alarm };
    return { people: held.people, warnings: this.#trust.warnings(held.people), alarm };
  }

  /** See `Sealing.accept`. */
  async accept(conversation_id, warnings = this.of(conversation_id)?.warnings ?? []) {
    await this.#trust.answer(warnings);
    this.#store.changed();
  }

  async #lookAt(conversation_id) {
    if (this.#looking.has(conversation_id) || this.#alarms.has(conversation_id)) return;
    this.#looking.add(conversation_id);
    try {
      const { people } = await this.#rosters.now(conversation_id);
      await this.#trust.meet(people);
      if (!this.#trust.held(people)) this.#answered(); // the new device may be gone
      this.#store.changed(conversation_id);
    } catch (error) {
      const told = asRefusal(error);
      if (ALARMING.includes(told.code)) this.#alarms.set(conversation_id, told);
      if (this.#alarms.has(conversation_id)) this.#store.changed(conversation_id);
    }
    this.#looking.delete(conversation_id);
  }
}
