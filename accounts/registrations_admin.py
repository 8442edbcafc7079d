"""The console's list of pending registrations."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import services
from accounts.console import PeopleSearchAdmin
from accounts.models import Registration
from accounts.models.registration import RegistrationQuerySet
from common.admin import ReadOnlyAdmin, ReasonedActionForm, attempt


@admin.register(Registration)
class RegistrationAdmin(ReadOnlyAdmin):
    """Registrations whose address is not confirmed yet: to look at, and to send a new code."""

    list_display = ("username", "full_name", "email", "reference", "created_at")
    fields = list_display
    search_fields = ("username", "full_name", "email")
    search_help_text = PeopleSearchAdmin.search_help_text
    ordering = ("-created_at",)
    actions = ("send_code",)
    action_form = ReasonedActionForm

    def get_search_results(
        self, request: HttpRequest, queryset: RegistrationQuerySet, search_term: str
    ) -> tuple[RegistrationQuerySet, bool]:
        """Search as for people."""
        if not search_term.strip():
            return queryset, False
        return queryset.search(search_term), False

    def has_view_permission(self, request: HttpRequest, obj: Registration | None = None) -> bool:
        return request.user.has_perm("accounts.view_user")

    def has_send_code_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.resend_user_code")

    @admin.action(description="Send a new code, with all its tries", permissions=["send_code"])
    def send_code(self, request: HttpRequest, registrations: QuerySet[Registration]) -> None:
        for registration in registrations:
            self._send_code(request, registration)

    def _send_code(self, request: HttpRequest, registration: Registration) -> None:
        reason = request.POST.get("reason", "")

        def run() -> str:
            services.resend_code_to(request.user, registration, purpose="verify_email", reason=reason)  # type: ignore[arg-type]
            return f"{registration}: the code is on its way."

        attempt(request, run)
