const AT_ONCE = 100;

/**
 * Addresses of files that an element of this page can show. On the server's own pages a cookie opens them as they are;
 * elsewhere they are signed, for some minutes. What is asked for at the same moment is one request.
 */
export class Links {
  #api;
  #base;
  #has_cookie;
  /** What was signed, by address, and until when it is given out again. */ #held = new Map();
  #batch = null;

  /** @param {{api: Api, base: URL, has_cookie: boolean}} options */
  constructor({ api, base, has_cookie }) {
    this.#api = api;
    this.#base = base;
    this.#has_cookie = has_cookie;
  }

  /** @param {string} url as answers and events have it @returns {Promise<string>} @throws {ChatError} */
  async to(url) {
    const { href, origin, pathname } = new URL(url, this.#base);
    const is_file = origin === this.#base.origin && pathname.startsWith("/api/v1/");
    if (this.#has_cookie || !is_file) return href;
    const held = this.#held.get(href);
    return held?.until > Date.now() ? held.link : this.#ask(href);
  }

  /** Forget all links: the user signs out. */
  clear() {
    this.#held.clear();
  }

  #ask(href) {
    const batch = (this.#batch ??= this.#begin());
    batch.urls.push(href);
    if (batch.urls.length === AT_ONCE) this.#batch = null;
    const held = { until: Infinity };
    held.link = batch.signed.then(({ links, until }) => {
      held.until = until;
      return links.get(href);
    });
    held.link.catch(() => this.#held.delete(href));
    this.#held.set(href, held);
    return held.link;
  }

  #begin() {
    const urls = [];
    return { urls, signed: Promise.resolve().then(() => this.#sign(urls)) };
  }

  async #sign(urls) {
    this.#batch = null;
    const { links, expires_in } = await this.#api.post("media/links/", { urls });
    return { links: new Map(urls.map((url, place) => [url, links[place]])), until: Date.now() + expires_in * 500 };
  }
}
