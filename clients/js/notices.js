const READ_WITH_MESSAGES = ["message", "mention", "reply"];

/** How many notifications are unread. Their lists are requested where they are shown. */
export class Notices {
  unread = 0;
  mentions = 0;
  /** Moves with everything that changes a list of notices, so that a page that shows one reads it again. */
  round = 0;
  /** Unread ones that arrived since the server counted, by id. */
  #heard = new Map();

  /** Take what the server has counted. */
  count({ unread, mentions }) {
    this.#heard.clear();
    Object.assign(this, { unread, mentions });
    this.round += 1;
  }

  /** A notice that arrives again is the same one. */
  hear(notice) {
    if (!this.#heard.has(notice.id)) this.#raise(notice, 1);
    this.#heard.set(notice.id, notice);
    this.round += 1;
  }

  /** Messages up to a `seq` were read, so their notices are read too. */
  readUpTo(conversation_id, seq) {
    for (const notice of this.#heard.values()) {
      const is_there = notice.conversation_id === conversation_id && notice.seq <= seq;
      if (!is_there || !READ_WITH_MESSAGES.includes(notice.kind)) continue;
      this.#heard.delete(notice.id);
      this.#raise(notice, -1);
      this.round += 1;
    }
  }

  #raise({ kind }, by) {
    this.unread = Math.max(0, this.unread + by);
    if (kind === "mention") this.mentions = Math.max(0, this.mentions + by);
  }
}
