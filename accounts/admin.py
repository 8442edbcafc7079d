"""People and their sign-ins in the console. What an operator does here are the same deeds as everywhere."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from accounts import services
from accounts.models import Session, User
from accounts.services import limiting
from accounts.services.people import prepare_person, refuse_known
from chatproject.common.addresses import address_of
from chatproject.common.admin import ReadOnlyAdmin
from chatproject.common.clock import now
from chatproject.common.errors import Refusal


class SignInForm(AuthenticationForm):
    """The console's sign-in, with the limits of every other one."""

    def clean(self) -> dict[str, Any]:
        """Refuses, besides wrong passwords, whoever tries too often."""
        account, address = self.cleaned_data.get("username") or "", address_of(self.request)
        try:
            limiting.spend_sign_in(account, address)
        except Refusal as refusal:
            raise forms.ValidationError(refusal.detail) from None
        data: dict[str, Any] = super().clean()
        limiting.forgive_sign_in(account, address)
        return data


admin.site.login_form = SignInForm


class NewPersonForm(forms.ModelForm[User]):
    """Somebody new, whose address needs no confirmation."""

    email = forms.EmailField(widget=UnfoldAdminEmailInputWidget)
    username = forms.CharField(max_length=32, widget=UnfoldAdminTextInputWidget)
    password = forms.CharField(widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}))
    is_operator = forms.BooleanField(required=False, help_text="May do everything in this console.")

    class Meta:
        model = User
        fields = ("email", "username", "full_name")

    def clean(self) -> dict[str, Any]:
        """What the deed would refuse stands beside its field."""
        data = self.cleaned_data
        if not self.errors:
            try:
                refuse_known(prepare_person(**{name: data[name] for name in ("email", "username", "password")}))
            except Refusal as refusal:
                faults: list[tuple[str | None, str]] = [(error["field"], error["detail"]) for error in refusal.errors]
                for field, detail in faults or [(None, refusal.detail)]:
                    self.add_error(field, detail)
        return data


@admin.register(User)
class PersonAdmin(ModelAdmin):
    """People: found by name or address, suspended, restored. Nobody sees or sets a password here."""

    list_display = ("username", "full_name", "email", "is_active", "is_staff", "created_at", "last_seen_at")
    list_filter = ("is_active", "is_staff")
    search_fields = ("username", "full_name", "email")
    ordering = ("username_key",)
    fields = (
        "username",
        "email",
        "email_verified_at",
        "full_name",
        "bio",
        "is_active",
        "is_staff",
        "is_superuser",
        "created_at",
        "last_seen_at",
    )
    readonly_fields = tuple(name for name in fields if name not in ("full_name", "bio"))
    actions = ("suspend", "restore", "end_sessions")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Without those that only stand in for a registration."""
        people: QuerySet[User] = super().get_queryset(request)
        return people.filter(email__isnull=False)

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewPersonForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return self.fields if obj else ("email", "username", "full_name", "password", "is_operator")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return self.readonly_fields if obj else ()

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Through the deeds, never behind their back."""
        if change:
            services.change_profile(obj, full_name=obj.full_name, bio=obj.bio)
        else:
            names = ("email", "username", "password", "full_name", "is_operator")
            made = services.create_person(**{name: form.cleaned_data[name] for name in names})
            obj.__dict__.update(made.__dict__)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    @admin.action(description="Suspend: sign out everywhere and refuse to sign in", permissions=["change"])
    def suspend(self, request: HttpRequest, people: QuerySet[User]) -> None:
        for user in people:
            if user == request.user:
                self.message_user(request, "You cannot suspend yourself.", messages.ERROR)
            else:
                services.suspend(request.user, user)  # type: ignore[arg-type]
                self.message_user(request, f"{user} is suspended.")

    @admin.action(description="Restore: let them sign in again", permissions=["change"])
    def restore(self, request: HttpRequest, people: QuerySet[User]) -> None:
        for user in people:
            services.restore(request.user, user)  # type: ignore[arg-type]
            self.message_user(request, f"{user} may sign in again.")

    @admin.action(description="End all sessions", permissions=["change"])
    def end_sessions(self, request: HttpRequest, people: QuerySet[User]) -> None:
        for user in people:
            self.message_user(request, f"{user}: {services.end_all_sessions(user)} ended.")


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """Sign-ins, to look at and to end."""

    list_display = ("user", "device_name", "address", "created_at", "last_used_at", "expires_at", "ended_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email", "device_name", "address")
    ordering = ("-last_used_at",)
    actions = ("end",)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_session")

    @admin.action(description="End: sign out on this device", permissions=["end"])
    def end(self, request: HttpRequest, sessions: QuerySet[Session]) -> None:
        for session in sessions.filter(ended_at__isnull=True, expires_at__gt=now()).select_related("user"):
            services.end_session(session.user, session.id)
            self.message_user(request, f"{session.user}: {session.device_name or 'the session'} is ended.")
