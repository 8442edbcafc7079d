"""Keys for pushes: made once, stored, read in every form, and never shown in errors."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from environs import EnvError

from chatproject.checks import background, security
from chatproject.generated_secrets import load_or_generate
from chatproject.push_keys import firebase_credentials, make_vapid_key, vapid_key
from notifications.providers import public_key
from notifications.tests.fcm import FcmServer

pytestmark = pytest.mark.plain

ROOT = Path(__file__).resolve().parents[2]


def test_browsers_get_the_point_that_belongs_to_the_key(settings):
    key = ec.generate_private_key(ec.SECP256R1())
    settings.VAPID_PRIVATE_KEY = base64url(key.private_numbers().private_value.to_bytes(32, "big"))

    point = base64.urlsafe_b64decode(public_key() + "=")
    assert len(point) == 65
    assert point == key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def test_a_key_is_read_in_every_form():
    key = ec.generate_private_key(ec.SECP256R1())
    raw = base64url(key.private_numbers().private_value.to_bytes(32, "big"))
    forms = [
        key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
        for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)
    ]
    assert {vapid_key(one) for one in (raw, f" {raw}=\n", *forms, forms[0].replace("\n", "\\n"))} == {raw}


@pytest.mark.parametrize("wrong", ["", "hunter2", "A" * 43, "_" * 43, "ä" * 43, "-----BEGIN hunter2-----", "A" * 86])
def test_an_invalid_key_gives_an_error_that_does_not_show_it(wrong):
    with pytest.raises(EnvError, match=r"VAPID_PRIVATE_KEY .* is not a P-256 key") as raised:
        vapid_key(wrong)
    assert not wrong or wrong not in str(raised.value)


def test_a_key_of_another_curve_is_refused():
    pem = ec.generate_private_key(ec.SECP384R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(EnvError, match="P-256"):
        vapid_key(pem.decode())


def test_a_stored_key_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    path = tmp_path / "new" / "key"
    made = load_or_generate(path, make_vapid_key)
    assert load_or_generate(path, make_vapid_key) == made != make_vapid_key()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["key"]


def test_what_cannot_be_kept_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(EnvError, match=r"DATA_DIR=.*/file cannot be written to"):
        load_or_generate(tmp_path / "file" / "key", make_vapid_key)
    with pytest.raises(EnvError, match="cannot be written to"):
        load_or_generate(tmp_path, make_vapid_key)


def test_processes_that_start_at_once_have_one_key(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from chatproject.generated_secrets import load_or_generate;"
        "from chatproject.push_keys import make_vapid_key; print('ready', flush=True); sys.stdin.readline();"
        f"print(load_or_generate(Path({str(tmp_path)!r}, 'key'), lambda: (time.sleep(0.1), make_vapid_key())[1]))"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    racers = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, **pipes) for _ in range(4)]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    keys = {racer.communicate(timeout=20)[0] for racer in racers}
    assert keys == {(tmp_path / "key").read_text() + "\n"}


def test_settings_read_the_same_key_after_a_restart(tmp_path):
    code = "from chatproject import settings; print(settings.VAPID_PRIVATE_KEY, settings.SECRET_KEY)"
    first, second = (
        subprocess.run(
            [sys.executable, "-c", code], env={"DATA_DIR": str(tmp_path)}, cwd=ROOT, capture_output=True, text=True
        )
        for _ in range(2)
    )
    assert first.stdout == second.stdout
    assert len(first.stdout.split()[0]) == 43


@pytest.fixture
def account() -> dict[str, str]:
    with FcmServer() as server:
        return server.account


def test_a_service_account_is_read_from_a_file_or_from_text(account, tmp_path):
    path = tmp_path / "account.json"
    path.write_text(json.dumps(account))
    wanted = {field: account[field] for field in ("project_id", "client_email", "private_key", "token_uri")}
    assert firebase_credentials(str(path), "") == firebase_credentials("", path.read_text()) == wanted
    assert firebase_credentials("", "") == {}


def test_an_invalid_service_account_gives_an_error_that_does_not_show_it(account, tmp_path):
    text = json.dumps(account)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    wrong = {
        ("x", "y"): "both set",
        ("/no/such", ""): "cannot be read",
        (str(tmp_path), ""): "cannot be read",
        (str(binary), ""): "not valid JSON",
        ("", text[:-1]): "not valid JSON",
        ("", "[]"): "not a service account",
        ("", json.dumps(account | {"type": "authorized_user"})): "not a service account",
        ("", json.dumps(account | {"project_id": ""})): "no project_id",
        ("", json.dumps(account | {"token_uri": 1})): "no token_uri",
        ("", json.dumps(account | {"private_key": account["private_key"][:300]})): "private_key that cannot be read",
    }
    for (path, json_text), sentence in wrong.items():
        with pytest.raises(EnvError, match=sentence) as raised:
            firebase_credentials(path, json_text)
        assert account["private_key"][40:60] not in str(raised.value)


def test_pushing_to_this_machine_is_refused_where_people_reach_it(settings):
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
    settings.PUSH_TO_LOOPBACK = True
    assert background.check_push(None) == []
    for name, value in {"HOST": "0.0.0.0", "ALLOWED_HOSTS": ["chat.example.org"]}.items():
        before = getattr(settings, name)
        setattr(settings, name, value)
        assert [found.id for found in background.check_push(None)] == ["chatproject.E025"]
        setattr(settings, name, before)


@pytest.mark.parametrize(
    "url", ["", "fcm.googleapis.com", "http://fcm.googleapis.com", "https://", "http://[", "ftp://localhost"]
)
def test_fcm_is_reached_by_tls(settings, url):
    for good in ("https://fcm.googleapis.com", "http://127.0.0.1:80"):
        settings.FCM_URL = good
        assert background.check_push(None) == []
    settings.FCM_URL = url
    assert [found.id for found in background.check_push(None)] == ["chatproject.E026"]


def test_a_check_asks_several_machines_to_share_their_keys(settings):
    settings.DATABASE_IS_POSTGRES, settings.REDIS_URL = True, "redis://127.0.0.1"
    names = [found.msg.split()[0] for found in security.check_generated_keys(None)]
    assert names == ["SECRET_KEY", "VAPID_PRIVATE_KEY"]

    settings.VAPID_PRIVATE_KEY = make_vapid_key()
    assert [found.msg.split()[0] for found in security.check_generated_keys(None)] == ["SECRET_KEY"]
    settings.REDIS_URL = ""
    assert security.check_generated_keys(None) == []


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
