import { isEqual, join } from "./canonical.js";

const X25519 = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00);
const ED25519 = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);
const POINT = 32;
const ONCE = { name: "AES-GCM", iv: new Uint8Array(12) };

/** X25519 and Ed25519: small and quick, where they are. The shape of a suite is described in `suites.js`. */
export const curve = {
  name: "x25519+aes-256-gcm+ed25519",
  key_size: X25519.length + POINT,
  wrap_size: POINT + 32 + 16,
  signature_size: 64,
  encryption: { algorithm: { name: "X25519" }, public_usages: [], private_usages: ["deriveBits"] },
  signing: { algorithm: { name: "Ed25519" }, public_usages: ["verify"], private_usages: ["sign"] },
  signature: { name: "Ed25519" },

  arePublicKeys(encryption_key, signing_key) {
    return startsWith(encryption_key, X25519) && startsWith(signing_key, ED25519);
  },

  async wrap(encryption_key, secret, info) {
    const pair = await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]);
    const half = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    const kek = await kekOf(pair.privateKey, encryption_key, half, info, "encrypt");
    return join(half, new Uint8Array(await crypto.subtle.encrypt(ONCE, kek, secret)));
  },

  async unwrap(private_key, wrapped, info) {
    const half = wrapped.subarray(0, POINT);
    const theirs = await crypto.subtle.importKey("raw", half, { name: "X25519" }, false, []);
    const kek = await kekOf(private_key, theirs, half, info, "decrypt");
    return new Uint8Array(await crypto.subtle.decrypt(ONCE, kek, wrapped.subarray(POINT)));
  },
};

const startsWith = (key, prefix) => isEqual(key.subarray(0, prefix.length), prefix);

/** Used once, so that its nonce may be fixed. A secret of zeros is refused by WebCrypto itself, or here. */
async function kekOf(private_key, public_key, half, info, usage) {
  const shared = await crypto.subtle.deriveBits({ name: "X25519", public: public_key }, private_key, 256);
  if (new Uint8Array(shared).every((byte) => byte === 0)) throw new TypeError("no secret");
  const secret = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const derivation = { name: "HKDF", hash: "SHA-256", salt: half, info };
  return crypto.subtle.deriveKey(derivation, secret, { name: "AES-GCM", length: 256 }, false, [usage]);
}
