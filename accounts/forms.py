"""What the console asks about people: signing in, somebody new, and the reason for a deed."""

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from unfold.forms import AuthenticationForm
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.models import OneTime, User
from accounts.services.people import prepare_person, refuse_known
from accounts.services.sign_in import forgive_login, prove_login
from chatproject.common.addresses import address_of
from chatproject.common.admin import LineField, LinesField, ReasonForm
from chatproject.common.errors import Refusal

Purpose = OneTime.Purpose
CODES = [
    (Purpose.VERIFY_EMAIL.value, "to confirm the address"),
    (Purpose.CHANGE_EMAIL.value, "to change the address"),
    (Purpose.RESET_PASSWORD.value, "to set a new password"),
]


class SignInForm(AuthenticationForm):
    """The console's sign-in, with the limits of every other one."""

    def clean(self) -> dict[str, Any]:
        """Refuses, besides wrong passwords, whoever tries too often, or while too many others sign in."""
        login, address = self.cleaned_data.get("username") or "", address_of(self.request)
        try:
            found = prove_login(login, self.cleaned_data.get("password") or "", address)
        except Refusal as refusal:
            raise self._refused(refusal) from None
        if not isinstance(found, User) or not found.is_active:
            raise self.get_invalid_login_error()
        self.confirm_login_allowed(found)
        forgive_login(found, login, address)
        self.user_cache = found
        data: dict[str, Any] = self.cleaned_data
        return data

    def _refused(self, refusal: Refusal) -> forms.ValidationError:
        wrong: forms.ValidationError = self.get_invalid_login_error()
        return wrong if refusal.code == "invalid_credentials" else forms.ValidationError(refusal.detail)


class NewPersonForm(forms.ModelForm[User]):
    """Somebody new, whose address needs no confirmation."""

    email = forms.EmailField(widget=UnfoldAdminEmailInputWidget)
    username = forms.CharField(max_length=32, widget=UnfoldAdminTextInputWidget)
    password = forms.CharField(widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}))
    is_operator = forms.BooleanField(required=False, help_text="May do everything in this console.")

    class Meta:
        model = User
        fields = ("email", "username", "full_name")
        field_classes = {"full_name": LineField}

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


class ProfileForm(forms.ModelForm[User]):
    """What operators may change of somebody's profile."""

    class Meta:
        model = User
        fields = ("full_name", "bio")
        field_classes = {"full_name": LineField, "bio": LinesField}


class AppointForm(ReasonForm):
    """Asks which rights they are to have."""

    group = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = Group.objects.order_by("name").values_list("name", flat=True)
        self.fields["group"].choices = [("", "not of the staff"), *((name, name) for name in names)]  # type: ignore[attr-defined]


class CodeForm(ReasonForm):
    """Asks what the code is for."""

    purpose = forms.ChoiceField(choices=CODES, widget=UnfoldAdminSelectWidget)
