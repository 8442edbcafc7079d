import { isEqual } from "./canonical.js";

const SIZE = 384;
const PREFIX = Uint8Array.of(
  ...[0x30, 0x82, 0x01, 0xa2, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01],
  ...[0x05, 0x00, 0x03, 0x82, 0x01, 0x8f, 0x00, 0x30, 0x82, 0x01, 0x8a, 0x02, 0x82, 0x01, 0x81, 0x00],
);
const SUFFIX = Uint8Array.of(0x02, 0x03, 0x01, 0x00, 0x01);
const KEY_SIZE = PREFIX.length + SIZE + SUFFIX.length;
const EXPONENT = Uint8Array.of(1, 0, 1);
const RSA_3072 = { modulusLength: 3072, publicExponent: EXPONENT, hash: "SHA-256" };

/** RSA-OAEP and RSA-PSS: what every browser has. The shape of a suite is described in `suites.js`. */
export const rsa = {
  name: "rsa-oaep-3072+aes-256-gcm+rsa-pss",
  key_size: KEY_SIZE,
  wrap_size: SIZE,
  signature_size: SIZE,
  encryption: { algorithm: { ...RSA_3072, name: "RSA-OAEP" }, public_usages: ["encrypt"], private_usages: ["decrypt"] },
  signing: { algorithm: { ...RSA_3072, name: "RSA-PSS" }, public_usages: ["verify"], private_usages: ["sign"] },
  signature: { name: "RSA-PSS", saltLength: 32 },

  arePublicKeys(encryption_key, signing_key) {
    return isSpki(encryption_key) && isSpki(signing_key) && !isEqual(encryption_key, signing_key);
  },

  async wrap(encryption_key, secret, info) {
    const wrapped = await crypto.subtle.encrypt({ name: "RSA-OAEP", label: info }, encryption_key, secret);
    return new Uint8Array(wrapped);
  },

  async unwrap(private_key, wrapped, info) {
    return new Uint8Array(await crypto.subtle.decrypt({ name: "RSA-OAEP", label: info }, private_key, wrapped));
  },
};

function isSpki(key) {
  const end = PREFIX.length + SIZE;
  const is_framed = isEqual(key.subarray(0, PREFIX.length), PREFIX) && isEqual(key.subarray(end), SUFFIX);
  return is_framed && key[PREFIX.length] >= 0x80 && key[end - 1] % 2 === 1;
}
