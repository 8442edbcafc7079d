"""Queues every task that there is. `bench.upgrade` has `manage.py shell` of the other commit run it, in its tree."""

import importlib
import os
import pkgutil
import sys
import uuid
from pathlib import Path

from django.apps import apps
from django.utils import timezone
from django_tasks.base import Task

NOT_OURS = {"tests", "migrations", "commands"}
ours = [app for app in apps.get_app_configs() if app.path.startswith(str(Path.cwd())) and ".venv" not in app.path]
for app in ours:
    for module in pkgutil.walk_packages([app.path], f"{app.name}."):
        if not NOT_OURS & set(module.name.split(".")):
            importlib.import_module(module.name)

alice, carol = os.environ["ALICE"], os.environ["CAROL"]
made = {"task_id": uuid.uuid4(), "created_at": timezone.now()}
archive = apps.get_model("chatproject.PersonalExport").objects.create(user_id=alice, **made)
backup = apps.get_model("chatproject.Backup").objects.create(**made)
arguments = {
    "send_mail": ["password_changed", alice, "queued@example.org"],
    "process_upload": [str(uuid.uuid4())],
    "end_devices": [alice],
    "tell_acquainted": [alice],
    "erase_person": [carol],
    "make_backup": [str(backup.id)],
    "make_export": [str(archive.id)],
}
names = tuple(f"{app.name}." for app in ours)
found = {one for module in list(sys.modules.values()) for one in list(vars(module).values()) if isinstance(one, Task)}
for task in found:
    if task.func.__module__.startswith(names):
        print(task.enqueue(*arguments.get(task.func.__name__, [])).task.module_path)
