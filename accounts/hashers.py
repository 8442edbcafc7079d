"""Password hashers, and a limit on how many passwords are hashed at the same time."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.contrib.auth import hashers
from django.db import close_old_connections

from common.errors import Refusal

P = ParamSpec("P")
T = TypeVar("T")

MAX_CONCURRENT, MAX_WAITING = 2, 8
"""Hashes that one process computes at the same time (each takes 19 MiB and a processor), and requests that may wait for
one. There are more request threads than that, so that other requests are still served."""
MAX_WAIT = 5.0
"""How many seconds a request waits."""
_slots = threading.BoundedSemaphore(MAX_CONCURRENT + MAX_WAITING)
# Dedicated threads: each thread that has computed a hash keeps its memory for the next one.
_threads = ThreadPoolExecutor(MAX_CONCURRENT, thread_name_prefix="hashing")


def run_in_pool(hashing: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call `hashing` in the pool and return its result. Refuses `unavailable` if too many are waiting or it takes too
    long."""
    if not _slots.acquire(blocking=False):
        raise _busy()
    close_old_connections()  # so that others can use the connection meanwhile
    future = _threads.submit(hashing, *args, **kwargs)
    future.add_done_callback(lambda _: _slots.release())
    try:
        return future.result(MAX_WAIT)
    except TimeoutError:
        future.cancel()
        raise _busy() from None


def _busy() -> Refusal:
    return Refusal("unavailable", "Too many people are signing in. Try again in a moment.", retry_after=1)


class PasswordHasher(hashers.Argon2PasswordHasher):
    """Argon2id with the parameters of OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane. With Django's
    default parameters each concurrent sign-in takes 100 MiB."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        encoded: str = run_in_pool(super().encode, password, salt)
        return encoded

    def verify(self, password: str, encoded: str) -> bool:
        is_right: bool = run_in_pool(super().verify, password, encoded)
        return is_right


class OldPasswordHasher(hashers.PBKDF2PasswordHasher):
    """For hashes that were imported from elsewhere. Signing in replaces them by Argon2id hashes."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:  # `verify` calls it
        encoded: str = run_in_pool(super().encode, password, salt, iterations)
        return encoded
