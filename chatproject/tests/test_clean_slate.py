"""What a process of the test run has for itself."""

import os

import pytest
from django.core.files.storage import default_storage

pytestmark = pytest.mark.plain


def test_its_files_are_its_own(settings) -> None:
    assert str(settings.DATA_DIR) == os.environ["DATA_DIR"]
    assert default_storage.path("a").startswith(os.environ["DATA_DIR"])
