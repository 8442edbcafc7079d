import { encode, pack } from "./canonical.js";
import { CryptoError } from "./errors.js";
import { anId, exactly, someBytes } from "./shapes.js";
import { importPublic, requireSignature, requireSupport, sign, suiteOf } from "./suites.js";

/**
 * A device that is said to be this person's, once its bundle was checked; keep it, so that it is checked once.
 * @param {{id: ?string, user_id: string, bundle: object}} device `id` is null until the server has named it
 * @returns {Promise<object>} `{id, user_id, bundle, suite, packed, spki, signature, encryption_key, signing_key}` with
 *   the public keys as `CryptoKey`s, and as SPKI in `spki`
 * @throws {CryptoError} `bundle_invalid` when its own signature does not say so
 */
export async function readDevice({ id = null, user_id, bundle }) {
  exactly(bundle, "suite", "encryption_key", "signing_key", "signature");
  const suite = suiteOf(bundle.suite);
  const spki = {
    encryption: someBytes(bundle.encryption_key, suite.key_size),
    signing: someBytes(bundle.signing_key, suite.key_size),
  };
  const signature = someBytes(bundle.signature, suite.signature_size);
  if (!suite.arePublicKeys(spki.encryption, spki.signing)) throw new CryptoError("bad_key");
  if (id !== null) anId(id);
  const packed = packBundle(suite, anId(user_id), spki);
  await requireSupport(suite);
  const signing_key = await importPublic(suite.signing, spki.signing);
  await requireSignature(suite, signing_key, signature, packed, "bundle_invalid");
  const encryption_key = await importPublic(suite.encryption, spki.encryption);
  return { id, user_id, bundle, suite, packed, spki, signature, encryption_key, signing_key };
}

/** The bundle of these keys, signed for their person. */
export async function signBundle(suite, user_id, spki, signing_key) {
  const signature = await sign(suite, signing_key, packBundle(suite, user_id, spki));
  return {
    suite: suite.name,
    encryption_key: encode(spki.encryption),
    signing_key: encode(spki.signing),
    signature: encode(signature),
  };
}

function packBundle(suite, user_id, spki) {
  return pack("chat/bundle/1", suite.name, user_id, spki.encryption, spki.signing);
}

/** The word of an own device that the keys of `next`, made by `makeDevice`, follow its own. */
export async function signRotation({ device, next }) {
  const [from, to] = await Promise.all([device, next].map(readDevice));
  const signature = await sign(from.suite, device.signing_key, packRotation(anId(device.id), from, to));
  return { device: device.id, old: from.bundle, new: to.bundle, signature: encode(signature) };
}

/**
 * The device with its new keys, as `readDevice` gives it.
 * @throws {CryptoError} `rotation_invalid` when the old keys have not signed the new ones
 */
export async function readRotation({ user_id, rotation }) {
  const { device, signature } = exactly(rotation, "device", "old", "new", "signature");
  const from = await readDevice({ id: anId(device), user_id, bundle: rotation.old });
  const to = await readDevice({ id: device, user_id, bundle: rotation.new });
  const signed = packRotation(device, from, to);
  const bytes = someBytes(signature, from.suite.signature_size);
  await requireSignature(from.suite, from.signing_key, bytes, signed, "rotation_invalid");
  return to;
}

function packRotation(id, from, to) {
  return pack("chat/rotation/1", from.user_id, id, from.packed, from.signature, to.packed, to.signature);
}
