import { Log } from "./log.js";

/** Messages that are looked at beside the newest ones: a thread, below its first message, or what stands far above. */
export class View extends Log {
  is_busy = false;

  /** How far a thread was read. */
  read_seq = 0;

  /** @param {{conversation_id: string, thread_id?: ?string}} place */
  constructor({ conversation_id, thread_id = null }) {
    super();
    Object.assign(this, { conversation_id, thread_id, floor: 0 });
  }

  get messages() {
    return this.entries.flatMap(({ message }) => message ?? []);
  }

  /** Take a message that is held here, or belongs here because it was just written. */
  take(message) {
    const is_ours = this.find(message.id) || (this.thread_id && message.thread_id === this.thread_id);
    if (is_ours && message.conversation_id === this.conversation_id) this.hold(message);
  }

  /** Load something, one at a time. */
  async busy(load) {
    this.is_busy = true;
    await load().finally(() => (this.is_busy = false));
  }
}
