"""All URLs. Those of an app are in its own `urls.py`."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from chatproject import redoc
from chatproject.index import home, icon, service_worker
from messaging.api.asyncapi import asyncapi
from operations import health, metrics
from operations.transcripts import opened_case, transcript

handler400 = "common.problems.bad_request"
handler403 = "common.problems.permission_denied"
handler404 = "common.problems.page_not_found"
handler500 = "common.problems.server_error"

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
    path("api/v1/", include("operations.urls")),
    path("api/v1/", include("accounts.urls")),
    path("api/v1/", include("conversations.urls")),
    path("api/v1/", include("encryption.urls")),
    path("api/v1/", include("media.urls")),
    path("api/v1/", include("notifications.urls")),
    path("api/v1/", include("messaging.urls")),
    path("admin/transcripts/<uuid:conversation_id>/", admin.site.admin_view(transcript), name="transcript"),
    path("admin/cases/<uuid:report_id>/", admin.site.admin_view(opened_case), name="opened-case"),
    # Django's own form has no rate limit, and changes passwords without the services.
    re_path(r"^admin/password_change/", RedirectView.as_view(pattern_name="home")),
    path("admin/", admin.site.urls),
]
