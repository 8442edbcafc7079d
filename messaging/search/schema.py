"""The search index. The database maintains it: code that writes a message only writes its `words`, the search terms.

PostgreSQL has a GIN index on that column. SQLite has a contentless FTS5 table that triggers maintain. Its rows have
numbers of their own, because VACUUM may renumber the rows of a table whose primary key is a UUID.

The migration that creates messages ends with `operations`. To alter a table on SQLite, Django recreates it and the
triggers are lost, so every later migration that alters messages has to end with `operations` too; a test checks this.
"""

from typing import Any

from django.db import migrations

POSTGRES = ("CREATE INDEX IF NOT EXISTS message_words ON messaging_message USING gin (words)",)
POSTGRES_REVERSE = ("DROP INDEX message_words",)

# With the ends of two ids, so that a search for terms that are common elsewhere need not skip all those matches. A `_`
# marks them, because no term has one.
_INDEXED = "{0}.words || ' _' || substr({0}.conversation_id, 21) || ' _' || substr({0}.sender_id, 21)"
_KEY = "SELECT id FROM messaging_search_key WHERE message_id = old.id"
_DELETE = f"""
    INSERT INTO messaging_search (messaging_search, rowid, words)
    VALUES ('delete', ({_KEY}), {_INDEXED.format("old")})"""  # noqa: S608 - constants only
TRIGGERS = {
    "message_is_found": f"""AFTER INSERT ON messaging_message BEGIN
        INSERT INTO messaging_search_key (message_id) VALUES (new.id);
        INSERT INTO messaging_search (rowid, words) VALUES (last_insert_rowid(), {_INDEXED.format("new")});
    END""",  # noqa: S608 - constants only
    "message_is_found_otherwise": f"""AFTER UPDATE OF words ON messaging_message BEGIN
        {_DELETE};
        INSERT INTO messaging_search (rowid, words) VALUES (({_KEY}), {_INDEXED.format("new")});
    END""",  # noqa: S608 - constants only
    "message_is_found_no_more": f"""AFTER DELETE ON messaging_message BEGIN
        {_DELETE};
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
