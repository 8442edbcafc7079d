import { CLASSES } from "./body.js";
import { encode, pack } from "./canonical.js";
import { CryptoError } from "./errors.js";
import { digestOfHeads, readHeads } from "./heads.js";
import { aClientId, aNumber, anId, exactly, someBytes, versioned } from "./shapes.js";
import { SUITES, suiteOf } from "./suites.js";

const RECIPIENTS = 1024;
const TAG = 16;
const FIELDS = ["v", "suite", "sender_device", "roster_seq", "recipients", "nonce", "ciphertext", "signature"];
const WRAP_SIZES = Object.values(SUITES).map(({ wrap_size }) => wrap_size);
const CIPHERTEXT_SIZES = CLASSES.map((size) => size + TAG);

/**
 * What is bound into every part of a message, or of an edit, which `replaces` a message. Version 2 binds the `heads` of
 * the key logs as well; they are null in version 1.
 */
export async function contextOf({ suite, sender_device, roster_seq, heads }, { replaces = null, ...place }) {
  const { conversation_id, client_id } = place;
  const fields = [suite.name, anId(conversation_id), sender_device, aClientId(client_id), roster_seq];
  if (heads) fields.push(await digestOfHeads(heads));
  const version = heads ? 2 : 1;
  if (replaces === null) return pack(`chat/message/${version}`, ...fields);
  return pack(`chat/edit/${version}`, ...fields, anId(replaces));
}

/** What binds a wrapped key to its message and its recipient. */
export function wrapInfo({ id, suite, spki }, context) {
  return pack("chat/wrap/1", suite.name, context, anId(id), spki.encryption);
}

/** The bytes that the sender signs. */
export function signedBytes({ recipients, nonce, ciphertext }, context) {
  const flat = recipients.flatMap(({ device, key }) => [device, key]);
  return pack("chat/signature/1", context, recipients.length, ...flat, nonce, ciphertext);
}

/** An envelope with its bytes; checks everything that can be checked without a key. */
export function readEnvelope(value) {
  const { v } = versioned(value, 1, 2);
  const fields = exactly(value, ...FIELDS, ...(v === 2 ? ["heads"] : []));
  const suite = suiteOf(fields.suite);
  return {
    suite,
    sender_device: anId(fields.sender_device),
    roster_seq: aNumber(fields.roster_seq),
    heads: v === 2 ? readHeads(fields.heads) : null,
    recipients: readRecipients(fields.recipients),
    nonce: someBytes(fields.nonce, 12),
    ciphertext: someBytes(fields.ciphertext, ...CIPHERTEXT_SIZES),
    signature: someBytes(fields.signature, suite.signature_size),
  };
}

export function writeEnvelope({ suite, sender_device, roster_seq, heads, recipients, nonce, ciphertext, signature }) {
  return {
    v: heads ? 2 : 1,
    suite: suite.name,
    sender_device,
    roster_seq,
    ...(heads && { heads }),
    recipients: recipients.map(({ device, key }) => ({ device, key: encode(key) })),
    nonce: encode(nonce),
    ciphertext: encode(ciphertext),
    signature: encode(signature),
  };
}

/** @throws {CryptoError} `malformed`, `too_large` */
export function requireFew(recipients) {
  if (!Array.isArray(recipients) || !recipients.length) throw new CryptoError("malformed");
  if (recipients.length > RECIPIENTS) throw new CryptoError("too_large");
  return recipients;
}

/** @throws {CryptoError} unless these ascend */
export function requireOrder(devices) {
  if (new Set(devices).size !== devices.length) throw new CryptoError("recipients_duplicate");
  if (devices.some((device, at) => at > 0 && device < devices[at - 1])) throw new CryptoError("recipients_unsorted");
}

function readRecipients(value) {
  const recipients = requireFew(value)
    .map((row) => exactly(row, "device", "key"))
    .map(({ device, key }) => ({ device: anId(device), key: someBytes(key, ...WRAP_SIZES) }));
  requireOrder(recipients.map(({ device }) => device));
  return recipients;
}
