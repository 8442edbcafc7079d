"""How long the tests marked `search` look for what happens rarely: races, kills, stories made up by chance.

`PROVE` multiplies what they do, and `SEED` begins their chance. Every run takes 1 of both; `make prove` takes more, and
a seed of its own.
"""

import os
import random

from hypothesis import settings

PROVE = int(os.environ.get("PROVE", "1"))
SEED = int(os.environ.get("SEED", "1"))
settings.register_profile("search", derandomize=PROVE == 1, deadline=None, print_blob=True)
settings.load_profile("search")


def chance() -> random.Random:
    """Chance that is the same for the same seed."""
    return random.Random(SEED)
