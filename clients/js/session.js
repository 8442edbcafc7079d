import { ChatError, readAnswer } from "./errors.js";

import { safeStorage } from "./storage.js";

const EARLY_MS = 15_000;
const ANSWER_MS = 30_000;
/** Refusals of the server itself after which a sign-in is over. A proxy refuses as well, and knows nothing of it. */
const OVER = ["token_invalid", "not_authenticated", "permission_denied", "account_suspended"];

/**
 * The tokens of one sign-in. The access token lives in memory only. The refresh token lives in the server's HttpOnly
 * cookie on the server's own pages; everywhere else in `storage`, under the server's name.
 */
export class Session {
  /** Whether the refresh token is a cookie: only pages of the server itself have one. */
  has_cookie;
  /** Changes with each sign-in and sign-out: an earlier request must not answer the user of now. */
  turn = 0;
  #access = null;
  #good_until = 0;
  #user_id = null;
  #is_replaced = false;
  #refreshing = null;
  #fetch;
  #base;
  #storage;
  #key;

  /** Called once when the server has ended this session. */
  onEnded = () => {};

  constructor({ base, fetch, storage = null }) {
    this.#base = base;
    this.#fetch = fetch;
    this.#storage = safeStorage(storage);
    this.#key = `chat.refresh ${base.origin}`;
    this.has_cookie = globalThis.location?.origin === base.origin;
  }

  get is_signed_in() {
    return this.#access !== null;
  }

  /** Keep the tokens of a `verify/`, `login/`, `register/` or `refresh/` answer. */
  take({ access, access_expires_in = 300, refresh, user }) {
    const lives_ms = access_expires_in * 1000;
    this.#access = access;
    this.#good_until = Date.now() + lives_ms - Math.min(EARLY_MS, lives_ms / 2);
    this.#user_id = user?.id ?? null;
    this.#is_replaced = false;
    if (refresh) this.#storage.setItem(this.#key, refresh);
  }

  clear() {
    this.turn++;
    this.#access = this.#user_id = null;
    if (!this.#is_replaced) this.#storage.removeItem(this.#key);
  }

  /** An access token that is good for a while. @returns {Promise<string>} */
  async token() {
    if (Date.now() >= this.#good_until) await this.refresh();
    return this.#access;
  }

  /** The stored refresh token, which `logout/` needs if there is no cookie. */
  get stored_refresh() {
    return this.has_cookie ? undefined : (this.#storage.getItem(this.#key) ?? undefined);
  }

  /**
   * Ask for a new pair. Callers at the same moment share one request, and tabs take turns: each shows the newest token
   * there is. When the answer is lost, asking again with the same token is safe, however late; showing it after its
   * successor was used looks like theft.
   */
  refresh() {
    this.#refreshing ??= this.#inTurn(() => this.#refresh()).finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  #inTurn(deed) {
    const locks = globalThis.navigator?.locks;
    return locks ? locks.request(this.#key, deed) : deed();
  }

  async #refresh() {
    const refresh = this.stored_refresh;
    if (!refresh && !this.has_cookie) return this.#end(new ChatError({ code: "token_invalid", status: 401 }));
    const response = await this.#fetch(new URL("auth/refresh/", this.#base), {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ refresh }),
      signal: AbortSignal.timeout(ANSWER_MS), // the other tabs wait for this one
    }).catch(() => {
      throw ChatError.offline();
    });
    if (response.ok) return this.#renew(await readAnswer(response));
    const error = await ChatError.from(response);
    if (OVER.includes(error.code)) {
      this.#is_replaced = refresh !== this.stored_refresh; // meanwhile another tab has signed in
      this.#end(error);
    }
    throw error;
  }

  /** Another tab may have signed in another user meanwhile: then this tab's sign-in is lost, and theirs is kept. */
  #renew(answer) {
    this.#is_replaced = Boolean(this.#user_id && answer.user && answer.user.id !== this.#user_id);
    if (this.#is_replaced) {
      if (answer.refresh) this.#storage.setItem(this.#key, answer.refresh);
      return this.#end(new ChatError({ code: "token_invalid", status: 401 }));
    }
    return this.take(answer);
  }

  #end(error) {
    const had_one = this.is_signed_in;
    this.clear();
    if (had_one) this.onEnded();
    throw error;
  }
}
