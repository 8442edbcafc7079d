import { ForgivingStorage, Seen, isSupported, openMessage, RSA, sealMessage } from "../crypto/index.js";
import { CryptoError } from "../crypto/errors.js";
import { Backups } from "./backups.js";
import { SealedFiles } from "./files.js";
import { Heads } from "./heads.js";
import { KeyLogs } from "./keylogs.js";
import { mentionedIn } from "./mentions.js";
import { OwnDevices, isOne } from "./own.js";
import { Readers } from "./readers.js";
import { Reading } from "./reading.js";
import { asRefusal, refusal } from "./refusals.js";
import { AtRest } from "./rest.js";
import { Rosters } from "./rosters.js";
import { Trust } from "./trust.js";

const TRIES = 5;
const PATIENCE_MS = 20_000;

/**
 * End-to-end conversations: this browser is a device, seals what is written for exactly the devices of the members, and
 * opens what is read. `ChatClient` owns it as `chat.sealing`.
 *
 * Nothing that is written in such a conversation leaves in the clear, whatever the server says about it later.
 * Plaintext is held in memory alone.
 */
export class Sealing {
  /** Whether this browser can be a device at all; known after `load`. */
  is_able = false;
  /** Whether it is known which conversations are end to end. */
  is_loaded;
  /** Why this browser is not a device, if it should be one. @type {?ChatError} */
  trouble = null;
  /** What people compare. @type {?Trust} */ trust = null;
  /** The own keys, wrapped under a passphrase. @type {?Backups} */ backups = null;
  /** @type {?OwnDevices} */ own = null;
  /** Hides what is written down here before it is sent. @type {?AtRest} */ rest = null;
  /** @type {SealedFiles} */ files;
  #api;
  #store;
  #keys;
  #answered;
  #troubled;
  #storage = null;
  #logs;
  #rosters;
  #heads;
  #seen;
  #reading;
  #sealed = new Set();
  #loading = null;
  #registering = null;
  #is_registered = false;
  #readers = null;

  /**
   * @param {object} options
   * @param {Api} options.api
   * @param {Store} options.store
   * @param {?(() => Promise<object>)} options.keys opens the storage of the keys; null where nothing can be kept
   * @param {(url: string) => Promise<string>} options.linkTo where the bytes of a file are fetched
   * @param {(error: Error) => void} [options.troubled] is called when keys could not be kept, or read
   * @param {() => void} [options.answered] called when the user has decided about new keys: what waits may be sent
   */
  constructor({ api, store, fetch, linkTo, keys, answered = () => {}, troubled = () => {} }) {
    this.#api = api;
    this.#store = store;
    this.#keys = keys;
    this.#answered = answered;
    this.#troubled = (error) => (troubled(error), null);
    this.is_loaded = keys === null;
    this.files = new SealedFiles({ fetch, linkTo });
    this.#reading = new Reading({ api, store, sealing: this });
    store.listen((id) => this.#notice(id));
  }

  /**
   * Be a device of who is signed in: at the first time with new keys.
   * @param {() => Promise<string>} nameOf tells what a new device is called
   */
  async begin(nameOf) {
    await this.load();
    const { own } = this;
    if (!this.is_able || !own || this.#is_registered) return;
    this.#registering ??= own.register(nameOf).finally(() => (this.#registering = null));
    this.trouble = await this.#registering.then(() => null, asRefusal);
    if (this.own !== own) return;
    if (this.trouble?.is_unanswered) this.trouble = null; // it is tried again with the next connection
    this.#is_registered = Boolean(own.present) && !this.trouble;
    this.#reading.retry();
    this.#store.changed();
  }

  /** Take up what is kept here for who is signed in; done before anything is sealed or opened. @returns {Promise} */
  load() {
    this.#loading ??= this.#load(this.#store.me.id).catch(() => {
      this.is_able = false; // what keeps keys elsewhere is broken here
      this.is_loaded = true;
    });
    return this.#loading;
  }

  /** No one is signed in any more; the keys stay for when they come back. */
  clear() {
    this.own = this.trust = this.backups = this.rest = this.trouble = this.#loading = this.#storage = null;
    this.#rosters = this.#readers = null;
    this.#is_registered = this.is_able = false;
    this.is_loaded = this.#keys === null;
    this.#reading.clear();
    this.#sealed = new Set();
    this.files.clear();
  }

