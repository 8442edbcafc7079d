"""ReDoc without third parties: its own template loads fonts from another site, and its bundle a picture."""

from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularRedocView
from rest_framework.request import Request
from rest_framework.response import Response

from common.middleware import LOOSER_POLICY
from common.views import read_only

BUNDLE = "drf_spectacular_sidecar/redoc/bundles/redoc.standalone.js"
PICTURE = "https://cdn.redoc.ly/redoc/logo-mini.svg"


class RedocView(SpectacularRedocView):
    """`/api/redoc/`. Its search runs in a web worker created from a blob."""

    template_name = "redoc.html"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The page."""
        response: Response = super().get(request, *args, **kwargs)
        response["Content-Security-Policy"] = LOOSER_POLICY.replace("worker-src 'self'", "worker-src blob:")
        return response


@cache
def _bundle() -> str:
    return Path(str(finders.find(BUNDLE))).read_text().replace(PICTURE, "data:,")


@read_only
def script(request: HttpRequest) -> HttpResponse:
    """`/api/redoc/redoc.js`."""
    return HttpResponse(_bundle(), content_type="text/javascript", headers={"Cache-Control": "max-age=3600"})
