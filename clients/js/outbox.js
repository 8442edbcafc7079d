import { newId } from "./ids.js";
import { contentOf, rowOf, sealedRow } from "./letters.js";

const PAUSE_MS = 2_000;
const LONGEST_PAUSE_S = 60;
const TURNS = 5;

/**
 * Own messages on their way. Each conversation sends one at a time, so order is kept. A message
 * whose answer is missing is sent again, byte for byte and with the same `client_id`, until the
 * server says what became of it; that makes it appear once. One with files waits for them, and is
 * overtaken by those that do not.
 */
export class Outbox {
  #store;
  #send;
  #heard;
  #parcels;
  #records;
  #sealing;
  #queues = new Map();
  #in_flight = new Set();
  /** What is being sealed. */ #going = new WeakMap();
  #pauses = new Set();
  /** What of it is written down, by client_id: as which text, once it is. */ #written = new Map();
  /** Settled here: another page may still have it. */ #done = new Set();
  /** When the last was written; no two at once, for their order is read off it again. */ #latest = 0;
  /** How often everything that waits was sent on. */ #resumed = 0;

  /**
   * @param {object} options
   * @param {(body: object) => Promise<{message: object}>} options.send
   * @param {(message: object) => void} options.heard takes what the server answered with
   * @param {Parcels} options.parcels
   * @param {Records} options.records where unsent messages outlive the page; sealed ones sealed or hidden
   * @param {Sealing} options.sealing
   */
  constructor({ store, send, heard, parcels, sealing, records }) {
    this.#store = store;
    this.#send = send;
    this.#heard = heard;
    this.#parcels = parcels;
    this.#records = records;
    this.#sealing = sealing;
  }