  /** Whether a conversation is end to end: who has seen it so never believes that it is not. */
  isSealed(conversation_id) {
    if (this.#sealed.has(conversation_id)) return true;
    return this.#store.conversations.get(conversation_id)?.encryption === "e2ee";
  }

  // Reading

  /**
   * A message as it is to be shown: what was sealed stands in it once it was opened. Until then, and where it cannot
   * be, `sealing` says why: `opening`, a code of the format, or `untrusted` for what was not sealed. `has_heads` says
   * whether it tells what its sender saw of the key logs, which older clients do not.
   */
  reveal = (message) => {
    if (!message?.conversation_id || message.is_deleted || !this.isSealed(message.conversation_id)) return message;
    return this.#reading.reveal(message);
  };

  /** What a reply quotes: the original as it was opened here, wherever it stands. The server's quote says nothing. */
  revealQuote = (conversation_id, quote) => {
    if (!quote || quote.is_deleted || !this.isSealed(conversation_id)) return quote;
    return this.#reading.revealQuote(conversation_id, quote);
  };

  /** What a message said before: a row of its history. @returns {Promise<object>} the row with its `content` */
  openPast(message, row) {
    return this.#reading.past(message, row);
  }

  // Writing

  /**
   * Seal what the user wrote for the devices of this moment.
   * @param {{conversation_id: string, client_id: string, replaces?: string}} place
   * @param {{content: string, attachments?: object[]}} said
   * @returns {Promise<{envelope: object, mention_ids: string[]}>} what goes to the server
   * @throws {ChatError} `keys_unanswered` while a user who was checked has a new device that was not decided about
   */
  async seal({ conversation_id, client_id, replaces = null }, { content, attachments = [] }) {
    await this.load();
    if (!this.is_able) throw refusal("unsupported");
    await this.#registering?.catch(() => {}); // keys of the first sign-in take a second
    if (!this.own.present) throw this.trouble ?? refusal("no_device");
    try {
      const { roster_seq, people, devices } = await this.#rosterWithMe(conversation_id);
      await this.#requireAnswers(people);
      const heads = people.map(({ user_id, lines }) => headOf(user_id, lines));
      const place = { conversation_id, client_id, replaces };
      return await this.#seal(place, { content, attachments }, { recipients: devices, roster_seq, heads });
    } catch (error) {
      throw asRefusal(error);
    }
  }

  /** Seal it for this device alone: to be written down, not to be sent, while it must not be sealed for others. */
  async sealForSelf({ conversation_id, client_id }, said) {
    const { id, user_id, bundle } = this.own.present;
    const me = await this.#logs.device(id, user_id, bundle);
    return this.#seal({ conversation_id, client_id, replaces: null }, said, { recipients: [me], roster_seq: 0 });
  }

  /**
   * Seal, send, and seal again for as long as the server knows of other devices.
   * @param {(sealed: object) => Promise<any>} send
   */
  async sealUntil(place, said, send) {
    for (let turn = 1; ; turn++) {
      try {
        return await send(await this.seal(place, said));
      } catch (error) {
        if (error.code !== "stale_devices" || turn === TRIES) throw error;
        this.forgetRoster(place.conversation_id);
      }
    }
  }

  /** The server knows of other devices now. */
  forgetRoster(conversation_id) {
    this.#rosters?.forget(conversation_id);
  }

  /** The content of an own envelope that was not sent yet. @returns {Promise<object>} the body */
  async openOwn({ conversation_id, client_id, envelope }) {
    await this.load();
    const place = { conversation_id, client_id };
    const mine = this.own?.all.filter(({ id }) => id === envelope.sender_device) ?? [];
    let refused = new CryptoError("wrong_sender");
    for (const { id, user_id, bundle } of mine) {
      const sender = await this.#logs.device(id, user_id, bundle);
      try {
        return await openMessage({ envelope, sender, devices: this.own.all, ...place });
      } catch (error) {
        refused = error; // it may have been sealed before the keys were changed
      }
    }
    throw refused;
  }

  // Who reads

  /**
   * Who reads in a conversation: `{people: [{user_id, lines}], warnings, alarm}`. `lines` are those of their key logs,
   * `warnings` are what was not answered yet about the keys of these users, the own account included (see `Trust.warnings`),
   * `alarm` is a refusal to seal. Null until it is known; it is asked for then.
   */
  readersOf(conversation_id) {
    return this.#readers?.of(conversation_id) ?? null;
  }

  /**
   * For whom a message was sealed.
   * @returns {Promise<{user_id: ?string, count: number}[]>} how many devices of whom; null: of no one who was there
   */
  async recipientsOf({ conversation_id, envelope }) {
    const devices = await this.#rosters.at(conversation_id, envelope.roster_seq);
    const counts = new Map();
    for (const { device } of envelope.recipients) {
      const user_id = devices.find(({ id }) => id === device)?.user_id ?? null;
      counts.set(user_id, (counts.get(user_id) ?? 0) + 1);
    }
    return [...counts].map(([user_id, count]) => ({ user_id, count }));
  }

  /** Take keys as they are: answers these warnings, as `readersOf` gave them. What waited for that is sent. */
  accept(conversation_id, warnings) {
    return this.#readers?.accept(conversation_id, warnings);
  }

  /** Read with these devices too, from a backup. @returns {Promise<number>} how many are new here */
  async keep(devices) {
    const count = await this.own.keep(devices);
    this.#reading.retry();
    this.#store.changed();
    return count;
  }

  /** If one user signs out meanwhile and another one in, that one must not find the first one's keys. */
  async #load(user_id) {
    const found = this.#keys && (await isSupported(RSA)) ? await inTime(this.#keys()).catch(this.#troubled) : null;
    const storage = found && new ForgivingStorage(found, this.#troubled);
    const [api, store] = [this.#api, this.#store];
    const logs = new KeyLogs({ api, storage });
    const own = new OwnDevices({ api, storage, user_id });
    const trust = new Trust({ storage, logs, user_id, isOwn: (bundle) => own.has(bundle), answered: this.#answered });
    const reading = storage && [storage.get(`sealed/${user_id}`), own.load(), trust.load()];
    const [sealed] = await Promise.all(reading ?? []);
    if (store.me?.id !== user_id) return;
    this.is_loaded = true;
    this.is_able = storage !== null;
    if (!storage) return;
    this.#sealed = new Set([...this.#sealed, ...(sealed ?? [])]);
    const rosters = new Rosters({ api, store, logs });
    const readers = new Readers({ store, rosters, trust, answered: this.#answered });
    const backups = new Backups({ api, logs, user_id, sealing: this });
    Object.assign(this, { own, trust, backups, rest: new AtRest({ storage, user_id }) });
    [this.#storage, this.#logs, this.#rosters, this.#readers] = [storage, logs, rosters, readers];
    this.#heads = new Heads({ logs, rosters, trust });
    this.#seen = new Seen(storage);
    this.#notice(null);
  }

  /** Remember what is end to end, so that no one can say otherwise later. */
  #notice(id) {
    if (!this.#storage || !this.#store.me) return;
    const named = id ? [id] : [...this.#store.conversations.keys()];
    const is_new = (one) => !this.#sealed.has(one) && this.#store.conversations.get(one)?.encryption === "e2ee";
    const fresh = named.filter(is_new);
    if (!fresh.length) return;
    for (const one of fresh) this.#sealed.add(one);
    this.#storage.put(`sealed/${this.#store.me.id}`, [...this.#sealed]);
  }

  /** The body of a message. @throws {CryptoError | ChatError} why it does not open */
  async open(message) {
    const body = await this.#open(message);
    await this.#heads.compare(message);
    return body;
  }

  async #open({ id, conversation_id, client_id, edit_id, sender, envelope }) {
    await this.load();
    if (!this.is_able) throw refusal("unsupported");
    const devices = await this.#rosters.at(conversation_id, envelope.roster_seq);
    const device = devices.find((one) => one.id === envelope.sender_device);
    if (!device || device.user_id !== sender?.id) throw new CryptoError("wrong_sender");
    const place = { conversation_id, client_id: edit_id ?? client_id, replaces: edit_id ? id : null };
    const open = () => openMessage({ envelope, sender: device, devices: this.own.all, seen: this.#seen, ...place });
    return open().catch(async (error) => {
      if (error.code !== "wrap_invalid") throw error;
      await this.own.load(); // another page of this browser may have given the device new keys
      const has_keys = devices.some((one) => this.own.all.some((mine) => isOne(one, mine)));
      if (!has_keys) throw new CryptoError("not_a_recipient"); // a backup has later keys of this device
      return open();
    });
  }

  async #seal(place, { content, attachments }, how) {
    const { conversation_id, client_id, replaces } = place;
    const mentions = mentionedIn(content, this.#store.members.get(conversation_id)?.values() ?? []);
    const body = { content, mentions, attachments };
    const envelope = await sealMessage({ body, device: this.own.present, ...how, ...place });
    const sender = this.#store.me;
    const edit = replaces ? { id: replaces, edit_id: client_id } : {};
    this.#reading.put({ conversation_id, client_id, envelope, sender, ...edit }, body);
    return { envelope, mention_ids: mentions };
  }

  /** Another page of this browser may have compared, or answered. */
  async #requireAnswers(people) {
    await this.trust.load();
    await this.trust.meet(people);
    const user_id = this.trust.held(people);
    if (user_id) throw refusal("keys_unanswered", user_id);
  }

  /** Another page of this browser may have given the device new keys, or the server may have ended it. */
  async #rosterWithMe(conversation_id) {
    const { own } = this;
    const has_me = ({ devices }) => devices.some((device) => isOne(device, own.present));
    const roster = await this.#rosters.now(conversation_id);
    if (has_me(roster)) return roster;
    await own.load();
    if (has_me(roster)) return roster;
    await own.register(async () => "");
    this.#rosters.forget(conversation_id);
    return this.#rosters.now(conversation_id);
  }
}

const headOf = (user, lines) => ({ user, number: lines.length, hash: lines.at(-1)?.hash ?? "" });

/** A browser that neither opens nor refuses would hold up whatever is written. */
function inTime(opening) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new DOMException("", "TimeoutError")), PATIENCE_MS);
  });
  return Promise.race([opening, late]).finally(() => clearTimeout(timer));
}
