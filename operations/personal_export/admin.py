"""Archives of personal data in the console: their state, and making or downloading one on behalf of someone else."""

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
from common import audit
from common.admin import ReadOnlyAdmin, ReasonForm, attempt, dialog_button, redirect_from_dialog
from common.errors import Refusal, not_found
from media.serving import serve
from operations.models import PersonalExport
from operations.personal_export.api import stored_archive
from operations.personal_export.create import request_export_of

CHANGELIST = "admin:chatproject_personalexport_changelist"


class ExportRequestForm(ReasonForm):
    """Asks whose data to export, and why."""

    person = forms.CharField(widget=UnfoldAdminTextInputWidget, help_text="Username or e-mail address.")


@admin.register(PersonalExport)
class PersonalExportAdmin(PeopleSearchAdmin, ReadOnlyAdmin):
    """All archives. Requesting one for someone else and downloading one are recorded in the audit log."""

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

    @dialog_button(
        "ask",
        "Export for someone",
        "Makes an archive of a person's data, the same that they could request themselves.",
        permissions=["ask"],
        form=ExportRequestForm,
    )
    def ask(self, request: HttpRequest, form: ExportRequestForm) -> HttpResponse:
        data = form.cleaned_data

        def start_export() -> str:
            user = User.objects.by_login(data["person"]).first()
            if user is None:
                raise not_found()
            request_export_of(request.user, user, reason=data["reason"])  # type: ignore[arg-type]
            return f"The archive of {user} is being made."

        attempt(request, start_export)
        return redirect_from_dialog(reverse(CHANGELIST))

    @action(description="Download", url_path="download", permissions=["download"])
    def download(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        export = get_object_or_404(PersonalExport.objects.select_related("user"), id=object_id)
        if export.user != request.user and not outranks(request.user, export.user):  # type: ignore[arg-type]
            raise PermissionDenied
        try:
            stored = stored_archive(export)
        except Refusal:
            self.message_user(request, "This archive is not ready to download.", "error")
            return redirect(CHANGELIST)
        audit.record("export.download", actor_id=request.user.pk, subject="person", subject_id=export.user_id)
        return serve(request, stored, caching="private, no-store")
