"""The actions on keys."""

from encryption.services.backups import delete_backup, put_backup, read_backup
from encryption.services.directory import (
    end_devices,
    end_expired_devices,
    keys_of,
    register_key_device,
    remove_key_device,
    rotate_keys,
)
from encryption.services.managed import decrypt, encrypt_for, make_managed_key, managed_key_of
from encryption.services.prekeys import add_prekeys, claim_prekeys, prekeys_left

__all__ = [
    "add_prekeys",
    "claim_prekeys",
    "decrypt",
    "delete_backup",
    "encrypt_for",
    "end_devices",
    "end_expired_devices",
    "keys_of",
    "make_managed_key",
    "managed_key_of",
    "prekeys_left",
    "put_backup",
    "read_backup",
    "register_key_device",
    "remove_key_device",
    "rotate_keys",
]
