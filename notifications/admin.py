"""Pushes in the console: what waits, what was given up, and trying that again."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.console import PeopleSearchAdmin
from chatproject.common import audit
from chatproject.common.admin import ReadOnlyAdmin, tell_how_many
from chatproject.common.clock import now
from notifications import services
from notifications.models import Push


class State(admin.SimpleListFilter):
    """Waiting, or given up."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waiting", "Waiting"), ("dead", "Given up")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Push]) -> QuerySet[Push]:
        pushes = Push.objects.filter(pk__in=queryset.values("pk"))
        return {"waiting": pushes.waiting(), "dead": pushes.dead()}.get(self.value() or "", queryset)


@admin.register(Push)
class PushAdmin(PeopleSearchAdmin, ReadOnlyAdmin):
    """What is to be pushed, without what it says. A push that was sent is not kept."""

    list_display = ("id", "kind", "to", "state", "attempts", "reason", "created_at", "due_at", "dead_at")
    list_filter = (State, "kind", "device__provider")
    list_select_related = ("device__user",)
    search_people = ("device__user",)
    ordering = ("due_at",)
    fields = ("id", "kind", "to", "state", "attempts", "reason", "created_at", "due_at", "dead_at")
    actions = ("redrive",)

    @admin.display(description="to")
    def to(self, push: Push) -> str:
        return f"{push.device.user} ({push.device.provider})"

    @admin.display(description="state")
    def state(self, push: Push) -> str:
        return "given up" if push.dead_at else "waiting"

    def has_redrive_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_push")

    @admin.action(description="Try again", permissions=["redrive"])
    def redrive(self, request: HttpRequest, pushes: QuerySet[Push]) -> None:
        chosen, again = pushes.count(), services.redrive(pushes, now())
        audit.record("push.redrive", actor_id=request.user.pk, subject="push", pushes=again)
        tell_how_many(self, request, chosen, again, "will be tried again", "were not given up and wait already")
