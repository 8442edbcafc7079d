"""End-to-end encryption of chat messages, files and keys, as docs/encryption.md describes it."""

from chatcrypt.backup import Backup, open_backup, wrap_backup
from chatcrypt.devices import OwnDevice, PublicDevice, make_device, read_device, read_rotation, sign_rotation
from chatcrypt.envelope import Envelope, Place
from chatcrypt.errors import CODES, CryptoError
from chatcrypt.files import FileSecrets, open_file, seal_file
from chatcrypt.fingerprints import fingerprint, safety_number
from chatcrypt.heads import Head
from chatcrypt.kdf import Argon2, Pbkdf2
from chatcrypt.messages import Seen, open_message, seal_message
from chatcrypt.suites import CURVE, RSA, SUITES

__all__ = [
    "CODES",
    "CURVE",
    "RSA",
    "SUITES",
    "Argon2",
    "Backup",
    "CryptoError",
    "Envelope",
    "FileSecrets",
    "Head",
    "OwnDevice",
    "Pbkdf2",
    "Place",
    "PublicDevice",
    "Seen",
    "fingerprint",
    "make_device",
    "open_backup",
    "open_file",
    "open_message",
    "read_device",
    "read_rotation",
    "safety_number",
    "seal_file",
    "seal_message",
    "sign_rotation",
    "wrap_backup",
]
