"""A database that refuses one row, and no other: what a bad row does to whoever works through many."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.models import Model


@contextmanager
def refusing(model: type[Model], field: str, value: Any, on: str) -> Iterator[None]:
    """Within, the database fails `on` INSERT, UPDATE or DELETE of the rows of `model` whose `field` has this value."""
    table, column = model._meta.db_table, model._meta.get_field(field).column
    row = "OLD" if on == "DELETE" else "NEW"
    held = str(model._meta.get_field(field).get_db_prep_value(value, connection)).replace("'", "''")
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute((POSTGRES if postgres else SQLITE).format(on=on, table=table, row=row, column=column, held=held))
        try:
            yield
        finally:
            cursor.execute(f"DROP TRIGGER refuse{f' ON {table}' if postgres else ''}")


SQLITE = """
    CREATE TRIGGER refuse BEFORE {on} ON {table} WHEN CAST({row}.{column} AS TEXT) = '{held}'
    BEGIN SELECT RAISE(ABORT, 'refused'); END
"""
POSTGRES = """
    CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
    CREATE TRIGGER refuse BEFORE {on} ON {table} FOR EACH ROW
        WHEN ({row}.{column}::text = '{held}') EXECUTE FUNCTION refuse()
"""
