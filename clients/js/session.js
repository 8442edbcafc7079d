import { ChatError } from "./errors.js";

const STORED = "chat.refresh";
const EARLY_MS = 15_000;

/**
 * The tokens of one sign-in. The access token lives in memory only. The refresh token lives in the
 * server's HttpOnly cookie; where the server answers with it in the body instead, in `storage`.
 */
export class Session {
  #access = null;
  #good_until = 0;
  #refreshing = null;
  #fetch;
  #base;
  #storage;

  /** Called once when the server has ended this session. */
  onEnded = () => {};

  constructor({ base, fetch, storage }) {
    this.#base = base;
    this.#fetch = fetch;
    this.#storage = storage;
  }

  get is_signed_in() {
    return this.#access !== null;
  }

  /** Keep the tokens of a `verify/`, `login/`, `register/` or `refresh/` answer. */
  take({ access, access_expires_in = 300, refresh }) {
    this.#access = access;
    this.#good_until = Date.now() + access_expires_in * 1000;
    if (refresh) this.#storage?.setItem(STORED, refresh);
    else this.#storage?.removeItem(STORED);
  }

  clear() {
    this.#access = null;
    this.#storage?.removeItem(STORED);
  }

  /** An access token that is good for a while. @returns {Promise<string>} */
  async token() {
    if (Date.now() > this.#good_until - EARLY_MS) await this.refresh();
    return this.#access;
  }

  /** The stored refresh token, which `logout/` wants where there is no cookie. */
  get stored_refresh() {
    return this.#storage?.getItem(STORED) ?? undefined;
  }

  /**
   * Ask for a new pair. Callers at the same moment share one request. When the answer is lost, asking again
   * with the same token is safe, however late; showing it after its successor was used looks like theft.
   */
  refresh() {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #refresh() {
    const response = await this.#fetch(new URL("auth/refresh/", this.#base), {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ refresh: this.stored_refresh }),
    }).catch(() => {
      throw ChatError.offline();
    });
    if (response.ok) return this.take(await response.json());
    const error = await ChatError.from(response);
    if ([400, 401, 403].includes(error.status)) this.#end();
    throw error;
  }

  #end() {
    const had_one = this.is_signed_in;
    this.clear();
    if (had_one) this.onEnded();
  }
}
