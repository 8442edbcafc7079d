import { pack, sha256 } from "./canonical.js";
import { CryptoError } from "./errors.js";
import { aNumber, anId, exactly } from "./shapes.js";

const MOST = 256;
const HASH = /^[0-9a-f]{64}$/;

/**
 * Where the members' key logs ended for the sender of a message: `{user, number, hash}` of each, ascending by
 * user.
 * @throws {CryptoError} `malformed`, `too_large`, `heads_unsorted`
 */
export function readHeads(value) {
  if (!Array.isArray(value) || !value.length) throw new CryptoError("malformed");
  if (value.length > MOST) throw new CryptoError("too_large");
  const heads = value.map(readHead);
  if (heads.some(({ user }, at) => at > 0 && user <= heads[at - 1].user)) throw new CryptoError("heads_unsorted");
  return heads;
}

/** The 32 bytes that stand for these heads in the context of a message. */
export function digestOfHeads(heads) {
  const flat = heads.flatMap(({ user, number, hash }) => [user, number, hash]);
  return sha256(pack("chat/heads/1", heads.length, ...flat));
}

/** Whether a head is a line of this log, given the hashes of its lines. Before the first line all logs are the same. */
export const isHeadOf = ({ number, hash }, hashes) => (number === 0 ? "" : hashes[number - 1]) === hash;

function readHead(value) {
  const { user, number, hash } = exactly(value, "user", "number", "hash");
  const is_hash = typeof hash === "string" && (aNumber(number) === 0 ? hash === "" : HASH.test(hash));
  if (!is_hash) throw new CryptoError("malformed");
  return { user: anId(user), number, hash };
}
