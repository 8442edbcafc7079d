"""What earlier versions have written down by name is found today: queued tasks, and what a `client_id` created."""

import importlib
import pkgutil

import pytest
from django.apps import apps
from django.conf import settings
from django.utils.module_loading import import_string

from operations.worker import current_task_path

pytestmark = pytest.mark.plain
EARLIER_PATHS = [
    "accounts.services.mails.send_mail",
    "chatproject.backups.drilling.drill_newest",
    "chatproject.backups.making.copy_backups",
    "chatproject.backups.making.make_backup",
    "chatproject.personal_export.making.make_export",
    "chatproject.cleaning.clean_older_text",
    "chatproject.erasure.erase_person",
    "encryption.services.directory.end_devices",
    "encryption.services.directory.tell_acquainted",
    "media.services.processing.process_upload",
    "messaging.reindexing.reindex_search",
]


@pytest.mark.parametrize("path", EARLIER_PATHS)
def test_an_earlier_path_leads_to_a_task_of_today(path: str) -> None:
    task = import_string(current_task_path(path))

    assert task.module_path == current_task_path(path)


@pytest.mark.parametrize("path", EARLIER_PATHS)
def test_a_path_of_today_stays(path: str) -> None:
    assert current_task_path(current_task_path(path)) == current_task_path(path)


EARLIER_ACTIONS = {
    "chatproject.backups.making.request_backup",
    "chatproject.personal_export.making.request_export",
    "conversations.services.create.create_channel",
    "conversations.services.create.create_group",
    "conversations.services.invites.create_invite",
    "media.services.uploads.keep_upload",
    "messaging.services.filters.create_filter",
}


def test_what_a_client_id_created_keeps_the_name_it_was_recorded_under() -> None:
    assert {one.recorded_name for one in idempotent_actions()} >= EARLIER_ACTIONS


def idempotent_actions() -> set:
    ours = [app for app in apps.get_app_configs() if app.path.startswith(f"{settings.BASE_DIR}/{app.name}")]
    modules = [one.name for app in ours for one in pkgutil.walk_packages([app.path], f"{app.name}.")]
    loaded = [importlib.import_module(one) for one in modules if ".tests" not in one and ".migrations." not in one]
    return {one for module in loaded for one in vars(module).values() if hasattr(one, "recorded_name")}
