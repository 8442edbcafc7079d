import { isBlank } from "../text.js";
import { encode, join, number } from "./canonical.js";
import { CryptoError } from "./errors.js";
import { aNumber, aText, anId, isObject, someBytes } from "./shapes.js";

export const CLASSES = Array.from({ length: 9 }, (_, power) => 256 << power);
export const COMMITMENT = new Uint8Array(32);
export const FILE_SIZE = 2 ** 40;
const CONTENT = 10_000;
const MENTIONS = 50;
const ATTACHMENTS = 10;
const HEAD = COMMITMENT.length + 4;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The plaintext of a body: JSON after zeros that commit to the key, padded so that its length says little.
 * @throws {CryptoError} `content_invalid` if it is not a body, `too_large`
 */
export function pad(body) {
  const { content, ...lists } = readBody(body);
  const filled = Object.entries(lists).filter(([, items]) => items.length);
  const text = new TextEncoder().encode(JSON.stringify({ content, ...Object.fromEntries(filled) }));
  const plaintext = new Uint8Array(sizeClass(HEAD + text.length));
  plaintext.set(join(COMMITMENT, number(text.length, 4), text));
  return plaintext;
}

/**
 * A body of which something can be seen. @throws {CryptoError} `content_invalid`: readers could not tell it from
 * nothing, and the server cannot look
 */
export function requireShown(body) {
  const read = readBody(body);
  if (isBlank(read.content) && !read.attachments.length) {
    throw new CryptoError("content_invalid", "Nothing of it can be seen.");
  }
  return read;
}

/** The body of a plaintext. @throws {CryptoError} `content_invalid` */
export function unpad(plaintext) {
  const end = HEAD + new DataView(plaintext.buffer, plaintext.byteOffset).getUint32(COMMITMENT.length);
  const is_whole = end <= plaintext.length && sizeClass(end) === plaintext.length;
  if (!isCommitted(plaintext) || !is_whole || plaintext.subarray(end).some((byte) => byte !== 0)) {
    throw new CryptoError("content_invalid");
  }
  return readBody(readJson(plaintext.subarray(HEAD, end), "content_invalid"));
}

/** Whether it begins with the zeros without which a ciphertext could open under two keys. */
export function isCommitted(plaintext) {
  return plaintext.subarray(0, COMMITMENT.length).every((byte) => byte === 0);
}

/** Strict JSON in UTF-8. @throws {CryptoError} `code` */
export function readJson(data, code) {
  try {
    return JSON.parse(utf8.decode(data));
  } catch {
    throw new CryptoError(code);
  }
}

function sizeClass(size) {
  const least = CLASSES.find((each) => size <= each);
  if (!least) throw new CryptoError("too_large");
  return least;
}

/** The fields that a body has, each checked; others are left out. */
function readBody(body) {
  if (!isObject(body)) throw new CryptoError("content_invalid");
  try {
    return {
      content: aText(body.content, 0, CONTENT),
      mentions: few(body.mentions, MENTIONS).map(anId),
      attachments: few(body.attachments, ATTACHMENTS).map(readAttachment),
    };
  } catch (error) {
    throw new CryptoError("content_invalid", error.message);
  }
}

function few(items = [], most) {
  if (!Array.isArray(items) || items.length > most) throw new CryptoError("malformed");
  return items;
}

function readAttachment(value) {
  if (!isObject(value)) throw new CryptoError("malformed");
  return {
    upload_id: anId(value.upload_id),
    key: encode(someBytes(value.key, 32)),
    nonce: encode(someBytes(value.nonce, 7)),
    digest: encode(someBytes(value.digest, 32)),
    name: aText(value.name, 1, 255),
    mime_type: aText(value.mime_type, 1, 127),
    size: aNumber(value.size, 0, FILE_SIZE),
  };
}
