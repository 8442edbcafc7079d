from functools import partial

import pytest

from media import sandbox


@pytest.fixture
def made(looked_at):
    """What the job answers, and the files that it wrote."""
    return partial(looked_at, "media.pictures:picture", sandbox.PICTURE)
