/**
 * The client module of chatproject: plain ES modules, no dependency, no build step.
 *
 *     const chat = new ChatClient({ base: "https://chat.example.com/" });
 *     await chat.signIn({ login: "alice", password });
 *     chat.store.listen(() => draw(chat.store.list));
 *     chat.start();
 *     chat.send(conversation.id, "Hello");
 *
 * @module
 */
import { Api } from "./api.js";
import { Drafts } from "./drafts.js";
import { ChatError } from "./errors.js";
import { Marks } from "./marks.js";
import { Notifications } from "./notifications.js";
import { IndexedStorage } from "./crypto/index.js";
import { Links } from "./links.js";
import { Outbox } from "./outbox.js";
import { Parcels } from "./parcels.js";
import { KeptFiles } from "./records/files.js";
import { Records, openRecords } from "./records/records.js";
import { Sealing } from "./sealing/sealing.js";
import { Session } from "./session.js";
import { Signs } from "./signs.js";
import { Socket } from "./socket.js";
import { browserStorage } from "./storage.js";
import { Store } from "./store.js";
import { Sync } from "./sync.js";

export { ChatError, Store };

const TYPING_LIVES_MS = 6_000;
const FRAME = 60_000;
const NO_WEBSOCKET =
  "There is no WebSocket here. Give one to the client, such as that of the package ws: new ChatClient({ WebSocket }).";
const NO_BASE = "There is no page here. Tell the client where the server is: new ChatClient({ base }).";

export class ChatClient extends Notifications {
  /** What is known: conversations, messages, people. @type {Store} */
  store = new Store();
  /** End-to-end conversations: what this browser seals and opens. @type {Sealing} */
  sealing;
  /** What is being written, for pages to keep. @type {Drafts} */
  drafts;
  /** What a page remembers for the signed-in user only. @type {Map<string, any>} */
  remembered = new Map();
  /** REST for whatever has no method here: `chat.api.get("users/me/")`. @type {Api} */
  api;
  /**
   * Called when no one is signed in any more, with `{reason}`: `signed_out`, `ended` (by the server) or `deleted` (with
   * `erase_at`).
   */
  onSignedOut = () => {};
  /** Called when `storage_trouble` is another one. */
  onStorageTrouble = () => {};
  /** Called with `idle`, `connecting`, `online`, `waiting` or `stopped`. */
  onConnection = () => {};
  #base;
  #links;
  #session;
  #socket;
  #sync;
  #marks;
  #outbox;
  #parcels;
  #with_tickets;
  #signs;
  #records;
  #device_name = null;

