"""Console pages that belong to no single app: the audit log, messages without their text, groups, and tasks."""

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
from common import audit
from common.admin import ConsoleAdmin, ReadOnlyAdmin, show_counts
from common.clock import rfc3339
from common.models import AuditEntry
from common.text import clean_text
from messaging.models import Message
from operations import worker
from operations.backups import admin as backups_admin  # noqa: F401 (registers them)
from operations.personal_export import admin as personal_export_admin  # noqa: F401 (registers them)

admin.site.index_title = "Overview"
admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ConsoleAdmin):
    """The roles of the staff. Every change is recorded in the audit log."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Django saves the permissions here, after the name."""
        before = _permissions_of(form.instance)
        super().save_related(request, form, formsets, change)
        after = _permissions_of(form.instance)
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


def _permissions_of(group: Group) -> set[str]:
    return set(group.permissions.values_list("codename", flat=True))


@admin.register(AuditEntry)
class AuditAdmin(PeopleSearchAdmin, ReadOnlyAdmin):
    """The staff's actions, the latest first."""

    list_display = ("number", "at", "actor", "action", "subject", "subject_id", "why", "origin")
    list_filter = ("action", "subject")
    search_people = ("actor_id", "subject_id")
    search_fields = ("action", "reason", "origin", "actor_id__exact", "subject_id__exact")
    search_help_text = "A person's name, an action, a reason, an origin, or the id of a person or object."
    ordering = ("-number",)
    fields = (*list_display, "facts", "link")
    actions = ("export",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """Adds the actors' current usernames: the log itself has only ids."""
        names = User.objects.filter(id=OuterRef("actor_id")).values("username")
        rows: QuerySet[AuditEntry] = super().get_queryset(request)
        return rows.annotate(actor_name=Subquery(names))

    @admin.display(description="by")
    def actor(self, entry: AuditEntry) -> str:
        return str(getattr(entry, "actor_name", None) or entry.actor_id or "a command")

    @admin.display(description="reason")
    def why(self, entry: AuditEntry) -> str:
        """Cleaned for display: older versions stored reasons unchecked, and the log cannot be changed."""
        return clean_text(entry.reason)

    @admin.display(description="hash")
    def link(self, entry: AuditEntry) -> str:
        return " ".join(wrap(entry.hash, 8))

    @admin.action(description="Export as JSON Lines", permissions=["view"])
    def export(self, request: HttpRequest, entries: QuerySet[AuditEntry]) -> StreamingHttpResponse:
        headers = {"Content-Disposition": 'attachment; filename="audit.jsonl"', "Cache-Control": "no-store"}
        lines = map(_json_line, entries.order_by("number").iterator(chunk_size=1000))
        return StreamingHttpResponse(lines, content_type="application/jsonl", headers=headers)


def _json_line(entry: AuditEntry) -> bytes:
    row = {field.name: getattr(entry, field.name) for field in AuditEntry._meta.concrete_fields}
    return msgspec.json.encode(row | {"at": rfc3339(entry.at)}) + b"\n"


@admin.register(Message)
class MessageAdmin(PeopleSearchAdmin, ReadOnlyAdmin):
    """Who wrote where and when, searchable by sender. The text is shown in transcripts only, which require a
    permission and a reason."""

    list_display = ("created_at", "sender", "conversation", "seq", "content_type", "edited_at", "deleted_at")
    list_filter = ("content_type",)
    list_select_related = ("sender", "conversation")
    search_people = ("sender",)
    ordering = ("-id",)
    fields = ("id", *list_display, "client_id", "reply_count", "pinned_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Does not load the content."""
        rows: QuerySet[Message] = super().get_queryset(request)
        return rows.defer("content", "words", "envelope", "metadata")


admin.site.unregister(DBTaskResult)


@admin.register(DBTaskResult)
class TaskAdmin(ReadOnlyAdmin, DBTaskResultAdmin):
    """The worker's tasks: queued, running, done and failed."""

    actions = ("redrive",)

    def has_redrive_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_tasks_database.change_dbtaskresult")

    @admin.action(description="Run again", permissions=["redrive"])
    def redrive(self, request: HttpRequest, tasks: QuerySet[Any]) -> None:
        selected, requeued = tasks.count(), worker.requeue_failed(tasks)
        audit.record("task.redrive", actor_id=request.user.pk, subject="task", tasks=requeued)
        show_counts(self, request, selected, requeued, "will run again", "have not failed, so they were left alone")
