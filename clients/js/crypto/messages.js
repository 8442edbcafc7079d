import { pad, requireShown, unpad } from "./body.js";
import { readDevice } from "./bundles.js";
import { encode, random, sha256 } from "./canonical.js";
import { contextOf, readEnvelope, requireFew, requireOrder, signedBytes, wrapInfo, writeEnvelope } from "./envelope.js";
import { CryptoError, orRefuse } from "./errors.js";
import { readHeads } from "./heads.js";
import { aNumber, anId } from "./shapes.js";
import { requireSignature, requireSupport, sign } from "./suites.js";

/**
 * The envelope of a message.
 * @param {object} message
 * @param {{content: string, mentions?: string[], attachments?: object[]}} message.body
 * @param {object} message.device the own device, as `makeDevice` gives it, with the `id` that the server has given it
 * @param {object[]} message.recipients all devices that are to read it, own ones included, as `readDevice` gives them
 * @param {string} message.conversation_id
 * @param {string} message.client_id a new one, for an edit too
 * @param {number} message.roster_seq
 * @param {?string} [message.replaces] for an edit: the id of the message
 * @param {?object[]} [message.heads] where the key log of each member ended for the author: `{user, number, hash}`, so
 *   that readers notice a server that shows them other logs. Without them it is an envelope of version 1
 * @throws {CryptoError} `content_invalid`, `too_large`, `recipients_duplicate`, `heads_unsorted`, `unsupported`
 */
export async function sealMessage({ body, device, recipients, roster_seq, heads = null, ...place }) {
  const { suite, bundle, user_id } = await readDevice(device);
  const readers = [...requireFew(recipients)].sort((one, other) => (anId(one.id) < anId(other.id) ? -1 : 1));
  requireOrder(readers.map(({ id }) => anId(id)));
  const bound = {
    suite,
    sender_device: anId(device.id),
    roster_seq: aNumber(roster_seq),
    heads: heads && readHeads([...heads].sort((one, other) => (one.user < other.user ? -1 : 1))),
  };
  const plaintext = pad(requireShown(body));
  const context = await contextOf(bound, place);
  const [secret, nonce] = [random(32), random(12)];
  const key = await crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["encrypt"]);
  const sealing = crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: context }, key, plaintext);
  const ciphertext = new Uint8Array(await sealing);
  const wrapped = await Promise.all(readers.map((reader) => wrapFor(reader, secret, context)));
  const unsigned = { ...bound, recipients: wrapped, nonce, ciphertext };
  const signature = await sign(suite, device.signing_key, signedBytes(unsigned, context));
  return writeEnvelope({ ...unsigned, signature });
}

/**
 * The body of an envelope, `{content, mentions, attachments}`.
 * @param {object} message
 * @param {object} message.envelope
 * @param {object} message.sender the device that it is said to be from, as `readDevice` gives it
 * @param {object[]} message.devices the own devices: the present one, then earlier ones, as from `openBackup`
 * @param {string} message.conversation_id where the reader found it; likewise `client_id` and, for an edit, `replaces`
 * @param {Seen} [message.seen] without it, a device can use a `client_id` twice unnoticed
 * @throws {CryptoError}
 */
export async function openMessage({ envelope, sender, devices, seen, ...place }) {
  const read = readEnvelope(envelope);
  if (read.sender_device !== sender.id || read.suite !== sender.suite) throw new CryptoError("wrong_sender");
  const context = await contextOf(read, place);
  const signed = signedBytes(read, context);
  await requireSignature(read.suite, sender.signing_key, read.signature, signed, "signature_invalid");
  if (seen) await seen.require(read.sender_device, place.client_id, await sha256(signed));
  const secret = await unwrap(read, context, devices);
  const key = await crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["decrypt"]);
  const algorithm = { name: "AES-GCM", iv: read.nonce, additionalData: context };
  const opening = crypto.subtle.decrypt(algorithm, key, read.ciphertext);
  return unpad(new Uint8Array(await orRefuse("ciphertext_invalid", opening)));
}

/** What was read from each device, by `client_id`; lasts as long as its storage. */
export class Seen {
  #storage;

  constructor(storage) {
    this.#storage = storage;
  }

  /** @throws {CryptoError} `replayed` when something else was read under this `client_id` */
  async require(sender_device, client_id, digest) {
    const mine = encode(digest);
    const first = await this.#storage.putFirst(`seen/${sender_device}/${client_id}`, mine);
    if (first !== mine) throw new CryptoError("replayed");
  }
}

async function wrapFor(reader, secret, context) {
  await requireSupport(reader.suite);
  const wrapping = reader.suite.wrap(reader.encryption_key, secret, wrapInfo(reader, context));
  return { device: reader.id, key: await orRefuse("bad_key", wrapping) };
}

/** The key of the message, by whichever own device it was wrapped for. */
async function unwrap({ recipients }, context, devices) {
  const mine = devices.flatMap((device) => {
    const row = recipients.find((recipient) => recipient.device === device.id);
    return row ? { device, wrapped: row.key } : [];
  });
  if (!mine.length) throw new CryptoError("not_a_recipient");
  for (const { device, wrapped } of mine) {
    const { suite, ...known } = await readDevice(device);
    const info = wrapInfo({ suite, ...known }, context);
    const secret = await suite.unwrap(device.encryption_key, wrapped, info).catch(() => null);
    if (secret?.length === 32) return secret;
  }
  throw new CryptoError("wrap_invalid");
}