  /** Queue a message, with the keys of its parcels, and show it as pending. @returns {string} its client_id */
  add(body, { reply_to = null, parcels = [] } = {}) {
    this.#latest = Math.max(Date.now(), this.#latest + 1);
    const created_at = new Date(this.#latest).toISOString();
    const letter = { body: { client_id: newId(), ...body }, reply_to, parcels, attachments: [], created_at };
    this.#keepForSealing(letter);
    this.#enqueue(letter);
    this.#save();
    this.#prepare(letter);
    this.#look(letter);
    return letter.body.client_id;
  }

  /** A parcel has come further: its message may go out now, or cannot. */
  parcelChanged(key) {
    const letter = this.#letters.find(({ parcels }) => parcels.includes(key));
    if (letter) this.#look(letter);
  }

  /** Send a message without one of its parcels; not at all when nothing is left of it. */
  leaveOut(key) {
    const letter = this.#letters.find(({ parcels }) => parcels.includes(key));
    if (!letter) return;
    letter.parcels = letter.parcels.filter((held) => held !== key);
    this.#prepare(letter).finally(() => this.#parcels.unkeep(key));
    if (!letter.parcels.length && !contentOf(letter)) return this.#settle(letter);
    this.#store.updatePending(letter.body.client_id, { parcels: letter.parcels });
    this.#look(letter);
  }

  /** Queue what pages of the same person that are gone did not get rid of, oldest first. */
  async restore() {
    const { me } = this.#store;
    const [rows] = await Promise.all([this.#records.adopt(me.id, "letters"), this.#parcels.recall()]);
    for (const { key, ...row } of rows.sort((a, b) => (a.created_at < b.created_at ? -1 : 1))) {
      const letter = row.hidden ? await this.#reveal(row) : { parcels: [], attachments: [], ...row };
      if (this.#store.me?.id !== me.id) return;
      if (this.#done.has(key) || this.#find(key)) continue;
      this.#written.set(key, { text: JSON.stringify(row), is_kept: true });
      if (!letter) {
        this.#save();
        continue;
      }
      letter.parcels = letter.parcels.filter((held) => this.#store.parcels.has(held));
      this.#enqueue(letter);
      this.#look(letter);
    }
  }

  get is_empty() {
    return this.#letters.length === 0;
  }

  /** Whether all of it would outlive this page. */
  get is_kept() {
    return this.#letters.every(({ body }) => this.#written.get(body.client_id)?.is_kept);
  }

  /** The connection is back, or the user has decided about new keys: send everything that waits. */
  resume() {
    this.#resumed++;
    for (const id of this.#queues.keys()) this.#next(id);
  }

  /** Try a refused message again. */
  retry(client_id) {
    const letter = this.#find(client_id);
    if (!letter) return;
    letter.parcels.forEach((key) => this.#parcels.retry(key));
    this.#setFailed(letter, null);
    this.#look(letter);
  }

  /** Give a message up. */
  discard(client_id) {
    const letter = this.#find(client_id);
    if (letter) this.#giveUp(letter);
  }

  /** Stop sending. What is unsent stays in storage for when the same person comes back. */
  clear() {
    this.#queues.clear();
    this.#pauses.forEach(clearTimeout);
    this.#pauses.clear();
    this.#written.clear();
    this.#done.clear();
  }

  #enqueue(letter) {
    const { conversation_id, client_id, thread_id, envelope, marks_read } = letter.body;
    this.#queues.set(conversation_id, [...(this.#queues.get(conversation_id) ?? []), letter]);
    this.#store.addPending({
      client_id,
      conversation_id,
      content: contentOf(letter),
      envelope,
      is_sealed: Boolean(envelope),
      thread_id,
      marks_read,
      attachments: letter.attachments,
      parcels: letter.parcels,
      reply_to: letter.reply_to,
      created_at: letter.created_at,
      sender: this.#store.me,
      status: "pending",
      error: null,
    });
  }

  /** Send a message as soon as all of its parcels have arrived. */
  #look(letter) {
    const parcels = letter.parcels.flatMap((key) => this.#store.parcels.get(key) ?? []);
    const failed = parcels.find(({ status }) => status === "failed");
    if (failed || letter.is_failed) this.#setFailed(letter, failed?.error ?? null);
    if (!parcels.every(({ status }) => status === "sent")) return;
    if (parcels.length) this.#enclose(letter, parcels);
    this.#save();
    if (letter.said && !letter.body.envelope) this.#seal(letter).catch(() => {}); // also while it waits its turn, or for a connection
    this.#next(letter.body.conversation_id);
  }

  /** From here on the body stays as it is. */
  #enclose(letter, parcels) {
    letter.attachments = parcels.map(({ upload }) => upload);
    letter.body.attachment_ids = letter.attachments.map(({ id }) => id);
    letter.parcels = [];
    if (letter.said) letter.said.attachments = letter.attachments.map(({ sealed }) => sealed);
    this.#store.updatePending(letter.body.client_id, { attachments: this.#shown(letter), parcels: [] });
    const keys = parcels.map(({ key }) => key);
    keys.forEach((key) => this.#parcels.handOver(key));
    this.#prepare(letter).finally(() => keys.forEach((key) => this.#parcels.unkeep(key)));
  }

  async #next(conversation_id) {
    const may_go = ({ is_failed, parcels }) => !is_failed && !parcels.length;
    const letter = this.#queues.get(conversation_id)?.find(may_go);
    if (!letter || this.#in_flight.has(conversation_id)) return;
    this.#in_flight.add(conversation_id);
    const pause = await this.#try(letter);
    this.#in_flight.delete(conversation_id);
    if (pause === 0) this.#next(conversation_id);
    else if (pause) this.#later(conversation_id, pause);
  }

  /** @returns {Promise<?number>} how long to wait before the next; null: until `resume` */
  async #try(letter) {
    const resumed = this.#resumed;
    this.#setGoing(letter);
    try {
      if (!this.#sealing.is_loaded) await this.#sealing.load().then(() => this.#save());
      this.#keepForSealing(letter);
      if (letter.is_held) await this.#unseal(letter);
      if (letter.said && !letter.body.envelope) await this.#seal(letter);
      if (letter.is_held) return resumed === this.#resumed ? null : 0;
      const { message } = await this.#send(letter.body);
      this.#settle(letter, message);
      return 0;
    } catch (error) {
      return this.#refused(letter, error);
    }
  }

  /** What goes into a conversation that is end to end is kept apart from what is sent and written down. */
  #keepForSealing(letter) {
    const { content, envelope, ...body } = letter.body;
    if (envelope || letter.said || !this.#sealing.isSealed(body.conversation_id)) return;
    letter.said = { content, attachments: letter.attachments.flatMap(({ sealed }) => sealed ?? []) };
    letter.body = body;
  }

  /** From here on the body stays as it is, unless the server knows of other devices, and may be written down. */
  async #seal(letter) {
    if (!this.#going.has(letter)) this.#going.set(letter, this.#sealOrHold(letter));
    const sealed = await this.#going.get(letter).finally(() => this.#going.delete(letter));
    letter.body = { ...letter.body, ...sealed };
    this.#save();
  }

  /** While the user has to decide about a new device it is sealed for this one alone, and not sent. */
  async #sealOrHold(letter) {
    try {
      const sealed = await this.#sealing.seal(letter.body, letter.said);
      this.#setHeld(letter, null);
      return sealed;
    } catch (error) {
      if (error.code !== "keys_unanswered") throw error;
      this.#setHeld(letter, error);
      return this.#sealing.sealForSelf(letter.body, letter.said);
    }
  }

  #setHeld(letter, error) {
    if (!error && !letter.is_held) return;
    letter.is_held = error !== null;
    this.#store.updatePending(letter.body.client_id, { error });
  }

  /** Seal it again, for the current devices. What an earlier page has sealed is opened for that. */
  async #unseal(letter) {
    letter.turns = (letter.turns ?? 0) + (letter.is_held ? 0 : 1);
    const { envelope, mention_ids, ...body } = letter.body;
    letter.said ??= await this.#sealing.openOwn(letter.body);
    letter.body = body;
    this.#sealing.forgetRoster(body.conversation_id);
  }

  /** Own files as they are shown until the server answers. */
  #shown({ said, attachments }) {
    return said ? this.#sealing.files.show(attachments, said.attachments) : attachments;
  }

  async #refused(letter, error) {
    if (error.code === "stale_devices" && letter.body.envelope && (letter.turns ?? 0) < TURNS) {
      return this.#unseal(letter).then(
        () => 0,
        (refusal) => this.#refused(letter, refusal),
      );
    }
    if (error.code === "offline") return null;
    if (!this.#store.conversations.has(letter.body.conversation_id)) return this.#drop(letter);
    if (error.is_unanswered) return PAUSE_MS;
    if (error.is_passing && (error.retry_after ?? 0) <= LONGEST_PAUSE_S) return this.#wait(letter, error);
    this.#setFailed(letter, error);
    return 0;
  }

