"""All that a server holds, to look for what it must never have: its database, its files, its log, and Redis."""

from psycopg import sql
from redis import Redis

from chatproject.tests.made import postgres_session
from chatproject.tests.server import Server


def holds(server: Server, *secrets: str) -> list[str]:
    """Which of these stand anywhere in what the server keeps or has logged."""
    kept = [path.read_bytes() for path in server.data_dir.rglob("*") if path.is_file()]
    if "DATABASE_URL" in server.env:
        kept += _rows(server.env["DATABASE_URL"])
    if "REDIS_URL" in server.env:
        kept += _dumps(server.env["REDIS_URL"])
    return [secret for secret in secrets if any(secret.encode() in data for data in kept)]


def _dumps(url: str) -> list[bytes]:
    redis = Redis.from_url(url)
    return [data for key in redis.scan_iter() for data in (key, redis.dump(key) or b"")]


def _rows(url: str) -> list[bytes]:
    with postgres_session(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        query = sql.SQL("SELECT {name}::text FROM {name}")
        found = [connection.execute(query.format(name=sql.Identifier(name))).fetchall() for (name,) in tables]
    return [str(row).encode() for rows in found for row in rows]
