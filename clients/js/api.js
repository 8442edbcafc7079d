import { ChatError } from "./errors.js";

/** The REST side: one method, which signs requests, refreshes once on 401 and throws `ChatError`. */
export class Api {
  #fetch;
  #base;
  #session;

  constructor({ base, fetch, session }) {
    this.#base = base;
    this.#fetch = fetch;
    this.#session = session;
  }

  /**
   * @param {string} method
   * @param {string} path below `/api/v1/`, or a `next` link as the server gave it
   * @param {{body?: object, query?: object, signed?: boolean}} [options]
   * @returns {Promise<any>} the decoded answer, null for 204
   * @throws {ChatError}
   */
  async request(method, path, { body, query = {}, signed = true } = {}) {
    const url = new URL(path, this.#base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== null) url.searchParams.set(name, value);
    }
    let response = await this.#send(method, url, body, signed);
    if (response.status === 401 && signed) {
      await this.#session.refresh();
      response = await this.#send(method, url, body, signed);
    }
    if (!response.ok) throw await ChatError.from(response);
    return response.status === 204 ? null : response.json();
  }

  async #send(method, url, body, signed) {
    const headers = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (signed) headers.Authorization = `Bearer ${await this.#session.token()}`;
    const init = { method, headers, credentials: "same-origin", cache: "no-store" };
    if (body !== undefined) init.body = JSON.stringify(body);
    return this.#fetch(url, init).catch(() => {
      throw ChatError.offline();
    });
  }

  get(path, query) {
    return this.request("GET", path, { query });
  }

  post(path, body = {}) {
    return this.request("POST", path, { body });
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