  /** Who wrote it may see why it is not sent yet, and when it will be. */
  #wait(letter, { code, retry_after }) {
    const pause = retry_after ? retry_after * 1000 : PAUSE_MS;
    letter.is_waiting = true;
    this.#store.updatePending(letter.body.client_id, { waits_for: code, retry_at: Date.now() + pause });
    return pause;
  }

  #setGoing(letter) {
    if (!letter.is_waiting) return;
    letter.is_waiting = false;
    this.#store.updatePending(letter.body.client_id, { waits_for: null, retry_at: null });
  }

  #setFailed(letter, error) {
    letter.is_failed = error !== null;
    letter.turns = 0;
    this.#store.updatePending(letter.body.client_id, { status: error ? "failed" : "pending", error });
  }

  /** No one is there any more to notify of the failure. */
  #drop(letter) {
    this.#giveUp(letter);
    return 0;
  }

  #giveUp(letter) {
    this.#settle(letter);
    letter.parcels.forEach((key) => this.#parcels.drop(key));
    letter.attachments.forEach(({ id }) => this.#parcels.release(id));
  }

  #later(conversation_id, ms) {
    const timer = setTimeout(() => {
      this.#pauses.delete(timer);
      this.#next(conversation_id);
    }, ms);
    this.#pauses.add(timer);
  }

  #settle({ body }, message = null) {
    const { conversation_id, client_id } = body;
    this.#done.add(client_id);
    const rest = this.#queues.get(conversation_id)?.filter((letter) => letter.body.client_id !== client_id);
    if (rest) this.#queues.set(conversation_id, rest);
    this.#save();
    if (message) this.#heard(message);
    const is_waiting_its_turn = message && message.seq > this.#store.log(conversation_id).position;
    if (!is_waiting_its_turn) this.#store.removePending(conversation_id, client_id);
  }

  #find(client_id) {
    return this.#letters.find(({ body }) => body.client_id === client_id);
  }

  get #letters() {
    return [...this.#queues.values()].flat();
  }

  /**
   * What has to be done before it may be written down: its files are kept first, and what is sealed only later is hidden. Where
   * that fails it is written down once it is sealed, and its files have arrived.
   */
  async #prepare(letter) {
    const latest = (letter.preparing = {});
    if (!this.#sealing.is_loaded) await this.#sealing.load();
    this.#keepForSealing(letter);
    const { said, reply_to, parcels } = letter;
    const row = sealedRow(letter);
    const hiding = said && !letter.body.envelope && this.#sealing.rest?.hide({ said, reply_to }).catch(() => null);
    const [hidden, are_files_kept] = await Promise.all([hiding, this.#parcels.keep(parcels)]);
    if (letter.preparing !== latest) return;
    letter.are_files_kept = are_files_kept;
    if (hidden) letter.hidden_row = { ...row, hidden, are_files_kept };
    this.#save();
  }

  /** @returns {Promise<?object>} null where what hides it is gone */
  async #reveal({ hidden, ...row }) {
    await this.#sealing.load();
    const told = await this.#sealing.rest?.show(hidden);
    return told ? { ...row, ...told, hidden_row: { ...row, hidden } } : null;
  }

  /** Write down what may be, and is another than before. */
  #save() {
    const { me } = this.#store;
    if (!me || !this.#sealing.is_loaded) return; // not known yet what must not be stored
    const rows = new Map(this.#letters.flatMap((letter) => rowOf(letter) ?? []).map((row) => [row.body.client_id, row]));
    for (const key of this.#written.keys()) {
      if (rows.has(key)) continue;
      this.#written.delete(key);
      this.#records.delete(me.id, "letters", key);
    }
    for (const [key, row] of rows) this.#write(me.id, key, row);
  }

  async #write(user_id, key, row) {
    const written = { text: JSON.stringify(row), is_kept: false };
    if (this.#written.get(key)?.text === written.text) return;
    this.#written.set(key, written);
    written.is_kept = await this.#records.put(user_id, "letters", { key, ...row });
  }
}
