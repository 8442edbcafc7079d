import os
import random

import pytest

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
"""How often each test does what it does: more than once for a long look."""


@pytest.fixture
def dice() -> random.Random:
    """Chance that is the same in every run."""
    return random.Random(7)


@pytest.fixture
def both() -> None:
    """Skips where there is only SQLite."""
    if not (os.environ.get("DATABASE_URL", "").startswith("postgres") and os.environ.get("REDIS_URL")):
        pytest.skip("needs PostgreSQL and Redis: run with DATABASE_URL and REDIS_URL")
