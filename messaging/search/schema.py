"""The search index, which the database keeps by itself: whoever writes a message writes its words, and no more.

PostgreSQL has a GIN index on the words. SQLite has an FTS5 table without content, kept by triggers; its rows are named
by a number of their own, because VACUUM may renumber the rows of a table whose key is a UUID.

`operations` end the migration that makes messages. Django remakes a table of SQLite to alter it and its triggers are
lost, so each later migration that alters messages there ends with `operations` too; a test watches.
"""

from typing import Any

from django.db import migrations

POSTGRES = ("CREATE INDEX IF NOT EXISTS message_words ON messaging_message USING gin (words)",)
POSTGRES_REVERSE = ("DROP INDEX message_words",)

# Also the tails of two ids: whoever looks for what is common elsewhere need not pass by all of it. No word has a `_`.
_KEPT = "{0}.words || ' _' || substr({0}.conversation_id, 21) || ' _' || substr({0}.sender_id, 21)"
_KEY = "SELECT id FROM messaging_search_key WHERE message_id = old.id"
_FORGET = f"""
    INSERT INTO messaging_search (messaging_search, rowid, words) VALUES ('delete', ({_KEY}), {_KEPT.format("old")})"""  # noqa: S608 - constants only
TRIGGERS = {
    "message_is_found": f"""AFTER INSERT ON messaging_message BEGIN
        INSERT INTO messaging_search_key (message_id) VALUES (new.id);
        INSERT INTO messaging_search (rowid, words) VALUES (last_insert_rowid(), {_KEPT.format("new")});
    END""",  # noqa: S608 - constants only
    "message_is_found_otherwise": f"""AFTER UPDATE OF words ON messaging_message BEGIN
        {_FORGET};
        INSERT INTO messaging_search (rowid, words) VALUES (({_KEY}), {_KEPT.format("new")});
    END""",  # noqa: S608 - constants only
    "message_is_found_no_more": f"""AFTER DELETE ON messaging_message BEGIN
        {_FORGET};
        DELETE FROM messaging_search_key WHERE message_id = old.id;
    END""",  # noqa: S608 - constants only
}
SQLITE = (
    "CREATE TABLE IF NOT EXISTS messaging_search_key (id integer PRIMARY KEY, message_id char(32) NOT NULL UNIQUE)",
    """CREATE VIRTUAL TABLE IF NOT EXISTS messaging_search
       USING fts5 (words, content='', detail='none', tokenize="ascii tokenchars '_'")""",
    *(f"CREATE TRIGGER IF NOT EXISTS {name} {does}" for name, does in TRIGGERS.items()),
)
SQLITE_REVERSE = (
    *(f"DROP TRIGGER {name}" for name in TRIGGERS),
    "DROP TABLE messaging_search",
    "DROP TABLE messaging_search_key",
)


def _make(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor, POSTGRES, SQLITE)


def _remove(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor, POSTGRES_REVERSE, SQLITE_REVERSE)


def _run(schema_editor: Any, postgres: tuple[str, ...], sqlite: tuple[str, ...]) -> None:
    for statement in postgres if schema_editor.connection.vendor == "postgresql" else sqlite:
        schema_editor.execute(statement, params=None)


operations = [migrations.RunPython(_make, _remove)]
