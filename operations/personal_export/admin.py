"""Archives of personal data in the console: how they go; asked for and taken away for who cannot do it themselves."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.console import PeopleSearchAdmin
from accounts.models import User
from accounts.services import outranks
from chatproject.common import audit
from chatproject.common.admin import ReadOnlyAdmin, ReasonForm, attempt, back, button
from chatproject.common.errors import Refusal, not_found
from chatproject.models import PersonalExport
from chatproject.personal_export.api import stored_archive
from chatproject.personal_export.making import request_export_of
from media.serving import serve

LIST = "admin:chatproject_personalexport_changelist"


class AskingForm(ReasonForm):
    """Asks about whom."""

    person = forms.CharField(widget=UnfoldAdminTextInputWidget, help_text="Username or e-mail address.")


@admin.register(PersonalExport)
class PersonalExportAdmin(PeopleSearchAdmin, ReadOnlyAdmin):
    """Who asked for an archive, and how far it is. Asking for somebody and taking an archive away are written down."""

    list_display = ("user", "status", "progress", "size", "created_at", "finished_at", "expires_at")
    list_filter = ("status",)
    list_select_related = ("user",)
    ordering = ("-created_at",)
    fields = ("id", *list_display)
    actions_list = ("ask",)
    actions_detail = ("download",)

    def has_ask_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("chatproject.add_personalexport")

    def has_download_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("chatproject.add_personalexport")

    @button(
        "ask",
        "Ask for somebody",
        "Everything that is kept about a person, as they could have it.",
        may=["ask"],
        form=AskingForm,
    )
    def ask(self, request: HttpRequest, form: AskingForm) -> HttpResponse:
        said = form.cleaned_data

        def deed() -> str:
            user = User.objects.by_login(said["person"]).first()
            if user is None:
                raise not_found()
            request_export_of(request.user, user, reason=said["reason"])  # type: ignore[arg-type]
            return f"The archive of {user} is being made."

        attempt(request, deed)
        return back(reverse(LIST))

    @action(description="Download", url_path="download", permissions=["download"])
    def download(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        export = get_object_or_404(PersonalExport.objects.select_related("user"), id=object_id)
        if export.user != request.user and not outranks(request.user, export.user):  # type: ignore[arg-type]
            raise PermissionDenied
        try:
            stored = stored_archive(export)
        except Refusal:
            self.message_user(request, "It is not done yet.", "error")
            return redirect(LIST)
        who: dict[str, Any] = {"subject": "person", "subject_id": export.user_id}
        audit.record("export.download", actor_id=request.user.pk, **who)
        return serve(request, stored, caching="private, no-store")
