"""How passwords are kept, and how many are worked on at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.contrib.auth import hashers
from django.db import close_old_connections

from chatproject.common.errors import Refusal

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE, WAITING = 2, 8
"""Hashes that one process makes at the same time (each takes 19 MiB and a processor), and requests that may wait for
their turn: the others have work to do that needs no password."""
PATIENCE = 5.0
"""Seconds that they wait."""
_places = threading.BoundedSemaphore(AT_ONCE + WAITING)
# In threads of their own: each thread that has made a hash keeps the memory of it for the next one.
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hashing")


def in_turn(hashing: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `hashing` returns. Refuses `unavailable` when too many wait, or when it takes too long."""
    if not _places.acquire(blocking=False):
        raise _busy()
    close_old_connections()  # others need the connection meanwhile
    future = _threads.submit(hashing, *args, **kwargs)
    future.add_done_callback(lambda _: _places.release())
    try:
        return future.result(PATIENCE)
    except TimeoutError:
        future.cancel()
        raise _busy() from None


def _busy() -> Refusal:
    return Refusal("unavailable", "Too many people are signing in; try again in a moment.", retry_after=1)


class PasswordHasher(hashers.Argon2PasswordHasher):
    """Argon2id with what OWASP's Password Storage Cheat Sheet names for servers: 19 MiB, 2 passes, 1 lane. Django's own
    parameters take 100 MiB for each of the sign-ins that run at once."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        encoded: str = in_turn(super().encode, password, salt)
        return encoded

    def verify(self, password: str, encoded: str) -> bool:
        is_right: bool = in_turn(super().verify, password, encoded)
        return is_right


class OldPasswordHasher(hashers.PBKDF2PasswordHasher):
    """For passwords that were brought along from elsewhere; signing in makes the other kind of them."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:  # `verify` calls it
        encoded: str = in_turn(super().encode, password, salt, iterations)
        return encoded
