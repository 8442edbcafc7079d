import { makeDevice, openBackup, rewrapBackup, signRotation } from "../crypto/index.js";
import { refusal } from "./refusals.js";

const PATH = "encryption/backup/";

/** The own keys in a blob at the server, wrapped here under a passphrase that it never sees. */
export class Backups {
  /** Whether there is one, as far as is known: `unknown`, `none` or `kept`. */
  state = "unknown";
  /** The server counts how often it is asked for the blob, so it is asked once. */
  #kept;
  #api;
  #logs;
  #user_id;
  #sealing;

  constructor({ api, logs, user_id, sealing }) {
    this.#api = api;
    this.#logs = logs;
    this.#user_id = user_id;
    this.#sealing = sealing;
  }

  /**
   * What the server keeps: `{version, updated_at, blob}`, or null.
   * @param {string} [password] of the account, where the sign-in is not fresh
   * @throws {ChatError} `reauthentication_required` when it wants the password
   */
  async read(password) {
    if (this.#kept !== undefined) return this.#kept;
    const asking = password ? this.#api.post(PATH, { password }) : this.#api.get(PATH);
    return this.#know(
      await asking.catch((error) => {
        if (error.status !== 404) throw error;
        return null;
      }),
    );
  }

  /**
   * Start a backup: this device gets new keys, because those in use cannot be read by anyone. They go into
   * the blob with those of the backup there is, whose passphrase it then has to be.
   * @throws {CryptoError | ChatError} `passphrase_short`, `backup_invalid` for a wrong passphrase
   */
  async begin({ passphrase, password }) {
    const { own, trouble } = this.#sealing;
    if (!own.present) throw trouble ?? refusal("no_device");
    const kept = await this.read(password);
    const { suite } = own.present.bundle;
    const previous = kept?.blob ?? null;
    const made = await makeDevice({ user_id: this.#user_id, suite, passphrase, previous });
    await this.#put(made.backup, kept?.version);
    const { signature, new: bundle } = await signRotation({ device: own.present, next: made.device });
    const body = { device_id: own.present.id, bundle, signature };
    await own.rotate(made.device, () => this.#api.put("encryption/public-key/", body));
    if (kept) await this.#restore(kept.blob, passphrase);
  }

  /**
   * Read with the keys of the backup too.
   * @returns {Promise<?{count: number, has_this: boolean}>} how many keys are new here, and whether the backup has
   *   those of this device; null where there is no backup
   * @throws {CryptoError | ChatError} `backup_invalid` for a wrong passphrase
   */
  async restore({ passphrase, password }) {
    const kept = await this.read(password);
    return kept && this.#restore(kept.blob, passphrase);
  }

  /** Another passphrase for the same keys. */
  async change({ passphrase, new_passphrase, password }) {
    const { blob, version } = await this.read(password);
    const user_id = this.#user_id;
    await this.#put(await rewrapBackup({ blob, user_id, passphrase, new_passphrase }), version);
  }

  /** Keep none any more. */
  async end({ password }) {
    const kept = await this.read(password);
    if (kept) await this.#write("DELETE", { headers: { "If-Match": `"${kept.version}"` } });
    this.#know(null);
  }

  async #put(blob, version) {
    const headers = version ? { "If-Match": `"${version}"` } : { "If-None-Match": "*" };
    this.#know({ ...(await this.#write("PUT", { body: blob, headers })), blob });
  }

  /** Another device may have replaced it meanwhile: then it is to be read again. */
  async #write(method, request) {
    return this.#api.request(method, PATH, request).catch((error) => {
      this.#kept = undefined;
      throw error;
    });
  }

  #know(kept) {
    this.#kept = kept;
    this.state = kept ? "kept" : "none";
    return kept;
  }

  async #restore(blob, passphrase) {
    const { devices } = await openBackup({ blob, user_id: this.#user_id, passphrase });
    const { present } = this.#sealing.own;
    const has_this = devices.some(({ bundle }) => bundle.signature === present?.bundle.signature);
    return { count: await this.#sealing.keep(await this.#named(devices)), has_this };
  }

  /** The same keys may have been shown by several sign-ins: the own key log knows under which ids. */
  async #named(devices) {
    const lines = await this.#logs.latest(this.#user_id);
    return devices.flatMap((device) => {
      const ids = lines
        .filter(({ bundle }) => bundle.signature === device.bundle.signature)
        .map((line) => line.device_id);
      return [...new Set([device.id, ...ids])].filter(Boolean).map((id) => ({ ...device, id }));
    });
  }
}
