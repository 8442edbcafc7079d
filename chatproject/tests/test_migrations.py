"""An installation is brought up to date while others use it: servers of the version before, and people."""

import pytest
from django.apps import apps
from django.db.migrations import AddField, CreateModel, Migration, RunPython, RunSQL
from django.db.migrations.loader import MigrationLoader

from chatproject.tests.server import ROOT

pytestmark = pytest.mark.plain


@pytest.fixture(scope="module")
def migrations() -> list[Migration]:
    """All of ours."""
    ours = {app.label for app in apps.get_app_configs() if ".venv" not in app.path and app.path.startswith(str(ROOT))}
    found = [one for (app, _), one in MigrationLoader(None).disk_migrations.items() if app in ours]
    assert len(found) > len(ours)
    return found


def test_the_version_before_can_write_into_tables_that_got_columns(migrations: list[Migration]) -> None:
    added, refused = 0, []
    for migration in migrations:
        made = {one.name_lower for one in migration.operations if isinstance(one, CreateModel)}
        for one in migration.operations:
            if isinstance(one, AddField) and one.model_name_lower not in made and not one.field.many_to_many:
                added += 1
                if not one.field.null and not one.field.has_db_default():
                    refused.append(f"{migration}: {one.model_name}.{one.name} needs null=True or a db_default")
    assert added
    assert not refused


def test_rows_are_rewritten_apart_from_tables(migrations: list[Migration]) -> None:
    """A changed table is locked until its transaction ends, and what was rewritten in no transaction cannot be begun
    again behind a table that is there already."""
    rewriting = [one for one in migrations if any(isinstance(part, RunPython | RunSQL) for part in one.operations)]
    assert rewriting
    assert [str(one) for one in rewriting if len(one.operations) > 1 and one.name != "0001_initial"] == []
