"""Forms of the console about people: signing in, creating and changing people, and the reason for an action."""

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
from accounts.services.people import prepare_person, refuse_if_taken
from accounts.services.sign_in import forgive_login, verify_login
from common.addresses import address_of
from common.admin import LineField, LinesField, ReasonForm
from common.errors import Refusal

Purpose = OneTime.Purpose
CODES = [
    (Purpose.VERIFY_EMAIL.value, "to confirm the address"),
    (Purpose.CHANGE_EMAIL.value, "to change the address"),
    (Purpose.RESET_PASSWORD.value, "to set a new password"),
]


class SignInForm(AuthenticationForm):
    """The console's sign-in, with the same limits as the API's."""

    def clean(self) -> dict[str, Any]:
        """Refuses wrong passwords, too many attempts, and sign-ins while the server is busy with others."""
        login, address = self.cleaned_data.get("username") or "", address_of(self.request)
        try:
            found = verify_login(login, self.cleaned_data.get("password") or "", address)
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
    """A new person, whose address needs no confirmation."""

    email = forms.EmailField(widget=UnfoldAdminEmailInputWidget)
    username = forms.CharField(max_length=32, widget=UnfoldAdminTextInputWidget)
    password = forms.CharField(widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}))
    is_operator = forms.BooleanField(required=False, help_text="May do everything in this console.")

    class Meta:
        model = User
        fields = ("email", "username", "full_name")
        field_classes = {"full_name": LineField}

    def clean(self) -> dict[str, Any]:
        """Show what the action would refuse beside its field."""
        data = self.cleaned_data
        if not self.errors:
            try:
                refuse_if_taken(prepare_person(**{name: data[name] for name in ("email", "username", "password")}))
            except Refusal as refusal:
                errors: list[tuple[str | None, str]] = [(error["field"], error["detail"]) for error in refusal.errors]
                for field, detail in errors or [(None, refusal.detail)]:
                    self.add_error(field, detail)
        return data


class ProfileForm(forms.ModelForm[User]):
    """The fields of a profile that operators may change."""

    class Meta:
        model = User
        fields = ("full_name", "bio")
        field_classes = {"full_name": LineField, "bio": LinesField}


class AppointForm(ReasonForm):
    """Asks for the group whose rights the person gets."""

    group = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = Group.objects.order_by("name").values_list("name", flat=True)
        self.fields["group"].choices = [("", "not a member of staff"), *((name, name) for name in names)]  # type: ignore[attr-defined]


class CodeForm(ReasonForm):
    """Asks what the code is for."""

    purpose = forms.ChoiceField(choices=CODES, widget=UnfoldAdminSelectWidget)
