"""Whoever sets something wrong is told in a sentence what it is, and nothing starts."""

import socket

import pytest

from chatproject.tests.server import Server

LONG = "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"

WRONG = [
    ({"PORT": "abc"}, "PORT"),
    ({"PORT": "99999"}, "PORT=99999"),
    ({"HOST": "no.such.host.invalid"}, "HOST=no.such.host.invalid"),
    ({"HOST": "192.0.2.1"}, "HOST=192.0.2.1"),
    ({"WORKERS": "many"}, "WORKERS"),
    ({"WORKERS": "0"}, "WORKERS=0"),
    ({"STOP_DELAY_SECONDS": "-1"}, "STOP_DELAY_SECONDS=-1"),
    ({"STOP_DELAY_SECONDS": "nan"}, '"STOP_DELAY_SECONDS" invalid'),
    ({"WORKERS": "2", "REDIS_URL": ""}, "needs REDIS_URL"),
    ({"WORKERS": "2", "DATABASE_URL": "", "REDIS_URL": "redis://127.0.0.1:6379/15"}, "needs PostgreSQL"),
    ({"SECRET_KEY": "short"}, "SECRET_KEY is shorter"),
    ({"SECRET_KEY": f"django-insecure-{LONG}"}, "SECRET_KEY is a well-known"),
    ({"SECRET_KEY": "x" * 60}, "SECRET_KEY is a well-known"),
    ({"DEBUG": "perhaps"}, "DEBUG"),
    ({"DEBUG": "on", "HOST": "0.0.0.0"}, "DEBUG is on"),
    ({"DATABASE_URL": "mysql://root@localhost/chat"}, "DATABASE_URL must begin with"),
    ({"DATABASE_URL": "nonsense"}, "DATABASE_URL"),
    ({"DATABASE_URL": "sqlite:////no/such/folder/chat.sqlite3"}, "DATABASE_URL"),
    ({"DATABASE_URL": "postgres://postgres@127.0.0.1:1/chat"}, "DATABASE_URL"),
    ({"REDIS_URL": "http://127.0.0.1:6379"}, "REDIS_URL"),
    ({"EMAIL_URL": "smtp://mail:port"}, "EMAIL_URL"),
    ({"RATE_MESSAGES": "five a second"}, "RATE_MESSAGES"),
    ({"SMALL_CHANNEL_MEMBERS": "-1"}, "SMALL_CHANNEL_MEMBERS is negative"),
    ({"RATE_AUTH": "10/m;"}, "RATE_AUTH"),
    ({"TRUSTED_PROXIES": "proxy.local"}, "TRUSTED_PROXIES"),
    ({"TRUSTED_PROXIES": "0.0.0.0/0"}, "trusts everyone"),
    ({"CORS_ORIGINS": "*"}, "CORS_ORIGINS"),
    ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is empty"),
    ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL must be"),
    ({"LOG_FORMAT": "xml"}, "LOG_FORMAT must be"),
    ({"DATA_DIR": "/dev/null/data"}, "DATA_DIR=/dev/null/data"),
    ({"ACCESS_TOKEN_MINUTES": "0"}, "ACCESS_TOKEN_MINUTES"),
    ({"STORAGE_URL": "ftp://host/files"}, "STORAGE_URL must begin with"),
    ({"STORAGE_URL": "s3:///bucket"}, "STORAGE_URL must name the AWS region"),
    ({"ACCEL_REDIRECT": "protected"}, "ACCEL_REDIRECT=protected"),
    ({"ACCEL_REDIRECT": "/files/", "STORAGE_URL": "s3://KEY:hunter2@localhost/bucket"}, "ACCEL_REDIRECT is for files"),
    (
        {"FIREBASE_CREDENTIALS_PATH": "/no/such/file.json"},
        "FIREBASE_CREDENTIALS_PATH=/no/such/file.json cannot be read",
    ),
    ({"FIREBASE_CREDENTIALS_JSON": "{}"}, "FIREBASE_CREDENTIALS_JSON is not a service account"),
    ({"FCM_URL": "http://fcm.example.org"}, "FCM_URL is not an https:// URL"),
    ({"VAPID_PRIVATE_KEY": "hunter2"}, "VAPID_PRIVATE_KEY"),
    ({"BACKUP_KEY": "short"}, "BACKUP_KEY is too short"),
    ({"BACKUP_EVERY_HOURS": "24"}, "BACKUP_EVERY_HOURS needs BACKUP_KEY"),
    ({"BACKUP_URL": "ftp://host/backups"}, "BACKUP_URL must begin with"),
    ({"BACKUP_KEEP": "-1"}, "BACKUP_KEEP is negative"),
    ({"PUSH_TO_LOOPBACK": "on", "ALLOWED_HOSTS": "chat.example.org"}, "PUSH_TO_LOOPBACK is on"),
]


@pytest.mark.plain
@pytest.mark.parametrize(("env", "sentence"), WRONG, ids=[f"{next(iter(env.items()))}"[1:-1] for env, _ in WRONG])
def test_a_wrong_setting_is_a_sentence_and_exit_code_1(env: dict[str, str], sentence: str) -> None:
    server = Server()
    try:
        server.env.update(env)
        for name in ("DATABASE_URL", "REDIS_URL"):
            if server.env.get(name) == "":
                del server.env[name]
        ended = server.run("serve")
        assert ended.returncode == 1, ended.stderr
        assert sentence in ended.stderr
        assert "Traceback" not in ended.stderr
        assert "is running" not in ended.stdout
        assert len(ended.stderr.splitlines()) <= 3
    finally:
        server.close()


@pytest.mark.plain
def test_a_taken_port_is_told_before_anything_is_touched(bare: Server) -> None:
    with socket.create_server(("127.0.0.1", bare.port)):
        ended = bare.run("serve")
    assert ended.returncode == 1
    assert f"Port {bare.port} on 127.0.0.1 is taken" in ended.stderr
    assert "set PORT" in ended.stderr
    assert not (bare.data_dir / "static").exists()


@pytest.mark.plain
def test_two_servers_cannot_have_one_port(own: Server) -> None:
    own.start()
    assert "is taken" in own.run("serve").stderr
    assert own.stop() == 0


def test_a_pretending_database_is_refused(own: Server) -> None:
    if "DATABASE_URL" not in own.env:
        pytest.skip("SQLite is told to be durable on each connection")
    own.env["DATABASE_URL"] += "?options=-c%20synchronous_commit%3Doff"
    ended = own.run("serve")
    assert ended.returncode == 1
    assert "synchronous_commit=off" in ended.stderr


@pytest.mark.plain
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgres://chat:hunter2@127.0.0.1:1/chat"),
        ("STORAGE_URL", "s3://KEY:hunter2@localhost/no/bucket"),
        ("FIREBASE_CREDENTIALS_JSON", '{"type": "service_account", "private_key": "hunter2"}'),
        ("VAPID_PRIVATE_KEY", "hunter2"),
    ],
)
def test_a_password_in_a_setting_is_not_printed(own: Server, name: str, value: str) -> None:
    own.env[name] = value
    ended = own.run("serve")
    assert ended.returncode == 1
    assert "hunter2" not in ended.stderr + ended.stdout
