/** Changes which people like to read between the messages. */
const TOLD = new Set(["member.added", "member.removed", "member.updated", "conversation.updated"]);

/**
 * One conversation's numbered log, as far as it has been received here.
 *
 * Everything up to `position` has been received; what arrives above `position + 1` waits, so nothing
 * is ever shown out of order. `entries` is the loaded window, ascending and without a hole from
 * `floor` on: `{seq, message}` or `{seq, event}`. `pending` are own messages without a `seq` yet.
 */
export class Log {
  position = 0;
  floor = 1;
  has_older = false;
  entries = [];
  pending = [];
  #early = new Map();

  /** Start again from the last messages of a snapshot. `first` is the first `seq` that the user may see. */
  begin(messages, { position, first = 1 }) {
    this.position = position;
    this.entries = [];
    this.floor = messages[0]?.seq ?? first;
    this.has_older = messages.length > 0 && this.floor > first;
    for (const message of messages) this.hold(message);
    const stored = new Set(messages.map(({ client_id }) => client_id));
    this.pending = this.pending.filter(({ client_id }) => !stored.has(client_id));
    return this.skipTo(position);
  }

  /** True while something arrived whose predecessors are missing. */
  get has_gap() {
    return this.#early.size > 0;
  }

  /**
   * Take a durable event.
   * @returns {object[]} the events that may be applied now, in order; none for one that was already received
   *   before or came too early
   */
  hear(event) {
    if (event.seq <= this.position) return [];
    this.#early.set(event.seq, event);
    return this.#drain();
  }

  /** The server has nothing more up to this `seq`. */
  skipTo(seq) {
    this.position = Math.max(this.position, seq);
    for (const early of this.#early.keys()) if (early <= this.position) this.#early.delete(early);
    return this.#drain();
  }

  /** Put a page of older messages, ascending, before what is loaded. */
  prepend(messages, has_older) {
    this.has_older = has_older && messages.length > 0;
    if (messages.length) this.floor = Math.min(this.floor, messages[0].seq);
    for (const message of messages) this.hold(message);
  }

  /** Hold a message in the state with the higher `changed_seq`, wherever it came from. */
  hold(message) {
    if (message.seq < this.floor) return;
    const at = this.#place(message.seq);
    const held = this.entries[at]?.seq === message.seq ? this.entries[at].message : null;
    if (held && held.changed_seq > message.changed_seq) return;
    const status = message.status ?? held?.status;
    this.entries.splice(at, held ? 1 : 0, { seq: message.seq, message: { ...message, status } });
    if (held) this.#requote(message);
  }

  /** Drop everything up to this `seq`. */
  forgetUpTo(seq) {
    this.entries = this.entries.filter((entry) => entry.seq > seq);
    if (this.floor > seq + 1) return;
    this.floor = seq + 1;
    this.has_older = false;
  }

  /** Show a change between the messages; the kinds that no one reads are left out. */
  tell(event) {
    if (!TOLD.has(event.type) || isQuiet(event) || event.seq < this.floor) return;
    const at = this.#place(event.seq);
    if (this.entries[at]?.seq !== event.seq) this.entries.splice(at, 0, { seq: event.seq, event });
  }

  /** Replace some fields of a held message, unless a later state is held already. */
  patch(message_id, { changed_seq, ...fields }) {
    const held = this.find(message_id);
    if (held && held.changed_seq <= changed_seq) this.hold({ ...held, ...fields, changed_seq });
  }

  /** Whether this `seq` is in the loaded window. */
  covers(seq) {
    return seq >= this.floor;
  }

  find(message_id) {
    return this.entries.findLast(({ message }) => message?.id === message_id)?.message ?? null;
  }

  /** The loaded messages after a `seq`. */
  after(seq) {
    return this.entries.slice(this.#place(seq + 1)).flatMap(({ message }) => message ?? []);
  }

  #drain() {
    const applicable = [];
    for (let event; (event = this.#early.get(this.position + 1));) {
      this.#early.delete(++this.position);
      applicable.push(event);
    }
    return applicable;
  }

  /** Quotes must not keep what their original no longer says. */
  #requote({ id, content, attachments, is_deleted }) {
    this.entries = this.entries.map((entry) => {
      if (entry.message?.reply_to?.id !== id) return entry;
      const reply_to = { ...entry.message.reply_to, content, attachments, is_deleted };
      return { ...entry, message: { ...entry.message, reply_to } };
    });
  }

  #place(seq) {
    let at = this.entries.length;
    while (at > 0 && this.entries[at - 1].seq >= seq) at--;
    return at;
  }
}

/**
 * Of the changes to members, only roles and new keys are shown: nicknames are visible anyway, a silence concerns only its
 * member, and a removed device is no danger.
 */
function isQuiet({ type, data }) {
  if (type !== "member.updated" || data.changed === "role") return false;
  return data.changed !== "devices" || data.key_change.kind === "removed";
}
