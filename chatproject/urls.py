"""Every address. What belongs to an app stands in its own `urls.py`."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from chatproject import health, metrics, redoc
from chatproject.home import home, icon, service_worker
from chatproject.status import StatusView
from chatproject.transcripts import opened_case, transcript
from messaging.api.asyncapi import asyncapi

handler400 = "chatproject.common.problems.bad_request"
handler403 = "chatproject.common.problems.permission_denied"
handler404 = "chatproject.common.problems.page_not_found"
handler500 = "chatproject.common.problems.server_error"

urlpatterns = [
    path("", home, name="home"),
    path("favicon.ico", icon, name="icon"),
    path("sw.js", service_worker, name="service-worker"),
    path("health/", health.alive, name="health"),
    path("health/ready/", health.ready, name="ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("api/redoc/", redoc.RedocView.as_view(), name="redoc"),
    path("api/redoc/redoc.js", redoc.script, name="redoc-script"),
    path("api/asyncapi/", asyncapi, name="asyncapi"),
    path("api/v1/", include("chatproject.backups.urls")),
    path("api/v1/", include("chatproject.personal_export.urls")),
    path("api/v1/status/", StatusView.as_view()),
    path("api/v1/", include("accounts.urls")),
    path("api/v1/", include("conversations.urls")),
    path("api/v1/", include("encryption.urls")),
    path("api/v1/", include("media.urls")),
    path("api/v1/", include("notifications.urls")),
    path("api/v1/", include("messaging.urls")),
    path("admin/transcripts/<uuid:conversation_id>/", admin.site.admin_view(transcript), name="transcript"),
    path("admin/cases/<uuid:report_id>/", admin.site.admin_view(opened_case), name="opened-case"),
    # Django's own form knows no limit, and changes a password behind the services.
    re_path(r"^admin/password_change/", RedirectView.as_view(pattern_name="home")),
    path("admin/", admin.site.urls),
]
