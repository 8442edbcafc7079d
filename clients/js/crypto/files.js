import { FILE_SIZE } from "./body.js";
import { encode, join, number, pack, random, sha256 } from "./canonical.js";
import { CryptoError, orRefuse } from "./errors.js";
import { aNumber, someBytes } from "./shapes.js";

const CHUNK = 64 * 1024;
const TAG = 16;
const BOUND = pack("chat/file/1");

/**
 * A file in chunks that cannot be cut off, moved or exchanged.
 * @param {Blob | ReadableStream<Uint8Array>} source
 * @returns {{stream: ReadableStream<Uint8Array>, secrets: Promise<object>}} what to upload, and `{key, nonce, digest,
 *   size}` for the message, known when the stream was read to its end and not before
 */
export function sealFile(source) {
  const [key, nonce] = [random(32), random(7)];
  const cipher = new Cipher("encrypt", key, nonce);
  const held = new Held();
  const seal = async (controller, size, is_last) => controller.enqueue(await cipher.seal(held.take(size), is_last));
  let size = 0;
  let told;
  const secrets = new Promise((resolve) => (told = resolve));
  const sealing = new TransformStream({
    async transform(piece, controller) {
      held.put(piece);
      size += piece.length;
      if (size > FILE_SIZE) throw new CryptoError("too_large");
      while (held.size > CHUNK) await seal(controller, CHUNK, false);
    },
    async flush(controller) {
      await seal(controller, held.size, true);
      told({ key: encode(key), nonce: encode(nonce), digest: encode(await cipher.digest(size)), size });
    },
  });
  return { stream: streamOf(source).pipeThrough(sealing), secrets };
}

/**
 * The plain file. What was read of it is good only when the stream ends without an error.
 * @param {Blob | ReadableStream<Uint8Array>} source
 * @param {{key: string, nonce: string, digest: string, size: number}} secrets as in an attachment
 * @returns {ReadableStream<Uint8Array>} fails with `file_truncated`, `file_invalid` or `file_digest`; a `Response` around it
 *   fails as well, but in browsers with an error of its own
 */
export function openFile(source, { key, nonce, digest, size }) {
  const cipher = new Cipher("decrypt", someBytes(key, 32), someBytes(nonce, 7));
  const expected = encode(someBytes(digest, 32));
  const last = Math.floor(Math.max(0, aNumber(size, 0, FILE_SIZE) - 1) / CHUNK);
  const sizeOf = (at) => (at === last ? size - CHUNK * last : CHUNK) + TAG;
  const held = new Held();
  const opening = new TransformStream({
    async transform(piece, controller) {
      held.put(piece);
      while (cipher.at <= last && held.size >= sizeOf(cipher.at)) {
        controller.enqueue(await cipher.open(held.take(sizeOf(cipher.at)), cipher.at === last));
      }
      if (cipher.at > last && held.size) throw new CryptoError("file_invalid");
    },
    async flush() {
      if (cipher.at <= last) throw new CryptoError("file_truncated");
      if (encode(await cipher.digest(size)) !== expected) throw new CryptoError("file_digest");
    },
  });
  return streamOf(source).pipeThrough(opening);
}

/** STREAM of Hoang, Reyhanitabar, Rogaway and Vizár: each nonce says which chunk it is and whether it is the last. */
class Cipher {
  at = 0;
  #key;
  #nonce;
  #hashes = [];

  constructor(usage, key, nonce) {
    this.#key = crypto.subtle.importKey("raw", key, "AES-GCM", false, [usage]);
    this.#nonce = nonce;
  }

  async seal(chunk, is_last) {
    const sealed = new Uint8Array(await crypto.subtle.encrypt(this.#next(is_last), await this.#key, chunk));
    this.#hashes.push(await sha256(sealed));
    return sealed;
  }

  async open(sealed, is_last) {
    this.#hashes.push(await sha256(sealed));
    const opening = crypto.subtle.decrypt(this.#next(is_last), await this.#key, sealed);
    return new Uint8Array(await orRefuse("file_invalid", opening));
  }

  digest(size) {
    return sha256(pack("chat/file-digest/1", this.#nonce, size, join(...this.#hashes)));
  }

  #next(is_last) {
    const iv = join(this.#nonce, number(this.at++, 4), number(is_last ? 1 : 0, 1));
    return { name: "AES-GCM", iv, additionalData: BOUND };
  }
}

/** Bytes that came in pieces and go in others. */
class Held {
  #bytes = new Uint8Array(0);

  get size() {
    return this.#bytes.length;
  }

  put(piece) {
    this.#bytes = this.size ? join(this.#bytes, piece) : piece;
  }

  take(size) {
    const taken = this.#bytes.subarray(0, size);
    this.#bytes = this.#bytes.subarray(size);
    return taken;
  }
}

const streamOf = (source) => (source instanceof ReadableStream ? source : source.stream());
