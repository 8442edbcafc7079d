"""The deeds on keys."""

from encryption.services.directory import end_devices, keys_of, register, remove, rotate
from encryption.services.managed import decrypt, encrypt_for, make_managed_key, managed_key_of

__all__ = [
    "decrypt",
    "encrypt_for",
    "end_devices",
    "keys_of",
    "make_managed_key",
    "managed_key_of",
    "register",
    "remove",
    "rotate",
]
