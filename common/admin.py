"""What pages of the console share."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import ActionForm, BaseDialogForm
from unfold.paginator import InfinitePaginator
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from chatproject.common.errors import Refusal
from chatproject.common.text import clean_line, clean_text
from chatproject.common.wire import moment_of

REASON_SIZE = 1000
PER_PAGE = 50
"""Rows of a page: drawing them is most of what a list costs."""


class LineField(forms.CharField):
    """One line that people read, cleaned like those of the API."""

    def to_python(self, value: Any) -> Any:
        return clean_line(super().to_python(value) or "")


class LinesField(forms.CharField):
    """Several lines that people read, cleaned like those of the API."""

    def to_python(self, value: Any) -> Any:
        return clean_text(super().to_python(value) or "")


class MomentField(forms.DateTimeField):
    """A moment, in UTC unless it names an offset; refused where the API refuses it."""

    def to_python(self, value: Any) -> Any:
        moment = super().to_python(value)
        try:
            return moment and moment_of(moment, "")
        except Refusal as refusal:
            raise ValidationError(refusal.detail) from None


class ReasonForm(BaseDialogForm):
    """Asks why, before a button's deed is done."""

    reason = LinesField(max_length=REASON_SIZE, required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))


class UntilForm(ReasonForm):
    """Asks until when as well."""

    until = MomentField(
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
        help_text="In UTC.",
    )
    field_order = ("until", "reason")


class ReasonedActionForm(ActionForm):
    """What is done to the chosen rows of a list, and why."""

    reason = LineField(
        max_length=REASON_SIZE,
        required=False,
        label="",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Reason"}),
    )


def button(
    path: str,
    title: str,
    about: str,
    *,
    may: list[str],
    form: type[BaseDialogForm] | None = ReasonForm,
    is_grave: bool = False,
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A button for those who `may`: its dialog says what it is `about`, and asks with a form or only whether. A button
    without a dialog is a link, and a link must not do anything."""
    decorator: Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]] = action(
        description=title,
        url_path=path,
        permissions=may,
        variant=ActionVariant.DANGER if is_grave else ActionVariant.DEFAULT,
        dialog={"title": title, "description": about, "form_class": form, "form_submit_text": title},
    )
    return decorator


def attempt(request: HttpRequest, deed: Callable[[], str]) -> bool:
    """Do it and show the sentence it returns, or why it was refused."""
    try:
        messages.success(request, deed())
    except Refusal as refusal:
        sentences = [error["detail"] for error in refusal.errors] or [refusal.detail]
        messages.error(request, " ".join(sentences))
        return False
    return True


def tell_how_many(page: ModelAdmin, request: HttpRequest, chosen: int, done: int, so: str, otherwise: str) -> None:
    """Of so many chosen rows, to how many something was done, and that nothing was to the others."""
    if done:
        page.message_user(request, f"{done} {so}.")
    if chosen > done:
        page.message_user(request, f"{chosen - done} {otherwise}.", messages.ERROR)


def back(url: str) -> HttpResponse:
    """Where to go on after a dialog."""
    return HttpResponse(headers={"HX-Redirect": url})


class CheckedChangeList(ChangeList):
    """A list whose filters come from an address that anybody may have typed. Django looks at them when it adds them to
    the query; what is only found impossible when that is asked (a year beyond all time, half a range) raises whatever
    it likes, and is answered in the same way, as is a filter that the list does not offer."""

    def get_filters(self, request: HttpRequest) -> Any:
        try:
            return super().get_filters(request)
        except DisallowedModelAdminLookup as error:
            raise IncorrectLookupParameters(error) from error

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
            len(self.result_list)  # asks the database now, not while the page is drawn
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            if not request.GET:
                raise
            raise IncorrectLookupParameters(error) from error


class ConsoleAdmin(ModelAdmin):
    """What all lists of the console share."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """By the filters that the list offers alone. Django lets every column be asked for by an address: whoever asks
        for `content__startswith` or `password__startswith` letter by letter has read what the list does not show."""
        offered = [getattr(one, "parameter_name", one) for one in self.list_filter]
        is_offered = any(lookup == name or lookup.startswith(f"{name}__") for name in offered)
        return is_offered and super().lookup_allowed(lookup, value, request)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CheckedChangeList


class ReadOnlyAdmin(ConsoleAdmin):
    """Rows to look at: they come, change and go by deeds, never by a form. Large tables are not counted."""

    show_full_result_count = False
    paginator = InfinitePaginator
    list_per_page = PER_PAGE
    list_disable_select_all = True  # nobody knows how many that would be

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
