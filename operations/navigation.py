"""The console's menu: by what the staff does, the most frequent first."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

PLACES = {
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
    "Operation": [
        ("Backups", "backup", "chatproject.backup"),
        ("Tasks", "task", "django_tasks_database.dbtaskresult"),
        ("Pushes", "notifications", "notifications.push"),
        ("Audit log", "history", "common.auditentry"),
    ],
}
"""By group: what the menu calls it, a symbol, and the model whose list it is."""


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu of who asks: the first page, and the lists that they may see."""
    first = {"title": "Overview", "icon": "monitoring", "link": reverse("admin:index")}
    groups = [{"title": title, "items": _items(request, places)} for title, places in PLACES.items()]
    return [{"items": [first]}, *(group for group in groups if group["items"])]


def _items(request: HttpRequest, places: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
    return [
        {"title": title, "icon": icon, "link": reverse(f"admin:{label.replace('.', '_')}_changelist")}
        for title, icon, label in places
        if admin.site.get_model_admin(apps.get_model(label)).has_view_permission(request)
    ]
