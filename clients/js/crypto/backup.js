import { COMMITMENT, isCommitted, readJson } from "./body.js";
import { readDevice } from "./bundles.js";
import { decode, encode, join, pack, random } from "./canonical.js";
import { CryptoError, orRefuse } from "./errors.js";
import { LEAST_ROUNDS, deriveKey, readParameters } from "./kdf.js";
import { anId, exactly, isObject, someBytes, versioned } from "./shapes.js";
import { importPrivate } from "./suites.js";

const SALT = 16;
const NONCE = 12;
const LEAST = COMMITMENT.length + 1 + 16;
const MOST = 256 * 1024;
const PASSPHRASE = 12;
const KDF = "pbkdf2-sha256";

/**
 * A blob that anybody may keep.
 * @param {object} backup
 * @param {string} backup.user_id
 * @param {object[]} backup.keys `{device, bundle, encryption_key, signing_key}` with PKCS8 as base64url
 * @param {string} backup.passphrase
 * @param {object} [backup.notes] what the client wants to find again
 * @throws {CryptoError} `passphrase_short`, `kdf_refused`, `too_large`
 */
export async function wrapBackup({ user_id, keys, passphrase, notes = {}, rounds }) {
  const parameters = requireStrength({ passphrase, rounds });
  const [salt, nonce] = [random(SALT), random(NONCE)];
  const made_at = new Date().toISOString();
  const text = new TextEncoder().encode(JSON.stringify({ made_at, keys, notes }));
  const key = await deriveKey(passphrase, salt, parameters, "encrypt");
  const algorithm = { name: "AES-GCM", iv: nonce, additionalData: bound(user_id, KDF, parameters, salt) };
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, join(COMMITMENT, text)));
  if (ciphertext.length > MOST) throw new CryptoError("too_large");
  return { v: 1, kdf: KDF, ...parameters, salt: encode(salt), nonce: encode(nonce), ciphertext: encode(ciphertext) };
}

/**
 * What is in a blob of this person: own devices, the present one first, whose keys do not leave WebCrypto again.
 * @returns {Promise<{devices: object[], made_at: string, notes: object}>}
 * @throws {CryptoError} `kdf_refused` before any work, `unsupported`, `backup_invalid`
 */
export async function openBackup({ blob, user_id, passphrase }) {
  const { keys, made_at, notes } = await readBackup({ blob, user_id, passphrase });
  return { devices: await Promise.all(keys.map((each) => loadDevice(each, user_id))), made_at, notes };
}

/** The same under another passphrase: keys that are in use cannot be wrapped again, those in a blob can. */
export async function rewrapBackup({ blob, user_id, passphrase, new_passphrase, rounds }) {
  const { keys, notes } = await readBackup({ blob, user_id, passphrase });
  return wrapBackup({ user_id, keys, notes, passphrase: new_passphrase, rounds });
}

/** `{keys, made_at, notes}` with private keys as they stand in the blob: let them go as soon as possible. */
export async function readBackup({ blob, user_id, passphrase }) {
  const parameters = readParameters(versioned(blob, 1));
  exactly(blob, "v", "kdf", ...Object.keys(parameters), "salt", "nonce", "ciphertext");
  const [salt, nonce] = [someBytes(blob.salt, SALT), someBytes(blob.nonce, NONCE)];
  const ciphertext = readCiphertext(blob.ciphertext);
  const algorithm = { name: "AES-GCM", iv: nonce, additionalData: bound(user_id, blob.kdf, parameters, salt) };
  const key = await deriveKey(passphrase, salt, parameters, "decrypt");
  const opening = crypto.subtle.decrypt(algorithm, key, ciphertext);
  const plaintext = new Uint8Array(await orRefuse("backup_invalid", opening));
  if (!isCommitted(plaintext)) throw new CryptoError("backup_invalid");
  return readContent(readJson(plaintext.subarray(COMMITMENT.length), "malformed"));
}

/** The parameters for a passphrase that may be used. @throws {CryptoError} `passphrase_short`, `kdf_refused` */
export function requireStrength({ passphrase, rounds = LEAST_ROUNDS }) {
  if ([...passphrase].length < PASSPHRASE) throw new CryptoError("passphrase_short");
  return readParameters({ kdf: KDF, rounds });
}

function bound(user_id, kdf, parameters, salt) {
  return pack("chat/backup/1", anId(user_id), kdf, ...Object.values(parameters), salt);
}

function readCiphertext(text) {
  const ciphertext = decode(text);
  if (ciphertext.length > MOST) throw new CryptoError("too_large");
  if (ciphertext.length < LEAST) throw new CryptoError("bad_length");
  return ciphertext;
}

function readContent(content) {
  if (!isObject(content) || !Array.isArray(content.keys)) throw new CryptoError("malformed");
  const { keys, made_at, notes = {} } = content;
  if (typeof made_at !== "string" || !isObject(notes)) throw new CryptoError("malformed");
  return { keys, made_at, notes };
}

async function loadDevice(value, user_id) {
  const fields = exactly(value, "device", "bundle", "encryption_key", "signing_key");
  const { id, bundle, suite } = await readDevice({ id: fields.device, user_id, bundle: fields.bundle });
  const encryption_key = await importPrivate(suite.encryption, decode(fields.encryption_key));
  const signing_key = await importPrivate(suite.signing, decode(fields.signing_key));
  return { id, user_id, bundle, encryption_key, signing_key };
}
