"""What belongs to no app alone, in the console: the audit log, messages without their text, groups, and all tasks."""

from textwrap import wrap
from typing import Any

import msgspec
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, StreamingHttpResponse
from django_tasks_db.admin import DBTaskResultAdmin
from django_tasks_db.models import DBTaskResult

from accounts.console import PeopleSearchAdmin
from accounts.models import User
from chatproject import worker
from chatproject.backups import admin as backups_admin  # noqa: F401 (registers them)
from chatproject.common import audit
from chatproject.common.admin import ConsoleAdmin, ReadOnlyAdmin, tell_how_many
from chatproject.common.clock import rfc3339
from chatproject.common.models import AuditEntry
from chatproject.common.text import clean_text
from chatproject.personal_export import admin as personal_export_admin  # noqa: F401 (registers them)
from messaging.models import Message

admin.site.index_title = "Overview"
admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ConsoleAdmin):
    """What those may do whom a superuser appoints. Each change is written down."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Rights are saved here, after the name."""
        before = _rights_of(form.instance)
        super().save_related(request, form, formsets, change)
        after = _rights_of(form.instance)
        facts = {"added": sorted(after - before), "removed": sorted(before - after)}
        self._record(request, "change" if change else "create", form.instance, changed=form.changed_data, **facts)

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        self._record(request, "delete", obj, members=obj.user_set.count())
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        for group in queryset:
            self.delete_model(request, group)

    def _record(self, request: HttpRequest, verb: str, group: Group, **facts: Any) -> None:
        audit.record(f"group.{verb}", actor_id=request.user.pk, subject="group", name=group.name, **facts)


def _rights_of(group: Group) -> set[str]:
    return set(group.permissions.values_list("codename", flat=True))


@admin.register(AuditEntry)
class AuditAdmin(PeopleSearchAdmin, ReadOnlyAdmin):
    """What the staff did, the last first."""

    list_display = ("number", "at", "actor", "action", "subject", "subject_id", "why", "origin")
    list_filter = ("action", "subject")
    search_people = ("actor_id", "subject_id")
    search_fields = ("action", "reason", "origin", "actor_id__exact", "subject_id__exact")
    search_help_text = "Words of somebody's names, an action, a reason, an origin, or the id of a person or thing."
    ordering = ("-number",)
    fields = (*list_display, "facts", "link")
    actions = ("export",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """With the names that people have now: the log keeps ids."""
        names = User.objects.filter(id=OuterRef("actor_id")).values("username")
        rows: QuerySet[AuditEntry] = super().get_queryset(request)
        return rows.annotate(actor_name=Subquery(names))

    @admin.display(description="by")
    def actor(self, entry: AuditEntry) -> str:
        return str(getattr(entry, "actor_name", None) or entry.actor_id or "a command")

    @admin.display(description="reason")
    def why(self, entry: AuditEntry) -> str:
        """Clean, whatever an older version took: the log itself cannot be changed."""
        return clean_text(entry.reason)

    @admin.display(description="hash")
    def link(self, entry: AuditEntry) -> str:
        return " ".join(wrap(entry.hash, 8))

    @admin.action(description="Export as JSON Lines", permissions=["view"])
    def export(self, request: HttpRequest, entries: QuerySet[AuditEntry]) -> StreamingHttpResponse:
        headers = {"Content-Disposition": 'attachment; filename="audit.jsonl"', "Cache-Control": "no-store"}
        lines = map(_line, entries.order_by("number").iterator(chunk_size=1000))
        return StreamingHttpResponse(lines, content_type="application/jsonl", headers=headers)


def _line(entry: AuditEntry) -> bytes:
    row = {field.name: getattr(entry, field.name) for field in AuditEntry._meta.concrete_fields}
    return msgspec.json.encode(row | {"at": rfc3339(entry.at)}) + b"\n"


@admin.register(Message)
class MessageAdmin(PeopleSearchAdmin, ReadOnlyAdmin):
    """Who wrote where and when, found by the sender. What was said is in a transcript, for who may read it and
    says why."""

    list_display = ("created_at", "sender", "conversation", "seq", "content_type", "edited_at", "deleted_at")
    list_filter = ("content_type",)
    list_select_related = ("sender", "conversation")
    search_people = ("sender",)
    ordering = ("-id",)
    fields = ("id", *list_display, "client_id", "reply_count", "pinned_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Without what was said."""
        rows: QuerySet[Message] = super().get_queryset(request)
        return rows.defer("content", "words", "envelope", "metadata")


admin.site.unregister(DBTaskResult)


@admin.register(DBTaskResult)
class TaskAdmin(ReadOnlyAdmin, DBTaskResultAdmin):
    """What the worker does, has done and could not do."""

    actions = ("redrive",)

    def has_redrive_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_tasks_database.change_dbtaskresult")

    @admin.action(description="Run again", permissions=["redrive"])
    def redrive(self, request: HttpRequest, tasks: QuerySet[Any]) -> None:
        chosen, again = tasks.count(), worker.redrive(tasks)
        audit.record("task.redrive", actor_id=request.user.pk, subject="task", tasks=again)
        tell_how_many(self, request, chosen, again, "will run again", "did not fail, so nothing is done about them")
