"""Addresses below `/api/v1/`."""

from django.urls import path

from chatproject.personal_export import api

urlpatterns = [
    path("users/me/export/", api.ExportsView.as_view()),
    path("users/me/export/<uuid:export_id>/", api.ExportView.as_view()),
    path("users/me/export/<uuid:export_id>/archive/", api.ArchiveView.as_view()),
]
