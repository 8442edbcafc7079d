"""RSA-OAEP and RSA-PSS: what every browser has."""

from typing import cast

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from chatcrypt.suite import Suite

NAME = "rsa-oaep-3072+aes-256-gcm+rsa-pss"
BITS = 3072
PREFIX = bytes.fromhex("308201a2300d06092a864886f70d01010105000382018f003082018a0282018100")
SUFFIX = bytes.fromhex("0203010001")
WRAP_SIZE = SIGNATURE_SIZE = BITS // 8
KEY_SIZE = len(PREFIX) + BITS // 8 + len(SUFFIX)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)


def make_keys() -> tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]:
    return rsa.generate_private_key(65537, BITS), rsa.generate_private_key(65537, BITS)


def are_public_keys(encryption_key: bytes, signing_key: bytes) -> bool:
    return _is_spki(encryption_key) and _is_spki(signing_key) and encryption_key != signing_key


def _is_spki(key: bytes) -> bool:
    modulus = key[len(PREFIX) : -len(SUFFIX)]
    return key.startswith(PREFIX) and key.endswith(SUFFIX) and modulus[0] >= 0x80 and modulus[-1] % 2 == 1


def sign(key: rsa.RSAPrivateKey, data: bytes) -> bytes:
    return key.sign(data, PSS, hashes.SHA256())


def verify(signing_key: bytes, signature: bytes, data: bytes) -> None:
    _load(signing_key).verify(signature, data, PSS, hashes.SHA256())


def wrap(encryption_key: bytes, secret: bytes, info: bytes) -> bytes:
    return _load(encryption_key).encrypt(secret, _oaep(info))


def unwrap(key: rsa.RSAPrivateKey, wrapped: bytes, info: bytes) -> bytes:
    return key.decrypt(wrapped, _oaep(info))


def _oaep(label: bytes) -> padding.OAEP:
    return padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label)


def _load(key: bytes) -> rsa.RSAPublicKey:
    return cast(rsa.RSAPublicKey, serialization.load_der_public_key(key))


RSA = Suite(
    name=NAME,
    key_size=KEY_SIZE,
    wrap_size=WRAP_SIZE,
    signature_size=SIGNATURE_SIZE,
    make_keys=make_keys,
    are_public_keys=are_public_keys,
    sign=sign,
    verify=verify,
    wrap=wrap,
    unwrap=unwrap,
)
