"""What a serving process does before its first request."""

import gc

import pytest

from chatproject.lifespan import load_and_freeze

pytestmark = pytest.mark.plain


def test_collections_pass_over_what_was_loaded_at_start() -> None:
    load_and_freeze()
    try:
        assert len(gc.get_objects()) < gc.get_freeze_count()
    finally:
        gc.unfreeze()
