import { decode } from "./canonical.js";
import { CryptoError } from "./errors.js";

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const CLIENT_ID_SIZE = 64;
const LONE_SURROGATE = /\p{Surrogate}/u;

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** An object with these fields and no other. */
export function exactly(value, ...names) {
  const is_exact = isObject(value) && Object.keys(value).length === names.length;
  if (!is_exact || !names.every((name) => Object.hasOwn(value, name))) throw new CryptoError("malformed");
  return value;
}

/** An object of one of these versions of the format. */
export function versioned(value, ...versions) {
  if (!isObject(value) || !Object.hasOwn(value, "v")) throw new CryptoError("malformed");
  if (!versions.includes(value.v)) throw new CryptoError("unknown_version");
  return value;
}

export function anId(value) {
  if (typeof value !== "string" || !ID.test(value)) throw new CryptoError("malformed");
  return value;
}

export const aClientId = (value) => aText(value, 1, CLIENT_ID_SIZE);

/** Text of so many characters, without lone surrogates. */
export function aText(value, least, most) {
  if (typeof value !== "string" || LONE_SURROGATE.test(value)) throw new CryptoError("malformed");
  const size = [...value].length;
  if (size < least || size > most) throw new CryptoError("malformed");
  return value;
}

export function aNumber(value, least = 0, most = Number.MAX_SAFE_INTEGER) {
  if (!Number.isSafeInteger(value) || value < least || value > most) throw new CryptoError("malformed");
  return value;
}

/** The bytes of a binary field that has one of these lengths; throws `bad_encoding` or `bad_length`. */
export function someBytes(value, ...sizes) {
  const data = decode(value);
  if (!sizes.includes(data.length)) throw new CryptoError("bad_length");
  return data;
}
