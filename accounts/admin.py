"""People and their sessions in the console. Everything here calls the same actions as the API."""

from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.auth.hashers import make_password
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from unfold.paginator import InfinitePaginator

from accounts import registrations_admin, services  # noqa: F401 (registers them)
from accounts.console import PeopleSearchAdmin
from accounts.forms import AppointForm, CodeForm, NewPersonForm, ProfileForm, SignInForm
from accounts.models import Session, User
from accounts.services.people import audit_new_person
from accounts.typed_input import canonical_password
from common.admin import (
    PER_PAGE,
    ReadOnlyAdmin,
    ReasonedActionForm,
    ReasonForm,
    UntilForm,
    attempt,
    dialog_button,
    redirect_from_dialog,
)

admin.site.login_form = SignInForm
HASHED = "chat.hashed"


@admin.register(User)
class PersonAdmin(PeopleSearchAdmin):
    """People: found by name or address, suspended, restored. Passwords are neither shown nor set here."""

    list_display = ("username", "full_name", "email", "is_active", "is_staff", "created_at", "last_seen_at")
    show_full_result_count = False
    paginator = InfinitePaginator
    list_per_page = PER_PAGE
    list_disable_select_all = True
    list_filter = ("is_active", "is_staff")
    search_people = ("id",)
    ordering = ("username_key",)
    fields = (
        "username",
        "email",
        "email_verified_at",
        "full_name",
        "bio",
        "who_can_add_me",
        "is_active",
        "suspended_until",
        "is_staff",
        "is_superuser",
        "created_at",
        "last_seen_at",
    )
    readonly_fields = tuple(name for name in fields if name not in ("full_name", "bio"))
    actions = ("suspend", "restore", "end_sessions")
    action_form = ReasonedActionForm
    actions_detail = ("suspend_this", "restore_this", "sign_out", "send_code", "appoint", "delete_account")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Without erased people."""
        people: QuerySet[User] = super().get_queryset(request)
        return people.filter(email__isnull=False)

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = ProfileForm if obj else NewPersonForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj:
            return self.fields
        # Only superusers may create superusers.
        names = ("email", "username", "full_name", "password")
        return (*names, "is_operator") if request.user.is_superuser else names

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return self.readonly_fields if obj else ()

    def changeform_view(self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any) -> Any:
        """Hash a new person's password before Django's transaction begins."""
        if request.method == "POST" and object_id is None and self.has_add_permission(request):
            hashed = make_password(canonical_password(request.POST.get("password", "")))
            request.META[HASHED] = hashed
        return super().changeform_view(request, object_id, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save through the actions, never directly."""
        if change:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            services.change_profile_of(request.user, obj, **changes)  # type: ignore[arg-type]
        else:
            fields = {name: form.cleaned_data[name] for name in self.get_fields(request)}
            user = services.create_person(**fields, hashed=request.META[HASHED])
            obj.__dict__.update(user.__dict__)
            audit_new_person(request.user, user)  # type: ignore[arg-type]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        is_allowed = super().has_change_permission(request, obj)
        return is_allowed and (obj in (None, request.user) or services.outranks(request.user, obj))  # type: ignore[arg-type]

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_suspend_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("accounts.suspend_user")

    def has_sign_out_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("accounts.end_user_sessions")

    def has_send_code_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("accounts.resend_user_code")

    def has_delete_account_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("accounts.delete_user")

    def has_appoint_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.is_superuser)

    @admin.action(description="Suspend: sign out everywhere and refuse to sign in", permissions=["suspend"])
    def suspend(self, request: HttpRequest, people: QuerySet[User]) -> None:
        for user in people:
            self._suspend(request, user, request.POST.get("reason", ""))

    @admin.action(description="Restore: let them sign in again", permissions=["suspend"])
    def restore(self, request: HttpRequest, people: QuerySet[User]) -> None:
        for user in people:
            self._restore(request, user, request.POST.get("reason", ""))

    @admin.action(description="End all sessions", permissions=["sign_out"])
    def end_sessions(self, request: HttpRequest, people: QuerySet[User]) -> None:
        for user in people:
            self._sign_out(request, user, request.POST.get("reason", ""))

    @dialog_button(
        "suspend",
        "Suspend",
        "Nobody can sign in to this account until then, or until you restore it.",
        permissions=["suspend"],
        form=UntilForm,
        is_dangerous=True,
    )
    def suspend_this(self, request: HttpRequest, form: UntilForm, object_id: str) -> HttpResponse:
        user, data = self._person(object_id), form.cleaned_data
        self._suspend(request, user, data["reason"], data["until"])
        return self._back(user)

    @dialog_button("restore", "Restore", "This person can sign in again.", permissions=["suspend"])
    def restore_this(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        user = self._person(object_id)
        self._restore(request, user, form.cleaned_data["reason"])
        return self._back(user)

    @dialog_button(
        "end-sessions",
        "End all sessions",
        "This person is signed out everywhere, but can sign in again.",
        permissions=["sign_out"],
    )
    def sign_out(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        user = self._person(object_id)
        self._sign_out(request, user, form.cleaned_data["reason"])
        return self._back(user)

    @dialog_button(
        "resend-code",
        "Send a new code",
        "The new code has all its tries. The old one becomes invalid.",
        permissions=["send_code"],
        form=CodeForm,
    )
    def send_code(self, request: HttpRequest, form: CodeForm, object_id: str) -> HttpResponse:
        user, data = self._person(object_id), form.cleaned_data

        def run() -> str:
            services.resend_code_to(request.user, user, purpose=data["purpose"], reason=data["reason"])  # type: ignore[arg-type]
            return f"{user}: the code is on its way."

        attempt(request, run)
        return self._back(user)

    @dialog_button(
        "appoint",
        "Appoint",
        "Choose what this person may do in this console.",
        permissions=["appoint"],
        form=AppointForm,
    )
    def appoint(self, request: HttpRequest, form: AppointForm, object_id: str) -> HttpResponse:
        user, data = self._person(object_id), form.cleaned_data

        def run() -> str:
            services.appoint(request.user, user, group=data["group"], reason=data["reason"])  # type: ignore[arg-type]
            if data["group"]:
                return f"{user} now has the rights of the group {data['group']}."
            return f"{user} is no longer a member of staff."

        attempt(request, run)
        return self._back(user)

    @dialog_button(
        "delete-account",
        "Delete the account",
        "The account is erased after the grace period. Signing in before then keeps it.",
        permissions=["delete_account"],
        is_dangerous=True,
    )
    def delete_account(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        user, reason = self._person(object_id), form.cleaned_data["reason"]

        def run() -> str:
            erase_at = services.request_deletion_of(request.user, user, reason=reason)  # type: ignore[arg-type]
            return f"{user} will be erased at {erase_at:%Y-%m-%d %H:%M} UTC."

        attempt(request, run)
        return self._back(user)

    def _suspend(self, request: HttpRequest, user: User, reason: str, until: datetime | None = None) -> None:
        def run() -> str:
            services.suspend(request.user, user, until=until, reason=reason)  # type: ignore[arg-type]
            return f"{user} is suspended."

        attempt(request, run)

    def _restore(self, request: HttpRequest, user: User, reason: str) -> None:
        def run() -> str:
            services.restore(request.user, user, reason=reason)  # type: ignore[arg-type]
            return f"{user} can sign in again."

        attempt(request, run)

    def _sign_out(self, request: HttpRequest, user: User, reason: str) -> None:
        def run() -> str:
            ended = services.end_sessions_of(request.user, user, reason=reason)  # type: ignore[arg-type]
            return f"{user}: {ended} {'session' if ended == 1 else 'sessions'} ended."

        attempt(request, run)

    def _person(self, object_id: str) -> User:
        return get_object_or_404(User, id=object_id, email__isnull=False)

    def _back(self, user: User) -> HttpResponse:
        """Go to the person's page, which says whether the action was done or refused."""
        return redirect_from_dialog(reverse("admin:accounts_user_change", args=[user.id]))


@admin.register(Session)
class SessionAdmin(PeopleSearchAdmin, ReadOnlyAdmin):
    """Sessions, to look at and to end."""

    list_display = ("user", "device_name", "address", "created_at", "last_used_at", "expires_at", "ended_at")
    list_select_related = ("user",)
    search_fields = ("device_name", "address")
    search_help_text = "Search by name, by the beginning of an e-mail address, by device or by IP address."
    ordering = ("-id",)
    actions = ("end",)
    action_form = ReasonedActionForm

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.end_user_sessions")

    @admin.action(description="End: sign out on this device", permissions=["end"])
    def end(self, request: HttpRequest, sessions: QuerySet[Session]) -> None:
        for session in sessions.select_related("user"):
            attempt(request, partial(self._end, request, session))

    def _end(self, request: HttpRequest, session: Session) -> str:
        services.end_session_of(request.user, session, reason=request.POST.get("reason", ""))  # type: ignore[arg-type]
        return f"{session.user}: {session.device_name or 'the session'} was signed out."
