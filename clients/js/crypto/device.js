import { readBackup, requireStrength, wrapBackup } from "./backup.js";
import { signBundle } from "./bundles.js";
import { encode } from "./canonical.js";
import { anId } from "./shapes.js";
import { RSA, generate, importPrivate, requireSupport, suiteOf } from "./suites.js";

/**
 * Your own device: `{id: null, user_id, bundle, encryption_key, signing_key}`. Register the bundle, set the `id`
 * that the server gives it, and `saveDevice`. The private keys cannot be read by anybody, this page included; with a
 * passphrase they are put into a backup before.
 * @param {object} options
 * @param {string} options.user_id
 * @param {string} [options.suite] a name; see `supportedSuites`
 * @param {string} [options.passphrase] makes the backup
 * @param {object} [options.previous] the backup there was, under the same passphrase: its keys go into the new one
 * @param {object} [options.notes] for the backup
 * @returns {Promise<{device: object, backup: ?object}>}
 * @throws {CryptoError} `unsupported`, and those of `openBackup` and `wrapBackup`
 */
export async function makeDevice({ user_id, suite: name = RSA, passphrase = null, previous = null, notes, rounds }) {
  const suite = suiteOf(name);
  await requireSupport(suite);
  const is_backed_up = passphrase !== null;
  if (is_backed_up) requireStrength({ passphrase, rounds });
  const pairs = await Promise.all([suite.encryption, suite.signing].map((kind) => generate(kind, is_backed_up)));
  const [encryption, signing] = await Promise.all(pairs.map(({ publicKey }) => exported("spki", publicKey)));
  const bundle = await signBundle(suite, anId(user_id), { encryption, signing }, pairs[1].privateKey);
  const device = { id: null, user_id, bundle, encryption_key: pairs[0].privateKey, signing_key: pairs[1].privateKey };
  if (!is_backed_up) return { device, backup: null };
  const earlier = previous ? await readBackup({ blob: previous, user_id, passphrase }) : { keys: [] };
  const { mine, sealed } = await closed(suite, device);
  const keys = [mine, ...earlier.keys];
  const backup = await wrapBackup({ user_id, keys, passphrase, notes: notes ?? earlier.notes, rounds });
  return { device: sealed, backup };
}

/** The keys of a device as they go into a backup, and the device with keys that cannot be read any more. */
async function closed(suite, device) {
  const encryption = await exported("pkcs8", device.encryption_key);
  const signing = await exported("pkcs8", device.signing_key);
  const { bundle } = device;
  return {
    mine: { device: null, bundle, encryption_key: encode(encryption), signing_key: encode(signing) },
    sealed: {
      ...device,
      encryption_key: await importPrivate(suite.encryption, encryption),
      signing_key: await importPrivate(suite.signing, signing),
    },
  };
}

const exported = async (format, key) => new Uint8Array(await crypto.subtle.exportKey(format, key));
