import { compare, pack, sha256 } from "./canonical.js";
import { CryptoError } from "./errors.js";

const GROUPS = 12;

/** 64 hexadecimal digits for the signing key of a device, as `readDevice` gives it. @returns {Promise<string>} */
export async function fingerprint(device) {
  return Array.from(await digestOf(device), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * 60 digits in groups of 5, the same for both, from all devices of two people.
 * @param {object[]} one the devices of one of them, as `readDevice` gives them
 * @param {object[]} other
 * @returns {Promise<string>}
 */
export async function safetyNumber(one, other) {
  const people = await Promise.all([one, other].map(identityOf));
  const [first, second] = people.sort((a, b) => (a.user_id < b.user_id ? -1 : 1));
  if (first.user_id === second.user_id) throw new CryptoError("malformed", "A safety number is of two people.");
  const packed = pack("chat/safety/1", first.identity, second.identity);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", packed));
  return Array.from({ length: GROUPS }, (_, at) => groupOf(digest.subarray(5 * at, 5 * at + 5))).join(" ");
}

async function identityOf(devices) {
  const owners = new Set(devices.map(({ user_id }) => user_id));
  if (owners.size !== 1) throw new CryptoError("malformed", "An identity is the devices of one person.");
  const sorted = (await Promise.all(devices.map(digestOf))).sort(compare);
  const digests = sorted.filter((digest, at) => at === 0 || compare(digest, sorted[at - 1]) !== 0);
  const [user_id] = owners;
  return { user_id, identity: pack("chat/identity/1", user_id, digests.length, ...digests) };
}

const groupOf = (bytes) => String(bytes.reduce((value, byte) => value * 256 + byte, 0) % 100_000).padStart(5, "0");

const digestOf = ({ user_id, suite, spki }) => sha256(pack("chat/fingerprint/1", user_id, suite.name, spki.signing));
