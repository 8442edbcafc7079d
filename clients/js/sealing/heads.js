import { ALARMING } from "./refusals.js";

/**
 * Compares what senders saw of key logs with what is shown here. A server that shows two people two logs cannot pass on
 * messages between them without being noticed.
 */
export class Heads {
  #logs;
  #rosters;
  #trust;
  #good = new Set();

  constructor({ logs, rosters, trust }) {
    this.#logs = logs;
    this.#rosters = rosters;
    this.#trust = trust;
  }

  /**
   * Compare the heads of a message that was opened, and keep a warning where one contradicts. Version 1 has none.
   * @throws {ChatError} without an answer; then nothing is known yet
   */
  async compare({ conversation_id, seq, edit_id, sender, envelope }) {
    const { roster_seq, heads = [] } = envelope;
    const place = { conversation_id, roster_seq, seq: edit_id ? 0 : seq };
    await Promise.all(heads.map((head) => this.#compareOne(head, place, sender.id)));
  }

  async #compareOne({ user: user_id, number, hash }, place, by) {
    const is_good = !this.#isElsewhere(user_id, number, place) && (await this.#isInLog(user_id, { number, hash }));
    if (!is_good) await this.#trust.contradicted({ user_id, by, number, hash });
  }

  /** Whether the log ends there. Of people who have gone for good there is none any more, so nothing contradicts. */
  async #isInLog(user_id, head) {
    const key = `${user_id} ${head.number} ${head.hash}`;
    if (this.#good.has(key)) return true;
    try {
      await this.#logs.upTo(user_id, head);
      this.#good.add(key);
      return true;
    } catch (error) {
      if (error.is_unanswered || error.is_passing) throw error;
      return !ALARMING.includes(error.code);
    }
  }

  /** Whether the sender was shown another end of the log than the one that belongs to the roster of the message. */
  #isElsewhere(user_id, number, { conversation_id, roster_seq, seq }) {
    const expected = this.#rosters.numberAt(conversation_id, roster_seq, user_id);
    if (expected !== undefined && expected !== number) return true;
    const now = this.#rosters.held(conversation_id);
    if (!now || roster_seq >= now.roster_seq || seq <= now.roster_seq) return false;
    // It came after a roster that is known here, and was sealed for the one before.
    return now.people.some((person) => person.user_id === user_id && person.lines.length > number);
  }
}
