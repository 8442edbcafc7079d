import { ChatError } from "./errors.js";

const COME_BACK = [1006, 1012, 1013, 4408, 4429];
const LONGEST_MS = 30_000;
const SHORTEST_MS = { 1013: 2_000, 4429: 5_000 };
const ANSWER_MS = 10_000;
const SETTLED_MS = 10_000;
const GATHER_MS = 200;
const SIGN_MS = 2_000;
const LOST = 1006;

/** What to do after a close: `retry`, `refresh` the tokens and then retry, or `stop`. */
export function afterClose(code) {
  if (code === 4401) return "refresh";
  return COME_BACK.includes(code) ? "retry" : "stop";
}

/** How long to wait before try number `attempt` (0, 1, …): doubling, half of it left to chance. */
export function backoff(attempt, code = LOST, random = Math.random) {
  const full = Math.min(LONGEST_MS, 500 * 2 ** attempt);
  return Math.max(SHORTEST_MS[code] ?? 0, full / 2) + (full / 2) * random();
}

/**
 * One socket that comes back by itself. `state` is `idle`, `connecting`, `online` (after `hello`),
 * `waiting` (for the next try) or `stopped` (the server does not want us back; `code` says why).
 */
export class Socket {
  state = "idle";
  code = null;
  retry_at = null;
  onFrame = () => {};
  onState = () => {};
  #options;
  #ws = null;
  #attempt = 0;
  #turn = 0;
  #is_stale = false;
  /** In how many seconds to come back, as a server says that is full: each client has a time of its own. */ #told;
  #silence = ANSWER_MS;
  #heard = 0;
  /** Whether a sign of life was asked for. */ #is_asked = false;
  #next_id = 1;
  #requests = new Map();
  #timers = {};

  /**
   * @param {object} options
   * @param {() => Promise<{url: string, token?: string}>} options.credentials asked before every try
   * @param {() => Promise<void>} options.refresh renews the tokens; throws when the session is over
   * @param {typeof WebSocket} options.WebSocket
   */
  constructor(options) {
    this.#options = options;
  }

  start() {
    if (this.state === "connecting" || this.state === "online") return;
    this.#attempt = 0;
    this.#connect();
  }

  stop(code = null) {
    this.#leave();
    this.#become(code ? "stopped" : "idle", code);
  }

  /**
   * The network is back, or the user looks at the page again: try now instead of waiting. A connection that looks open may
   * have died in its sleep, so it is asked for a sign of life, once however often this is called meanwhile.
   */
  wake() {
    if (this.state === "waiting") this.start();
    if (this.state === "online") this.#timers.sign ??= setTimeout(() => this.#askForSign(), GATHER_MS);
  }

  /** The network is known to be gone: do not wait for the silence to be noticed. */
  lose() {
    if (this.#ws) this.#closed(LOST);
  }

  /** Send a command and wait for its reply. @returns {Promise<any>} @throws {ChatError} */
  request(type, data = {}) {
    if (this.state !== "online") return Promise.reject(ChatError.offline());
    const id = String(this.#next_id++);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(this.#unanswered, ANSWER_MS, id, this.#heard);
      this.#requests.set(id, { resolve, reject, timer });
      this.#write({ type, id, data });
    });
  }

  /** Send a command that needs no reply; false when there is no connection. */
  notify(type, data = {}) {
    if (this.state !== "online") return false;
    this.#write({ type, data });
    return true;
  }

  async #connect() {
    this.#leave();
    this.#become("connecting");
    const turn = this.#turn;
    try {
      if (this.#is_stale) await this.#options.refresh();
      this.#is_stale = false;
      const { url, token } = await this.#options.credentials();
      if (this.#turn === turn) this.#open(url, token);
    } catch (error) {
      if (this.#turn !== turn) return;
      if (error.is_sign_out) this.stop(4401);
      else this.#closed(LOST);
    }
  }

  #open(url, token) {
    const ws = (this.#ws = new this.#options.WebSocket(url, ["chat.v1"]));
    ws.onopen = () => token && this.#write({ type: "authenticate", data: { token } });
    ws.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    ws.onclose = ({ code }) => this.#closed(code);
    ws.onerror = () => {}; // its close follows; the package ws ends the process if no one listens
    this.#expect(ANSWER_MS);
  }

  #hear(frame) {
    this.#heard++;
    this.#takeSign();
    this.#expect(this.#silence);
    if (frame.type === "reply") return this.#answer(frame.id, frame);
    if (frame.type === "hello") this.#welcome(frame.data);
    if (frame.type === "error" && this.state === "connecting") this.#told = frame.error.retry_after;
    this.onFrame(frame);
  }

  #welcome({ ping_interval = 25 }) {
    this.#silence = ping_interval * 1000 + ANSWER_MS;
    clearInterval(this.#timers.ping);
    this.#timers.ping = setInterval(() => this.notify("ping"), ping_interval * 1000);
    this.#timers.settled ??= setTimeout(() => (this.#attempt = 0), SETTLED_MS);
    this.#expect(this.#silence);
    this.#become("online");
  }

  #askForSign() {
    this.notify("ping");
    this.#is_asked = true;
    this.#timers.sign = setTimeout(() => this.#missSign(), SIGN_MS);
  }

  #takeSign() {
    if (!this.#is_asked) return;
    this.#is_asked = false;
    clearTimeout(this.#timers.sign);
    this.#timers.sign = undefined;
  }

  /** The connection is lost. The network may well be another one by now, so the next try is made at once. */
  #missSign() {
    this.#closed(LOST);
    this.start();
  }

  #expect(ms) {
    clearTimeout(this.#timers.silence);
    this.#timers.silence = setTimeout(() => this.#closed(LOST), ms);
  }

  /** No answer and no other frame: the connection is lost. */
  #unanswered = (id, heard) => {
    if (heard === this.#heard) this.lose();
    else this.#answer(id, { error: { code: "timeout" } });
  };

  #answer(id, { ok, data, error }) {
    const request = this.#requests.get(id);
    if (!request) return;
    this.#requests.delete(id);
    clearTimeout(request.timer);
    if (ok) request.resolve(data);
    else request.reject(new ChatError(error));
  }

  #closed(code) {
    const move = afterClose(code);
    if (move === "stop") return this.stop(code);
    const wait = this.#told === undefined ? backoff(this.#attempt++, code, this.#options.random) : this.#told * 1000;
    this.#leave();
    if (move === "refresh") this.#is_stale = true;
    this.retry_at = Date.now() + wait;
    this.#timers.retry = setTimeout(() => this.#connect(), wait);
    this.#become("waiting", code);
  }

  /** Forget the present connection. Its own close would take minutes on a dead network. */
  #leave() {
    this.#turn++;
    clearInterval(this.#timers.ping);
    for (const name of ["silence", "settled", "retry", "sign"]) clearTimeout(this.#timers[name]);
    this.#timers = {};
    this.#silence = ANSWER_MS;
    this.#is_asked = false;
    this.#told = undefined;
    const ws = this.#ws;
    this.#ws = null;
    if (ws) {
      ws.onopen = ws.onmessage = ws.onclose = null;
      ws.close();
    }
    for (const id of [...this.#requests.keys()]) this.#answer(id, { error: { code: "offline" } });
  }

  #write(frame) {
    this.#ws.send(JSON.stringify(frame));
  }

  #become(state, code = null) {
    this.state = state;
    this.code = code;
    this.onState(state);
  }
}
