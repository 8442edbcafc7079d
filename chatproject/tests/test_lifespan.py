"""What a serving process does before its first request."""

import gc

import pytest

from chatproject.lifespan import _settle

pytestmark = pytest.mark.plain


def test_collections_pass_over_what_was_loaded_at_start() -> None:
    _settle()
    try:
        assert len(gc.get_objects()) < gc.get_freeze_count()
    finally:
        gc.unfreeze()
