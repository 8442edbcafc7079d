import { ChatError } from "../errors.js";
import { asRefusal } from "./refusals.js";

const AGAIN_MS = 3_000;

/** What was opened here, in memory alone: each envelope once, when it is shown. */
export class Opened {
  #known = new Map();

  /**
   * What is known of something sealed: `{body}`, `{code}` of a refusal, or `{code: "opening"}`, which is begun then.
   * @param {string} key says what it is, and where it stands
   * @param {() => Promise<object>} open gives the body
   * @param {() => void} changed is called when more is known
   */
  look(key, open, changed) {
    if (!this.#known.has(key)) {
      this.#known.set(key, { code: "opening" });
      this.#open(key, open, changed);
    }
    return this.#known.get(key);
  }

  /** What was just sealed needs no opening. */
  put(key, body) {
    this.#known.set(key, { body });
  }

  /** There are other keys now: what was refused may open. */
  retry() {
    for (const [key, { body, code }] of this.#known) if (!body && code !== "opening") this.#known.delete(key);
  }

  /** Forget all. */
  clear() {
    this.#known = new Map();
  }

  /** Without an answer it is not known; it is requested again while it is shown. */
  async #open(key, open, changed) {
    const known = this.#known;
    try {
      known.set(key, { body: await open() });
    } catch (error) {
      if (error instanceof ChatError && (error.is_unanswered || error.is_passing)) {
        setTimeout(() => known.delete(key) && changed(), AGAIN_MS);
        return;
      }
      known.set(key, { code: asRefusal(error).code });
    }
    changed();
  }
}