  /**
   * @param {object} [options]
   * @param {string} [options.base] where the server lives; the page's own origin by default
   * @param {?Pick<Storage, "getItem" | "setItem" | "removeItem">} [options.storage] keeps unsent messages, and the
   *   sign-in where the server's cookie does not come: on other origins and outside of browsers. Nothing is awaited of it,
   *   and all tabs should share it. Without one the sign-in is in `localStorage`, where there is one; null is memory alone
   * @param {boolean} [options.with_tickets] sign the socket in with single-use tickets instead of
   *   with a first frame
   * @param {?(() => Promise<object>)} [options.keys] opens what keeps the keys of end-to-end encryption: the
   *   IndexedDB of this browser by default; null to be no device that reads
   * @param {() => Promise<object>} [options.records] opens what keeps what is written and not sent, in the shape that
   *   `Records` wants: the IndexedDB of this browser by default, else `storage`, else memory
   * @param {typeof fetch} [options.fetch]
   * @param {typeof WebSocket} [options.WebSocket] Node has one of its own from 22 on
   */
  constructor({ base = globalThis.location?.origin, storage, with_tickets = false, keys, records, ...web } = {}) {
    super();
    const { fetch = globalThis.fetch.bind(globalThis), WebSocket = globalThis.WebSocket } = web;
    if (!WebSocket) throw new Error(NO_WEBSOCKET);
    if (!base) throw new Error(NO_BASE);
    this.#base = new URL(base);
    this.#with_tickets = with_tickets;
    const api_base = new URL("/api/v1/", this.#base);
    const kept = storage === undefined ? browserStorage() : storage;
    this.#session = new Session({ base: api_base, fetch, storage: kept });
    this.api = new Api({ base: api_base, fetch, session: this.#session });
    this.#socket = new Socket({
      WebSocket,
      credentials: () => this.#credentials(),
      refresh: () => this.#session.refresh(),
    });
    this.#links = new Links({ api: this.api, base: this.#base, has_cookie: this.#session.has_cookie });
    const { store, api } = this;
    const answered = () => this.#outbox.resume();
    const linkTo = (url) => this.linkTo(url);
    const troubled = (error) => this.#records.fail(error);
    const keysHere = keys === undefined ? browserKeys() : keys;
    this.sealing = new Sealing({ api, store, fetch, linkTo, answered, troubled, keys: keysHere });
    store.reveal = this.sealing.reveal;
    store.revealQuote = this.sealing.revealQuote;
    this.#records = new Records({ open: records ?? openRecords(kept, this.#base.origin), told: () => this.onStorageTrouble() });
    this.drafts = new Drafts({ store, sealing: this.sealing, records: this.#records });
    this.#sync = new Sync({ store, api, socket: this.#socket });
    this.#signs = new Signs(this.#socket);
    this.#marks = new Marks({ store, socket: this.#socket });
    this.#parcels = new Parcels({
      store,
      send: (file, options) => this.#carry(file, options),
      release: (upload_id) => this.deleteUpload(upload_id).catch(() => {}),
      changed: (key) => this.#outbox.parcelChanged(key),
      look: (upload_id) => this.uploadState(upload_id),
      shelf: new KeptFiles({ records: this.#records, sealing: this.sealing }),
    });
    this.#outbox = new Outbox({
      store,
      parcels: this.#parcels,
      sealing: this.sealing,
      records: this.#records,
      send: (body) => this.#post(body),
      heard: (message) => this.#sync.hearAnswer(message),
    });
    this.#listen();
  }

  /** `idle`, `connecting`, `online`, `waiting` (until `retry_at`) or `stopped` (for `close_code`). */
  get connection() {
    return this.#socket.state;
  }

  get retry_at() {
    return this.#socket.retry_at;
  }

  /**
   * Why what is not sent yet may not outlive this page: `refused` (the browser keeps nothing for it), `full` (it has no
   * room), or null.
   */
  get storage_trouble() {
    return this.#records.trouble;
  }

  /** Whether what is on its way would go on after this page was closed and opened again. */
  get is_kept() {
    return this.#outbox.is_kept && this.#parcels.are_kept;
  }

  /** Whether nothing is on its way that signing out would end, in any page of this person. @returns {Promise<boolean>} */
  async isAllSent() {
    if (!this.#outbox.is_empty || this.store.parcels.size) return false;
    return !(await this.#records.has(this.store.me.id, "letters"));
  }

  get close_code() {
    return this.#socket.code;
  }

  // Signing in

  /**
   * @returns {Promise<object>} `{verification}`, or the signed-in answer where no code is needed. Its `registration` goes
   *   into `verify` and `resendCode`; its `reference` stands in the mail, so show it.
   */
  signUp({ email, username, password, full_name, device_name }) {
    return this.#enter("auth/register/", { email, username, password, full_name, device_name });
  }

  /** Enter the code from the mail; signs in. With `registration` the code of no other one counts. */
  verify({ email, code, registration, device_name }) {
    return this.#enter("auth/verify/", { email, code, registration, device_name });
  }

  /** Ask for another code. @throws {ChatError} `rate_limited` with `retry_after` while it is too early */
  resendCode({ email, purpose = "verify_email", registration }) {
    return this.api.request("POST", "auth/otp/resend/", { body: { email, purpose, registration }, signed: false });
  }

  /** @param {{login: string, password: string, device_name?: string}} credentials `sessions` names the device */
  signIn({ login, password, device_name }) {
    return this.#enter("auth/login/", { login, password, device_name });
  }

  /** Take up the session of an earlier page. @returns {Promise<boolean>} false when there is none */
  async restore() {
    try {
      await this.#session.refresh();
      this.#welcome(await this.api.get("users/me/"));
      return true;
    } catch (error) {
      if (error.is_sign_out || error.status === 400) return false;
      throw error;
    }
  }

  /** End this session at the server and forget everything. */
  async signOut() {
    if (!this.store.me && !(await this.restore())) return;
    const leaveNothing = this.#leaving();
    const refresh = this.#session.stored_refresh;
    this.stop(); // its end may arrive before the answer, and would be taken for another reason
    await this.api.post("auth/logout/", { refresh }).catch((error) => {
      if (error.is_sign_out) return;
      this.start();
      throw error;
    });
    await leaveNothing(() => this.#end("signed_out"));
  }

  /**
   * Have the account erased after a grace period; signing in until then keeps it. All sign-ins end.
   * @returns {Promise<{erase_at: string}>}
   */
  async deleteAccount({ password }) {
    const leaveNothing = this.#leaving();
    this.stop(); // as above
    const { erase_at } = await this.api.request("DELETE", "users/me/", { body: { password } }).catch((error) => {
      this.start();
      throw error;
    });
    await leaveNothing(() => this.#end("deleted", { erase_at }));
    return { erase_at };
  }

  /** Open the socket and keep it open; at once where it was waiting for its next try. */
  start() {
    this.#socket.start();
  }

  /** Close the socket and keep what is known. */
  stop() {
    this.#socket.stop();
  }

  // Messages

  /**
   * Send a message; it is in the store at once, as `pending`, and sent until there is an answer. Who is named by
   * `@username` in the text is mentioned.
   * @param {?object} reply_to the message it answers
   * @param {{thread_id?: string, attachments?: string[], marks_read?: boolean}} [more] the first message of the thread
   *   it belongs to; keys of attached files: it goes out when they have arrived; and false where it does not say that
   *   what came before was read
   * @returns {string} its client_id
   */
  send(conversation_id, content, reply_to = null, { thread_id, attachments: parcels, marks_read } = {}) {
    this.#signs.sent(conversation_id);
    const body = { conversation_id, content, reply_to_id: reply_to?.id, thread_id, marks_read };
    return this.#outbox.add(body, { reply_to, parcels });
  }

  /**
   * Take a file for a message that is still to be sent; it begins to go to the server, and is in `store.parcels`.
   * @param {Blob} file
   * @param {{kind?: "voice", width?: number, height?: number, duration?: number}} [facts] what is known about it
   * @returns {string} its key
   */
  attach(conversation_id, file, facts) {
    return this.#parcels.add(conversation_id, file, facts);
  }

  /** Give an attached file up, before its message was sent or while that waits for it. */
  detach(key) {
    this.#outbox.leaveOut(key);
    this.#parcels.drop(key);
  }

  /**
   * The address at which an element of this page can show a file, or save it: `<img src>`, `<video src>`, `<a href>`. On the
   * server's own pages it is the same; elsewhere it is signed and good for some minutes, so ask for it when the element
   * is made, and again when it fails.
   * @param {string} url `content_url`, `thumbnail_url`, `aac_url`, `avatar_url`, `download_url`, as they come
   * @returns {Promise<string>} absolute
   * @throws {ChatError}
   */
  linkTo(url) {
    return this.#links.to(url);
  }

  /** Try an attached file again that `failed`. */
  retryAttachment(key) {
    this.#parcels.retry(key);
    this.#outbox.parcelChanged(key);
  }

  /** Try a `failed` message again. */
  retry(client_id) {
    this.#outbox.retry(client_id);
  }

  /** Give a `failed` message up. */
  discard(client_id) {
    this.#outbox.discard(client_id);
  }

  /** Load an older page of history into the store. */
  loadOlder(conversation_id) {
    return this.#sync.loadOlder(conversation_id);
  }

  /** Load the changes ("alice added bob") between the messages that are loaded. */
  loadChanges(conversation_id) {
    const { position, entries } = this.store.log(conversation_id);
    return this.#sync.tellChanges(conversation_id, position + 1, entries.length);
  }

  /** Hold a conversation that the server answered with, and its last messages. @returns {Promise<object>} */
  async keep(answer) {
    const { id } = await answer;
    if (!this.store.conversations.has(id)) await this.#sync.fetchConversation(id);
    return this.store.conversations.get(id) ?? Promise.reject(ChatError.offline());
  }

  // Signs of life

  /** Everything up to this `seq` was seen. Safe to call often, and without a connection. */
  markRead(conversation_id, seq) {
    this.#marks.read(conversation_id, seq);
  }

  /** Call this at every key; it notifies the others at most once in three seconds. */
  typing(conversation_id, is_typing = true) {
    this.#signs.type(conversation_id, is_typing);
  }

  /** Receive `presence.updated` of these users, and of no others. */
  watch(user_ids) {
    this.#signs.watch(user_ids);
  }

  #listen() {
    this.#session.onEnded = () => this.#end("ended");
    this.#socket.onFrame = (frame) => this.#hear(frame);
    this.#socket.onState = (state) => {
      if (state === "stopped" && this.close_code === 4401) this.#end("ended");
      this.onConnection(state);
    };
    this.#sync.onReady = () => this.#ready();
    globalThis.addEventListener?.("offline", () => this.#socket.lose());
    const wake = () => this.#wake();
    for (const name of ["online", "focus", "pageshow"]) globalThis.addEventListener?.(name, wake);
    globalThis.document?.addEventListener("visibilitychange", wake);
    globalThis.addEventListener?.("pagehide", () => this.#marks.resend()); // they would be gathered for a moment
    globalThis.navigator?.connection?.addEventListener?.("change", wake); // a phone goes from one network to another
  }

  /** The user may look at the page again, or the network has changed. */
  #wake() {
    if (globalThis.document?.hidden) return;
    this.#socket.wake();
    if (this.connection === "online" && this.store.epoch !== null) this.#outbox.restore(); // of pages that were closed
  }

  #hear(frame) {
    this.#sync.hear(frame);
    this.recountAfter(frame);
    const { type, conversation_id } = frame;
    const is_about_pins = type === "message.pinned" || type === "message.unpinned";
    if (is_about_pins && this.store.pins.has(conversation_id)) this.#renewPins(conversation_id);
    if (type === "typing.updated") setTimeout(() => this.store.changed(conversation_id), TYPING_LIVES_MS);
  }

  #renewPins(conversation_id) {
    this.loadPins(conversation_id).catch(() => {});
  }

  #ready() {
    this.#outbox.restore();
    this.#signs.resend();
    this.#marks.resend();
    this.#parcels.resume();
    this.#outbox.resume();
    for (const id of this.store.pins.keys()) this.#renewPins(id);
    this.sealing.begin(() => this.#nameOfDevice());
  }

  /** The device is called like its sign-in. */
  async #nameOfDevice() {
    if (this.#device_name === null) {
      const sessions = await this.sessions();
      this.#device_name = sessions.find(({ is_current }) => is_current)?.device_name ?? "";
    }
    return this.#device_name;
  }

  /** What is too large for a frame is sent over HTTP. */
  async #post(body) {
    const { conversation_id, ...rest } = body;
    if (!body.envelope || JSON.stringify(body).length < FRAME) return this.#socket.request("message.send", body);
    return { message: await this.api.create(`conversations/${conversation_id}/messages/`, rest) };
  }

