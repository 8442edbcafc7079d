"""The peer socket.io + PostgreSQL, ready to be started: its packages, and its database with the casts of all scenes."""

import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import psycopg

from bench.databases import POSTGRES, drop_postgres, recreate_postgres
from bench.reading import messages
from bench.scenes import CASTS, Cast
from bench.servers import SOCKET_IO, Server

HERE = Path(__file__).parent
DATABASE = "chat_bench_socketio"
SECRET = "a secret of the bench"


@contextmanager
def prepared(folder: Path) -> Iterator[Server]:
    """The peer on a fresh database, as `bench.databases.prepared` does it for our server."""
    people = folder / "socketio"
    people.mkdir()
    program = installed() / "socketio_room.mjs"
    recreate_postgres(DATABASE)
    try:
        with psycopg.connect(f"{POSTGRES}/{DATABASE}", autocommit=True) as connection:
            connection.execute((HERE / "socketio_room.sql").read_bytes())
            for name, cast in CASTS.items():
                (people / f"{name}.json").write_text(json.dumps(seed(connection, cast)))
            connection.execute("ANALYZE")
        yield Server(
            SOCKET_IO,
            (str(program),),
            {"DATABASE_URL": f"{POSTGRES}/{DATABASE}", "SECRET": SECRET, "NODE_ENV": "production"},
            program="node",
            speaks="socket.io",
            people=people,
            database=DATABASE,
        )
    finally:
        drop_postgres(DATABASE)


def installed() -> Path:
    """A folder outside the tree with the peer and its locked packages, which are installed once for each lock."""
    if not (shutil.which("npm") and shutil.which("node")):
        sys.exit("The peer socket.io needs Node and npm (Debian: apt install nodejs npm).")
    lock = (HERE / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chatproject"
    folder = cache / f"peers-{hashlib.sha256(lock).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "socketio_room.mjs"):
        shutil.copy(HERE / name, folder)
    if not (folder / "node_modules" / ".package-lock.json").exists():  # which npm writes last
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
    return folder


def seed(connection: psycopg.Connection, cast: Cast) -> dict[str, list[str] | list[int]]:
    """Make a cast. Returns what `bench.adapters` reads."""
    users, rooms = (
        inserted(connection, table, count) for table, count in (("users", cast.members), ("rooms", cast.rooms))
    )
    with connection.cursor() as cursor:
        with cursor.copy("COPY members (user_id, room_id, last_read_seq) FROM STDIN") as copy:
            for member, user in enumerate(users):
                for room in cast.rooms_of(member):
                    copy.write_row((user.id, rooms[room].id, cast.read))
        with cursor.copy("COPY messages (room_id, seq, sender_id, client_id, content, created_at) FROM STDIN") as copy:
            for _, *row in messages(users, rooms, cast.messages):
                copy.write_row(row)
        cursor.execute("UPDATE rooms SET last_seq = %s WHERE id >= %s", [cast.messages, rooms[0].id])
    return {"tokens": [token(user.id) for user in users], "conversations": [room.id for room in rooms]}


def inserted(connection: psycopg.Connection, table: str, count: int) -> list[SimpleNamespace]:
    """New rows, each with a name."""
    names = f"INSERT INTO {table} (name) SELECT '{table} ' || n FROM generate_series(1, {count}) n RETURNING id"
    return [SimpleNamespace(id=id_) for (id_,) in connection.execute(names)]


def token(user_id: int) -> str:
    return f"{user_id}.{hmac.digest(SECRET.encode(), str(user_id).encode(), 'sha256').hex()}"
