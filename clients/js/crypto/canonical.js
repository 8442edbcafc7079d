import { CryptoError } from "./errors.js";

const SLICE = 0x8000;
const utf8 = new TextEncoder();

/** Base64url without padding. @param {Uint8Array} data */
export function encode(data) {
  let binary = "";
  for (let at = 0; at < data.length; at += SLICE) binary += String.fromCharCode(...data.subarray(at, at + SLICE));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The bytes of canonical base64url; throws `malformed` if it is not text, else `bad_encoding`. */
export function decode(text) {
  if (typeof text !== "string") throw new CryptoError("malformed");
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) throw new CryptoError("bad_encoding");
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const data = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  if (encode(data) !== text) throw new CryptoError("bad_encoding");
  return data;
}

/**
 * The domain and each field, preceded by its length: fields cannot run into each other.
 * @param {...(string | number | Uint8Array)} fields text is UTF-8, a number 8 bytes, big endian
 */
export function pack(...fields) {
  return join(...fields.map(bytesOf).flatMap((data) => [number(data.length, 4), data]));
}

/** A number in so many bytes, big endian. */
export function number(value, size) {
  const data = new Uint8Array(size);
  for (let at = size; at > 0 && value > 0; value = Math.floor(value / 256)) data[--at] = value % 256;
  return data;
}

/** @param {...Uint8Array} parts */
export function join(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Which of two comes first, byte by byte. Of nothing secret: it stops at the first difference. */
export function compare(one, other) {
  const size = Math.min(one.length, other.length);
  for (let at = 0; at < size; at++) if (one[at] !== other[at]) return one[at] - other[at];
  return one.length - other.length;
}

export const isEqual = (one, other) => compare(one, other) === 0;

export const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));

export const random = (size) => crypto.getRandomValues(new Uint8Array(size));

function bytesOf(field) {
  if (typeof field === "number") return number(field, 8);
  return typeof field === "string" ? utf8.encode(field) : field;
}
