"""Addresses below `/api/v1/`."""

from django.urls import path

from chatproject.backups import api

urlpatterns = [
    path("backups/", api.BackupsView.as_view()),
    path("backups/<uuid:backup_id>/", api.BackupView.as_view()),
]
