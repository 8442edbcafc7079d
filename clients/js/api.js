import { ChatError, readAnswer } from "./errors.js";
import { newId } from "./ids.js";
import { fetchTelling } from "./upload.js";

/** As long as the server may take for a command, and then some; files take as long as they take. */
const ANSWER_MS = 30_000;

/** The REST side: one method, which signs requests, refreshes once on 401 and throws `ChatError`. */
export class Api {
  #fetch;
  #base;
  #session;
  #unanswered = new Map();

  constructor({ base, fetch, session }) {
    this.#base = base;
    this.#fetch = fetch;
    this.#session = session;
  }

  /**
   * @param {string} method
   * @param {string} path below `/api/v1/`, or a `next` link as the server gave it
   * @param {{body?: object | FormData, query?: object, signed?: boolean, headers?: object,
   *   onProgress?: (share: number) => void, signal?: AbortSignal}} [options] `onProgress` is called with how much of the
   *   body was sent, from 0 to 1, where there is `XMLHttpRequest`; `signal` gives the request up
   * @returns {Promise<any>} the decoded answer, null for 204
   * @throws {ChatError}
   */
  async request(method, path, { body, query = {}, signed = true, headers, onProgress, signal } = {}) {
    const url = new URL(path, this.#base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== null) url.searchParams.set(name, value);
    }
    const init = { body, signed, headers, onProgress, signal };
    const { turn } = this.#session;
    let response = await this.#send(method, url, init);
    if (response.status === 401 && signed) {
      await this.#session.refresh();
      response = await this.#send(method, url, init);
    }
    if (!response.ok) throw await ChatError.from(response);
    const answer = response.status === 204 ? null : await readAnswer(response);
    if (signed && turn !== this.#session.turn) throw ChatError.offline("Somebody else asked.");
    return answer;
  }

  async #send(method, url, { body, signed, headers: more, onProgress, signal }) {
    const headers = { Accept: "application/json", ...more };
    const is_json = body !== undefined && !(body instanceof FormData);
    if (is_json) headers["Content-Type"] = "application/json";
    if (signed) headers.Authorization = `Bearer ${await this.#session.token()}`;
    const given_up = body instanceof FormData ? signal : within(ANSWER_MS, signal);
    const init = { method, headers, credentials: "same-origin", cache: "no-store", signal: given_up };
    if (body !== undefined) init.body = is_json ? JSON.stringify(body) : body;
    const fetch = onProgress && globalThis.XMLHttpRequest ? fetchTelling(onProgress) : this.#fetch;
    return fetch(url, init).catch(() => {
      throw signal?.aborted ? ChatError.cancelled() : ChatError.offline();
    });
  }

  get(path, query) {
    return this.request("GET", path, { query });
  }

  post(path, body = {}) {
    return this.request("POST", path, { body });
  }

  /**
   * Create something, and never twice: it goes with a `client_id`, that of `body` or a new one. Until the server has
   * answered, the same is asked for under the same.
   * @param {string} path
   * @param {object | FormData} [body] a form brings its `client_id`
   * @param {object} [options] as for `request`
   */
  async create(path, body = {}, options = {}) {
    if (body instanceof FormData || body.client_id) return this.request("POST", path, { ...options, body });
    const asked = JSON.stringify([path, body]);
    const client_id = this.#unanswered.get(asked) ?? newId();
    this.#unanswered.set(asked, client_id);
    const answered = () => this.#unanswered.delete(asked);
    try {
      const made = await this.request("POST", path, { ...options, body: { ...body, client_id } });
      answered();
      return made;
    } catch (error) {
      if (!error.is_unanswered && !error.is_passing) answered();
      throw error;
    }
  }

  patch(path, body) {
    return this.request("PATCH", path, { body });
  }

  put(path, body) {
    return this.request("PUT", path, { body });
  }

  delete(path) {
    return this.request("DELETE", path);
  }

  /** Every result of a list, page after page. */
  async *list(path, query = {}) {
    let page = await this.get(path, { limit: 100, ...query });
    yield* page.results;
    while (page.next) {
      page = await this.get(page.next);
      yield* page.results;
    }
  }
}

/** A dead network refuses nothing, and leaves what is asked without an answer for many minutes. */
function within(ms, signal) {
  const deadline = AbortSignal.timeout(ms);
  return signal ? AbortSignal.any([signal, deadline]) : deadline;
}
