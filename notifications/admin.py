"""Pushes in the console: which are waiting, which were given up, and retrying those."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.console import PeopleSearchAdmin
from common import audit
from common.admin import ReadOnlyAdmin, show_counts
from common.clock import now
from notifications import services
from notifications.models import Push


class State(admin.SimpleListFilter):
    """Filters pushes that are waiting or were given up."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waiting", "Waiting"), ("dead", "Given up")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Push]) -> QuerySet[Push]:
        pushes = Push.objects.filter(pk__in=queryset.values("pk"))
        return {"waiting": pushes.waiting(), "dead": pushes.dead()}.get(self.value() or "", queryset)


@admin.register(Push)
class PushAdmin(PeopleSearchAdmin, ReadOnlyAdmin):
    """Pushes that were not sent yet, without their text. A push that was sent is deleted."""

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
        selected, retried = pushes.count(), services.redrive_pushes(pushes, now())
        audit.record("push.redrive", actor_id=request.user.pk, subject="push", pushes=retried)
        show_counts(self, request, selected, retried, "will be tried again", "were not given up and are still waiting")
