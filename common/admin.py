"""Fields, forms and base classes shared by the pages of the console."""

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

from common.errors import Refusal
from common.text import clean_line, clean_text
from common.wire import utc_moment

REASON_SIZE = 1000
PER_PAGE = 50
"""Rows per page: rendering them is most of the cost of a list."""


class LineField(forms.CharField):
    """One line of text, cleaned as the API cleans it."""

    def to_python(self, value: Any) -> Any:
        return clean_line(super().to_python(value) or "")


class LinesField(forms.CharField):
    """Several lines of text, cleaned as the API cleans them."""

    def to_python(self, value: Any) -> Any:
        return clean_text(super().to_python(value) or "")


class MomentField(forms.DateTimeField):
    """A time, in UTC unless it names an offset. Refuses what the API refuses."""

    def to_python(self, value: Any) -> Any:
        moment = super().to_python(value)
        try:
            return moment and utc_moment(moment, "")
        except Refusal as refusal:
            raise ValidationError(refusal.detail) from None


class ReasonForm(BaseDialogForm):
    """Asks for a reason before a button's action is run."""

    reason = LinesField(max_length=REASON_SIZE, required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))


class UntilForm(ReasonForm):
    """Asks for a reason and an end date."""

    until = MomentField(
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
        help_text="In UTC.",
    )
    field_order = ("until", "reason")


class ReasonedActionForm(ActionForm):
    """Which action to run on the selected rows of a list, and why."""

    reason = LineField(
        max_length=REASON_SIZE,
        required=False,
        label="",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Reason"}),
    )


def dialog_button(
    path: str,
    title: str,
    description: str,
    *,
    permissions: list[str],
    form: type[BaseDialogForm] | None = ReasonForm,
    is_dangerous: bool = False,
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A button for staff with these `permissions`. Its dialog shows the `description` and a form, or only asks to
    confirm. A button without a dialog would be a link, and following a link must not change anything."""
    decorator: Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]] = action(
        description=title,
        url_path=path,
        permissions=permissions,
        variant=ActionVariant.DANGER if is_dangerous else ActionVariant.DEFAULT,
        dialog={"title": title, "description": description, "form_class": form, "form_submit_text": title},
    )
    return decorator


def attempt(request: HttpRequest, run: Callable[[], str]) -> bool:
    """Call `run` and show the sentence it returns, or why it was refused."""
    try:
        messages.success(request, run())
    except Refusal as refusal:
        sentences = [error["detail"] for error in refusal.errors] or [refusal.detail]
        messages.error(request, " ".join(sentences))
        return False
    return True


def show_counts(
    page: ModelAdmin, request: HttpRequest, selected: int, changed: int, success: str, failure: str
) -> None:
    """Show how many of the selected rows were changed and how many were not."""
    if changed:
        page.message_user(request, f"{changed} {success}.")
    if selected > changed:
        page.message_user(request, f"{selected - changed} {failure}.", messages.ERROR)


def redirect_from_dialog(url: str) -> HttpResponse:
    """Send the browser to this address after a dialog."""
    return HttpResponse(headers={"HX-Redirect": url})


class CheckedChangeList(ChangeList):
    """A list that survives bad filters in its address. Django checks filters when it adds them to the query; those that
    only fail when the query runs (a year out of range, half a range) raise all kinds of errors. They are answered in
    the same way here, and so are filters that the list does not offer."""

    def get_filters(self, request: HttpRequest) -> Any:
        try:
            return super().get_filters(request)
        except DisallowedModelAdminLookup as error:
            raise IncorrectLookupParameters(error) from error

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
            len(self.result_list)  # runs the query now, not while the page is rendered
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            if not request.GET:
                raise
            raise IncorrectLookupParameters(error) from error


class ConsoleAdmin(ModelAdmin):
    """The base of all lists in the console."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow only the filters that the list offers. Django allows lookups on any column: with
        `password__startswith`, letter by letter, staff could read what the list does not show."""
        offered = [getattr(option, "parameter_name", option) for option in self.list_filter]
        is_offered = any(lookup == name or lookup.startswith(f"{name}__") for name in offered)
        return is_offered and super().lookup_allowed(lookup, value, request)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CheckedChangeList


class ReadOnlyAdmin(ConsoleAdmin):
    """Rows to look at: only actions change them, never a form. Large tables are not counted."""

    show_full_result_count = False
    paginator = InfinitePaginator
    list_per_page = PER_PAGE
    list_disable_select_all = True  # it would select an unknown number of rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