  /** A file goes to the server as it is, or sealed. */
  #carry(file, options) {
    if (!this.sealing.isSealed(options.conversation_id)) return this.upload(file, options);
    const bare = { ...options, kind: undefined };
    return this.sealing.files.send(file, options.client_id, (sealed) => this.upload(sealed, bare));
  }

  async #credentials() {
    const url = new URL("/ws/", this.#base);
    url.protocol = url.protocol.replace("http", "ws");
    if (!this.#with_tickets) return { url: url.href, token: await this.#session.token() };
    const { ticket } = await this.api.post("auth/ws-ticket/");
    url.searchParams.set("ticket", ticket);
    return { url: url.href };
  }

  async #enter(path, credentials) {
    const body = { ...credentials, cookie: this.#session.has_cookie };
    const answer = await this.api.request("POST", path, { body, signed: false });
    if (!answer.access) return answer;
    this.#session.take(answer);
    this.#welcome(answer.user);
    this.#device_name = credentials.device_name ?? null;
    return answer;
  }

  /** Who signs out leaves nothing behind that is not sent, and no key to it. @returns {(end: () => void) => Promise} */
  #leaving() {
    const { id } = this.store.me;
    const { rest } = this.sealing;
    return async (end) => {
      this.#outbox.clear();
      this.drafts.clear();
      const cleared = [this.#records.clear(id), rest?.forget().catch(() => {})];
      end();
      await Promise.all(cleared);
    };
  }

  /** A user is signed in now, and must not find what others left. */
  #welcome(user) {
    this.store.me = user;
    this.#records.leaveOnly(user.id);
  }

  #end(reason, details) {
    if (!this.store.me) return;
    this.#session.clear();
    this.#socket.stop();
    this.#outbox.clear();
    this.#parcels.clear();
    this.#sync.clear();
    this.#marks.clear();
    this.#links.clear();
    this.#signs.clear();
    this.drafts.clear();
    this.remembered.clear();
    this.sealing.clear();
    this.#device_name = null;
    this.store.clear();
    this.onSignedOut({ reason, ...details });
  }
}

/** Only where a page can keep keys that no one can read. */
function browserKeys() {
  try {
    return globalThis.indexedDB && globalThis.crypto?.subtle ? () => IndexedStorage.open() : null;
  } catch {
    return null; // some browsers refuse even to be asked
  }
}
