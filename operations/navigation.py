"""The console's menu, grouped by task, the most frequent first."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

MENU = {
    "Moderation": [
        ("Reports", "flag", "messaging.report"),
        ("Conversations", "forum", "conversations.conversation"),
        ("Messages", "chat", "messaging.message"),
        ("Filters", "filter_alt", "messaging.filter"),
    ],
    "People": [
        ("People", "person", "accounts.user"),
        ("Registrations", "person_add", "accounts.registration"),
        ("Sign-ins", "devices", "accounts.session"),
        ("Roles", "group", "auth.group"),
        ("Exports", "download", "chatproject.personalexport"),
    ],
    "Operations": [
        ("Backups", "backup", "chatproject.backup"),
        ("Tasks", "task", "django_tasks_database.dbtaskresult"),
        ("Pushes", "notifications", "notifications.push"),
        ("Audit log", "history", "common.auditentry"),
    ],
}
"""Group → entries: title, icon, and the model whose list it opens."""


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The overview, and the lists that this user may see."""
    overview = {"title": "Overview", "icon": "monitoring", "link": reverse("admin:index")}
    groups = [{"title": title, "items": _visible_items(request, entries)} for title, entries in MENU.items()]
    return [{"items": [overview]}, *(group for group in groups if group["items"])]


def _visible_items(request: HttpRequest, entries: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
    return [
        {"title": title, "icon": icon, "link": reverse(f"admin:{label.replace('.', '_')}_changelist")}
        for title, icon, label in entries
        if admin.site.get_model_admin(apps.get_model(label)).has_view_permission(request)
    ]
