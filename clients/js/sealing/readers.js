import { asRefusal } from "./refusals.js";

const ALARMING = ["log_forked", "log_went_back", "bundle_invalid", "rotation_invalid", "bad_key"];

/** Who reads in each conversation, and what one should know about it before one writes. */
export class Readers {
  #store;
  #rosters;
  #trust;
  #looking = new Set();
  #alarms = new Map();

  constructor({ store, rosters, trust }) {
    this.#store = store;
    this.#rosters = rosters;
    this.#trust = trust;
  }

  /** What is known now; what is not is asked for. See `Sealing.readersOf`. */
  of(conversation_id) {
    const held = this.#rosters.held(conversation_id);
    if (!this.#rosters.isFresh(conversation_id)) this.#lookAt(conversation_id);
    const alarm = this.#alarms.get(conversation_id) ?? null;
    if (!held) return alarm && { people: [], warnings: [], alarm };
    return { people: held.people, warnings: this.#trust.warnings(held.people), alarm };
  }

  /** These keys are taken as they are. */
  async accept(conversation_id) {
    const people = this.#rosters.held(conversation_id)?.people;
    if (people) await this.#trust.accept(people);
    this.#store.changed(conversation_id);
  }

  async #lookAt(conversation_id) {
    if (this.#looking.has(conversation_id) || this.#alarms.has(conversation_id)) return;
    this.#looking.add(conversation_id);
    try {
      const { people } = await this.#rosters.now(conversation_id);
      await this.#trust.accept(people, { is_first: true });
      this.#store.changed(conversation_id);
    } catch (error) {
      const told = asRefusal(error);
      if (ALARMING.includes(told.code)) this.#alarms.set(conversation_id, told);
      if (this.#alarms.has(conversation_id)) this.#store.changed(conversation_id);
    }
    this.#looking.delete(conversation_id);
  }
}
