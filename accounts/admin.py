"""People and their sign-ins in the console. What an operator does here are the same deeds as everywhere."""

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
from accounts.services.people import record_new
from accounts.typed import canonical_password
from chatproject.common.admin import (
    PER_PAGE,
    ReadOnlyAdmin,
    ReasonedActionForm,
    ReasonForm,
    UntilForm,
    attempt,
    back,
    button,
)

admin.site.login_form = SignInForm
HASHED = "chat.hashed"


@admin.register(User)
class PersonAdmin(PeopleSearchAdmin):
    """People: found by name or address, suspended, restored. Nobody sees or sets a password here."""

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
        """Without those that only stand in for a registration."""
        people: QuerySet[User] = super().get_queryset(request)
        return people.filter(email__isnull=False)

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = ProfileForm if obj else NewPersonForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj:
            return self.fields
        # Who may not do everything makes nobody who may.
        names = ("email", "username", "full_name", "password")
        return (*names, "is_operator") if request.user.is_superuser else names

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return self.readonly_fields if obj else ()

    def changeform_view(self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any) -> Any:
        """Somebody new has their password hashed before Django's transaction begins."""
        if request.method == "POST" and object_id is None and self.has_add_permission(request):
            hashed = make_password(canonical_password(request.POST.get("password", "")))
            request.META[HASHED] = hashed
        return super().changeform_view(request, object_id, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Through the deeds, never behind their back."""
        if change:
            said = {name: form.cleaned_data[name] for name in form.changed_data}
            services.change_profile_of(request.user, obj, **said)  # type: ignore[arg-type]
        else:
            names = self.get_fields(request)
            said = {name: form.cleaned_data[name] for name in names}
            made = services.create_person(**said, hashed=request.META[HASHED])
            obj.__dict__.update(made.__dict__)
            record_new(request.user, made)  # type: ignore[arg-type]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        may = super().has_change_permission(request, obj)
        return may and (obj in (None, request.user) or services.outranks(request.user, obj))  # type: ignore[arg-type]

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

    @button(
        "suspend",
        "Suspend",
        "Nobody signs in to this account until then, or until it is restored.",
        may=["suspend"],
        form=UntilForm,
        is_grave=True,
    )
    def suspend_this(self, request: HttpRequest, form: UntilForm, object_id: str) -> HttpResponse:
        user, said = self._person(object_id), form.cleaned_data
        self._suspend(request, user, said["reason"], said["until"])
        return self._back(user)

    @button("restore", "Restore", "They may sign in again.", may=["suspend"])
    def restore_this(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        user = self._person(object_id)
        self._restore(request, user, form.cleaned_data["reason"])
        return self._back(user)

    @button(
        "end-sessions", "End all sessions", "They are signed out everywhere, and may sign in again.", may=["sign_out"]
    )
    def sign_out(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        user = self._person(object_id)
        self._sign_out(request, user, form.cleaned_data["reason"])
        return self._back(user)

    @button(
        "resend-code", "Send a new code", "With all its tries. The one before ends.", may=["send_code"], form=CodeForm
    )
    def send_code(self, request: HttpRequest, form: CodeForm, object_id: str) -> HttpResponse:
        user, said = self._person(object_id), form.cleaned_data

        def deed() -> str:
            services.resend_code_to(request.user, user, purpose=said["purpose"], reason=said["reason"])  # type: ignore[arg-type]
            return f"{user}: a code is on its way."

        attempt(request, deed)
        return self._back(user)

    @button("appoint", "Appoint", "What they may do in this console.", may=["appoint"], form=AppointForm)
    def appoint(self, request: HttpRequest, form: AppointForm, object_id: str) -> HttpResponse:
        user, said = self._person(object_id), form.cleaned_data

        def deed() -> str:
            services.appoint(request.user, user, group=said["group"], reason=said["reason"])  # type: ignore[arg-type]
            return f"{user} is of the {said['group']} now." if said["group"] else f"{user} is not of the staff now."

        attempt(request, deed)
        return self._back(user)

    @button(
        "delete-account",
        "Delete the account",
        "As if they had asked for it themselves: signing in until then keeps it.",
        may=["delete_account"],
        is_grave=True,
    )
    def delete_account(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        user, reason = self._person(object_id), form.cleaned_data["reason"]

        def deed() -> str:
            erase_at = services.request_deletion_of(request.user, user, reason=reason)  # type: ignore[arg-type]
            return f"{user} will be erased at {erase_at:%Y-%m-%d %H:%M} UTC."

        attempt(request, deed)
        return self._back(user)

    def _suspend(self, request: HttpRequest, user: User, reason: str, until: datetime | None = None) -> None:
        def deed() -> str:
            services.suspend(request.user, user, until=until, reason=reason)  # type: ignore[arg-type]
            return f"{user} is suspended."

        attempt(request, deed)

    def _restore(self, request: HttpRequest, user: User, reason: str) -> None:
        def deed() -> str:
            services.restore(request.user, user, reason=reason)  # type: ignore[arg-type]
            return f"{user} may sign in again."

        attempt(request, deed)

    def _sign_out(self, request: HttpRequest, user: User, reason: str) -> None:
        def deed() -> str:
            return f"{user}: {services.end_sessions_of(request.user, user, reason=reason)} ended."  # type: ignore[arg-type]

        attempt(request, deed)

    def _person(self, object_id: str) -> User:
        return get_object_or_404(User, id=object_id, email__isnull=False)

    def _back(self, user: User) -> HttpResponse:
        """To the person, whether it was done or refused: the page says which."""
        return back(reverse("admin:accounts_user_change", args=[user.id]))


@admin.register(Session)
class SessionAdmin(PeopleSearchAdmin, ReadOnlyAdmin):
    """Sign-ins, to look at and to end."""

    list_display = ("user", "device_name", "address", "created_at", "last_used_at", "expires_at", "ended_at")
    list_select_related = ("user",)
    search_fields = ("device_name", "address")
    search_help_text = (
        "Words of somebody's names, how their e-mail address begins, a device or where it signed in from."
    )
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
        return f"{session.user}: {session.device_name or 'the session'} is ended."
