import { CryptoError } from "./errors.js";
import { aNumber, aText } from "./shapes.js";

export const LEAST_ROUNDS = 600_000;
const MOST_ROUNDS = 10_000_000;
const ARGON2ID = { memory_kib: 64 * 1024, passes: 3, lanes: 4 };

/**
 * The parameters that a blob names, in the order in which they are bound; before any work is done.
 * @throws {CryptoError} `kdf_refused`; `unsupported` for `argon2id`, which WebCrypto does not have
 */
export function readParameters(blob) {
  if (blob.kdf === "pbkdf2-sha256") {
    const rounds = aNumber(blob.rounds);
    if (rounds < LEAST_ROUNDS || rounds > MOST_ROUNDS) throw new CryptoError("kdf_refused");
    return { rounds };
  }
  if (blob.kdf !== "argon2id") throw new CryptoError("kdf_refused");
  for (const [name, value] of Object.entries(ARGON2ID)) {
    if (aNumber(blob[name]) !== value) throw new CryptoError("kdf_refused");
  }
  throw new CryptoError("unsupported");
}

/** The key of a backup, from a passphrase in whatever form a keyboard gives it. */
export async function deriveKey(passphrase, salt, { rounds }, usage) {
  const secret = new TextEncoder().encode(aText(passphrase, 0, Infinity).normalize("NFKC"));
  const known = await crypto.subtle.importKey("raw", secret, "PBKDF2", false, ["deriveKey"]);
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds };
  return crypto.subtle.deriveKey(derivation, known, { name: "AES-GCM", length: 256 }, false, [usage]);
}
