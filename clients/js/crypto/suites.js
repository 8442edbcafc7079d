import { curve } from "./curve.js";
import { CryptoError, orRefuse } from "./errors.js";
import { rsa } from "./rsa.js";

/**
 * A suite is `{name, key_size, wrap_size, signature_size, encryption, signing, signature}`: sizes in bytes, two kinds
 * of keys as WebCrypto wants them, and the parameters of a signature; with `arePublicKeys(encryption_key,
 * signing_key)` for SPKI, `wrap(encryption_key, secret, info)` and `unwrap(private_key, wrapped, info)`.
 */
export const SUITES = { [rsa.name]: rsa, [curve.name]: curve };
export const RSA = rsa.name;
export const CURVE = curve.name;

const support = new Map();

/** @param {string} name @throws {CryptoError} `unknown_suite` */
export function suiteOf(name) {
  if (typeof name !== "string") throw new CryptoError("malformed");
  if (!Object.hasOwn(SUITES, name)) throw new CryptoError("unknown_suite");
  return SUITES[name];
}

/** Whether this machine can do what the suite needs; tried once. @param {string} name @returns {Promise<boolean>} */
export function isSupported(name) {
  if (!support.has(name)) support.set(name, attempt(suiteOf(name)));
  return support.get(name);
}

/** The names of the suites that this machine can do. @returns {Promise<string[]>} */
export async function supportedSuites() {
  const names = Object.keys(SUITES);
  const able = await Promise.all(names.map(isSupported));
  return names.filter((_, at) => able[at]);
}

/** Making keys of curves is quick, and tells; RSA has been everywhere for ten years. */
async function attempt(suite) {
  if (!globalThis.crypto?.subtle) return false;
  if (suite === rsa) return true;
  try {
    await Promise.all([generate(suite.encryption, false), generate(suite.signing, false)]);
    return true;
  } catch {
    return false;
  }
}

/** @throws {CryptoError} `unsupported` */
export async function requireSupport(suite) {
  if (!(await isSupported(suite.name))) throw new CryptoError("unsupported");
}

/** A new pair of keys of a kind. */
export function generate({ algorithm, public_usages, private_usages }, extractable) {
  return crypto.subtle.generateKey(algorithm, extractable, [...public_usages, ...private_usages]);
}

export function importPublic({ algorithm, public_usages }, spki) {
  return orRefuse("bad_key", crypto.subtle.importKey("spki", spki, algorithm, true, public_usages));
}

/** A private key that never leaves WebCrypto again. */
export function importPrivate({ algorithm, private_usages }, pkcs8) {
  return orRefuse("bad_key", crypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, private_usages));
}

export async function sign(suite, private_key, data) {
  return new Uint8Array(await crypto.subtle.sign(suite.signature, private_key, data));
}

/** @throws {CryptoError} `code` when this key has not signed this */
export async function requireSignature(suite, public_key, signature, data, code) {
  const is_valid = await orRefuse(code, crypto.subtle.verify(suite.signature, public_key, signature, data));
  if (!is_valid) throw new CryptoError(code);
}
