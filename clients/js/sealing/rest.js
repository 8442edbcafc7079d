const ALGORITHM = "AES-GCM";

/**
 * What is written in end-to-end conversations and not sent yet, as it may lie on the disk of this browser: under a key of
 * one person that never leaves its storage, like the keys of their device. Without that key it is noise.
 */
export class AtRest {
  #storage;
  #place;
  #key = null;

  constructor({ storage, user_id }) {
    this.#storage = storage;
    this.#place = `rest/${user_id}`;
  }

  /** @param {object} value what JSON can say @returns {Promise<{nonce: number[], data: number[]}>} */
  async hide(value) {
    const nonce = crypto.getRandomValues(new Uint8Array(12));
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const data = await crypto.subtle.encrypt({ name: ALGORITHM, iv: nonce }, await this.#keyHere(), bytes);
    return { nonce: Array.from(nonce), data: Array.from(new Uint8Array(data)) };
  }

  /** @returns {Promise<?object>} null where it was hidden under a key that is gone */
  async show({ nonce, data }) {
    const iv = new Uint8Array(nonce);
    const opening = crypto.subtle.decrypt({ name: ALGORITHM, iv }, await this.#keyHere(), new Uint8Array(data));
    const bytes = await opening.catch(() => null);
    return bytes && JSON.parse(new TextDecoder().decode(bytes));
  }

  /** Nothing that was hidden is ever shown again. */
  async forget() {
    this.#key = null;
    await this.#storage.delete(this.#place);
  }

  #keyHere() {
    this.#key ??= this.#load();
    return this.#key;
  }

  async #load() {
    const make = () => crypto.subtle.generateKey({ name: ALGORITHM, length: 256 }, false, ["encrypt", "decrypt"]);
    return (await this.#storage.get(this.#place)) ?? this.#storage.putFirst(this.#place, await make());
  }
}
