const TYPING_MS = 6_000;
const STATUSES = ["sent", "delivered", "read"];

/** What is not in any log: who types, who is online, how far others have read, what people are called now. */
export class Passing {
  presence = new Map();
  people = new Map();
  #typing = new Map();
  #marks = new Map();

  /** Take a user as the server describes them now, if an earlier change of theirs is known. */
  meet(user) {
    if (this.people.has(user.id)) this.people.set(user.id, user);
  }

  setTyping(conversation_id, users) {
    this.#typing.set(conversation_id, { users, until: Date.now() + TYPING_MS });
  }

  stopTyping(conversation_id, user_id) {
    const typing = this.#typing.get(conversation_id);
    if (typing) typing.users = typing.users.filter(({ id }) => id !== user_id);
  }

  typing(conversation_id) {
    const { users = [], until = 0 } = this.#typing.get(conversation_id) ?? {};
    return until > Date.now() ? users : [];
  }

  /** Marks never go back. @param {{read?: number, delivered?: number}} marks */
  setMark(conversation_id, user_id, marks) {
    const people = this.#marks.get(conversation_id) ?? new Map();
    const held = people.get(user_id) ?? { read: 0, delivered: 0 };
    const later = (name) => Math.max(held[name], marks[name] ?? 0);
    this.#marks.set(conversation_id, people.set(user_id, { read: later("read"), delivered: later("delivered") }));
  }

  /** How far the user's own message has come, by the marks of the others. */
  status({ conversation_id, seq, status }) {
    let rank = Math.max(0, STATUSES.indexOf(status));
    for (const { read, delivered } of this.#marks.get(conversation_id)?.values() ?? []) {
      if (read >= seq) rank = 2;
      else if (delivered >= seq) rank = Math.max(rank, 1);
    }
    return STATUSES[rank];
  }

  forget(conversation_id) {
    this.#typing.delete(conversation_id);
    this.#marks.delete(conversation_id);
  }
}
