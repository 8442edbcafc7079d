import { forgetDevice, loadDevice, makeDevice, saveDevice } from "../crypto/index.js";

/**
 * The keys of this browser, and those it had before, by the ids that the server gave: they never leave it. Each sign-in
 * is another device to the server, with the same keys.
 */
export class OwnDevices {
  /** The device that seals; null until the server has named it. */
  present = null;
  /** Devices whose messages are still to be read. @type {object[]} */
  earlier = [];
  #api;
  #storage;
  #user_id;
  /** Keys that this page or another one is registering with the server. */ #next = null;

  constructor({ api, storage, user_id }) {
    this.#api = api;
    this.#storage = storage;
    this.#user_id = user_id;
  }

  /** What opens messages: the present device, then earlier ones. */
  get all() {
    return [this.present, this.#next, ...this.earlier].filter(Boolean);
  }

  /** Whether these are keys of this browser. */
  has(keys) {
    const is_same = (name) => (one) => one.bundle[name] === keys[name];
    return this.all.filter(is_same("encryption_key")).some(is_same("signing_key"));
  }

  /** Take up what is kept here. */
  async load() {
    const kept = await loadDevice(this.#storage, this.#user_id);
    this.earlier = (await this.#storage.get(this.#earlier_key)) ?? [];
    this.present = kept?.id ? kept : null;
    const next = await this.#storage.get(this.#next_key);
    this.#next = next && kept?.id ? { ...next, id: kept.id } : null;
  }

  /**
   * Be a device at the server: with the keys that are here, else with new ones.
   * @param {() => Promise<string>} nameOf tells what a new device is called
   * @throws {ChatError} `rate_limited`, `conflict` when a person has too many
   */
  async register(nameOf) {
    const kept = (await loadDevice(this.#storage, this.#user_id)) ?? (await this.#make());
    const { devices } = await this.#api.get("encryption/devices/");
    const here = devices.find(({ is_current }) => is_current);
    const next = await this.#storage.get(this.#next_key);
    if (next && here && isSame(next, here)) return this.#become({ ...next, id: here.id });
    if (next) await this.keep([{ ...next, id: here?.id ?? kept.id }]); // it may have been used
    await this.#storage.delete(this.#next_key);
    if (here && isSame(kept, here)) return this.#become({ ...kept, id: here.id });
    const { id } = await this.#api.post("encryption/devices/", { ...kept.bundle, name: await nameOf() });
    return this.#become({ ...kept, id });
  }

  /** Use other keys from now on. @param {object} next made before @param {() => Promise<void>} tell the server */
  async rotate(next, tell) {
    await this.#storage.put(this.#next_key, next); // the answer may be lost
    await tell();
    await this.#become({ ...next, id: this.present.id });
  }

  /** Read with these too. @param {object[]} devices */
  async keep(devices) {
    const known = [this.present, ...this.earlier].filter(Boolean);
    const fresh = devices.filter((device) => device.id && !known.some((one) => isOne(one, device)));
    this.earlier = [...this.earlier, ...fresh];
    await this.#storage.put(this.#earlier_key, this.earlier);
    return fresh.length;
  }

  /** Two pages may begin at once: the keys of the first are those of both. */
  async #make() {
    const { device } = await makeDevice({ user_id: this.#user_id });
    return this.#storage.putFirst(`device/${this.#user_id}`, device);
  }

  async #become(device) {
    const before = this.present ?? (await loadDevice(this.#storage, this.#user_id));
    if (before?.id && !isOne(before, device)) {
      this.earlier = [before, ...this.earlier];
      await this.#storage.put(this.#earlier_key, this.earlier);
    }
    await saveDevice(this.#storage, device);
    await this.#storage.delete(this.#next_key);
    this.#next = null;
    this.present = device;
  }

  /** Leave nothing behind. */
  async forget() {
    await forgetDevice(this.#storage, this.#user_id);
    await this.#storage.delete(this.#earlier_key);
  }

  get #earlier_key() {
    return `earlier/${this.#user_id}`;
  }

  get #next_key() {
    return `next/${this.#user_id}`;
  }
}

const isSame = (one, other) => one.bundle.signature === other.bundle.signature;

/** Whether two are the same device with the same keys. */
export const isOne = (one, other) => one.id === other.id && isSame(one, other);
