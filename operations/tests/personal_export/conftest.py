import pytest


@pytest.fixture(autouse=True)
def own_storage(settings, tmp_path) -> None:
    """Files of this test alone."""
    default = settings.STORAGES["default"]
    options = {**default["OPTIONS"], "location": tmp_path / "uploads"}
    settings.STORAGES = {**settings.STORAGES, "default": {**default, "OPTIONS": options}}
