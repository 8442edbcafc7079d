import pytest

from media.tests.s3 import s3, s3_server  # noqa: F401 (fixtures)


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    """A storage of its own for every test."""
    default = settings.STORAGES["default"]
    options = {**default["OPTIONS"], "location": tmp_path / "uploads"}
    settings.STORAGES = {**settings.STORAGES, "default": {**default, "OPTIONS": options}}
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    return tmp_path / "uploads"


@pytest.fixture
def group(alice, bob):
    """A group of alice, who owns it, and bob."""
    from conversations import services

    return services.create_group(
        alice, name="Friends", description="", history="all", member_ids=[bob.id], members_can_invite=False
    )
