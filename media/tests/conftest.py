import pytest

from media import sandbox
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
def looked_at(tmp_path, monkeypatch):
    """`looked_at("media.pictures:picture", sandbox.PICTURE, content)`: what the job answers, and the files that it
    wrote, as the answer calls them."""
    monkeypatch.setattr(sandbox, "MAX_WAIT", 60)

    def looked_at(job, limits, content):
        (tmp_path / "source").write_bytes(content)
        with sandbox.run(job, tmp_path / "source", limits) as (folder, answer):
            names = [name for name in ("content", "small", "large") if answer.get(name)]
            return answer, {name: (folder / answer[name]).read_bytes() for name in names}

    return looked_at


@pytest.fixture
def group(alice, bob):
    """A group of alice, who owns it, and bob."""
    from conversations import services

    return services.create_group(
        alice, name="Friends", description="", history="all", member_ids=[bob.id], members_can_invite=False
    )
