/** Every refusal of the format, by its stable code. */
export const CODES = {
  malformed: "It has not the fields, types or ids of the format.",
  too_large: "It is larger than the format allows.",
  unknown_version: "It is of another version of the format.",
  unknown_suite: "It is of an unknown suite.",
  unsupported: "This machine lacks what it needs.",
  bad_encoding: "A field is not canonical base64url.",
  bad_length: "A field has the wrong length.",
  bad_key: "It is not a key of its suite.",
  bundle_invalid: "The bundle is not signed by its own key for this person.",
  rotation_invalid: "The rotation is not signed by the old key.",
  recipients_unsorted: "The recipients do not ascend.",
  recipients_duplicate: "A recipient stands there twice.",
  heads_unsorted: "The heads of the key logs do not ascend, or a person stands there twice.",
  wrong_sender: "It is from another device than it is said to be.",
  signature_invalid: "It was altered or moved, or somebody else has signed it.",
  replayed: "Its device has used this client_id for another message.",
  not_a_recipient: "It is not for this device.",
  wrap_invalid: "Its key does not unwrap.",
  ciphertext_invalid: "It does not open with its key.",
  content_invalid: "It does not hold a message.",
  file_truncated: "The file ends early.",
  file_invalid: "A part of the file is altered, in another place, or one too many.",
  file_digest: "It is not the file that the message means.",
  kdf_refused: "The passphrase is not derived as the format demands.",
  passphrase_short: "The passphrase has fewer than 12 characters.",
  backup_invalid: "The passphrase is wrong, or the backup was altered.",
};

/**
 * Something was refused.
 * @property {string} code one of `CODES`, and so stable
 */
export class CryptoError extends Error {
  constructor(code, detail) {
    super(detail || CODES[code]);
    this.name = "CryptoError";
    this.code = code;
  }
}

/** All errors of the machine's cryptography become one code: it must not reveal more. */
export async function orRefuse(code, attempt) {
  try {
    return await attempt;
  } catch {
    throw new CryptoError(code);
  }
}
