"""What is exported can be read, taken back, and exported again as the same files."""

import json
import shutil
import zipfile
from uuid import uuid4

import pytest
from django.apps import apps

from conversations import services
from media.tests.uploads import brought
from messaging.tests.client import cast_on
from operations.snapshot.folder import FolderSink, verify_snapshot
from operations.snapshot.manifest import Damaged
from operations.snapshot.tables import EPOCH, EXCLUDED, ORDER, TASKS, tables
from operations.snapshot.write import write_snapshot
from operations.tests.backups.places import bare, exported, fill, installation, people_in


@pytest.fixture(scope="module")
def filled():
    server = installation()
    try:
        server.start()
        people, group = fill(server, cast_on(server))
        server.stop()
        yield server, people, group
    finally:
        server.close()


@pytest.fixture(scope="module")
def everything(filled, tmp_path_factory):
    """A folder with all of it."""
    folder = tmp_path_factory.mktemp("everything")
    exported(filled[0], folder)
    return folder


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def imported(server, folder, *, succeeds=True):
    answer = server.run("import_data", str(folder), timeout=120)
    assert (answer.returncode == 0) is succeeds, answer.stderr
    assert "Traceback" not in answer.stderr
    return answer


def test_export_import_export_gives_the_same_files(everything, tmp_path) -> None:
    target = bare()
    try:
        imported(target, everything)
        assert exported(target, tmp_path / "again") == contents(everything)
        assert "people or conversations" in imported(target, everything, succeeds=False).stderr
    finally:
        target.close()


@pytest.mark.plain
def test_what_was_changed_is_not_imported(everything, tmp_path) -> None:
    target = installation()
    try:
        for name in ("rows/messaging.message.jsonl", "files.jsonl", "heads.jsonl", "manifest.json"):
            folder = tmp_path / name.replace("/", "-")
            shutil.copytree(everything, folder)
            content = (folder / name).read_bytes()
            (folder / name).write_bytes(content.replace(b"1", b"2", 1) if name != "manifest.json" else content[:-3])
            imported(target, folder, succeeds=False)
            assert people_in(target) == 0
        shutil.rmtree(folder)
        imported(target, folder, succeeds=False)
    finally:
        target.close()


@pytest.mark.plain
def test_what_a_later_version_wrote_is_refused(everything, tmp_path) -> None:
    folder = tmp_path / "later"
    shutil.copytree(everything, folder)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["migrations"]["messaging"] = ["0099_from_the_future"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    target = installation()
    try:
        assert "made by a later version" in imported(target, folder, succeeds=False).stderr
    finally:
        target.close()


def test_the_manifest_says_what_is_there(filled, everything) -> None:
    manifest = json.loads((everything / "manifest.json").read_bytes())
    assert manifest["format"] == 1
    assert manifest["tables"]["accounts.user"]["count"] == 2
    assert "accounts.onetime" not in manifest["tables"]
    messages = lines(everything / "rows/messaging.message.jsonl")
    (head,) = [one for one in lines(everything / "heads.jsonl") if one["conversation_id"] == filled[2]]
    assert head["message_count"] == len(messages) == 4
    assert head["seq"] >= messages[-1]["seq"]
    assert {path.stat().st_mode & 0o777 for path in everything.rglob("*.json*")} == {0o600}
    assert "words" not in messages[0]


def test_a_conversation_and_a_person_are_extracts_to_read(filled, tmp_path) -> None:
    server, (alice, _), group = filled
    answer = server.run("export_data", "--conversation", group, str(tmp_path / "talk"))
    assert answer.returncode == 0, answer.stderr
    assert [one["content"] for one in lines(tmp_path / "talk/messages.jsonl")][:2] == ["First, edited", "Second"]
    assert {one["username"] for one in lines(tmp_path / "talk/members.jsonl")} == {person.name for person in filled[1]}
    (file,) = lines(tmp_path / "talk/files.jsonl")
    assert (tmp_path / "talk/files" / file["upload_id"]).read_bytes() == b"What is in the file\n" * 10_000
    assert json.loads((tmp_path / "talk/conversation.json").read_bytes())["name"] == "Friends"

    assert server.run("export_data", "--user", alice.name, str(tmp_path / "person")).returncode == 0
    with zipfile.ZipFile(tmp_path / "person" / f"{alice.name}.zip") as archive:
        assert alice.name in archive.read("profile.json").decode()


@pytest.mark.plain
def test_who_is_not_there_cannot_be_exported(filled, tmp_path) -> None:
    server = filled[0]
    for which in (("--user", "nobody"), ("--user", str(uuid4())), ("--conversation", str(uuid4()))):
        answer = server.run("export_data", *which, str(tmp_path))
        assert answer.returncode == 1
        assert "There is" in answer.stderr


@pytest.mark.django_db(transaction=True)
def test_a_broken_off_export_goes_on_and_is_whole(sign_in, alice, bob, tmp_path, monkeypatch) -> None:
    facts = {"name": "F", "description": "", "history": "all", "members_can_invite": False}
    group = services.create_group(alice, member_ids=[bob.id], **facts)
    client = sign_in(alice)
    for number in range(3):
        brought(client, group, b"file %d" % number)
    written = []

    class Broken(FolderSink):
        def file(self, name, size, blocks) -> None:
            if len(written) == 2:
                raise OSError("no space left")
            written.append(name)
            super().file(name, size, blocks)

    with pytest.raises(OSError, match="no space"):
        write_snapshot(Broken(tmp_path / "out"))
    with pytest.raises(Damaged, match=r"manifest\.json is missing"):
        verify_snapshot(tmp_path / "out")
    before = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in written}
    manifest = write_snapshot(FolderSink(tmp_path / "out"))
    assert verify_snapshot(tmp_path / "out").files == manifest.files
    assert {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in written} == before


def test_what_is_left_out_is_there_to_be_left_out() -> None:
    models = {model._meta.label_lower for model in apps.get_models(include_auto_created=True)}
    assert EXCLUDED.keys() | {TASKS, *ORDER} <= models
    assert apps.get_model(EPOCH[0])._meta.get_field(EPOCH[1])
    assert {table.name for table in tables(apps)} == models - EXCLUDED.keys()
