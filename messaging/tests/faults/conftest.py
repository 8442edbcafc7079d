import logging
import os
import random

import pytest

from chatproject.tests.proving import PROVE, chance

logging.getLogger("httpx").setLevel(logging.WARNING)  # thousands of requests
ROUNDS = PROVE

needs_both = pytest.mark.skipif(
    not (os.environ.get("DATABASE_URL", "").startswith("postgres") and os.environ.get("REDIS_URL")),
    reason="needs PostgreSQL and Redis: run with DATABASE_URL and REDIS_URL",
)


@pytest.fixture
def dice() -> random.Random:
    """Chance that is the same in every run."""
    return chance()
