"""Addresses for a test of faults."""

from typing import NoReturn

from django.http import HttpRequest
from django.urls import path

handler500 = "common.problems.server_error"


def faulty(request: HttpRequest) -> NoReturn:
    raise RuntimeError("the password is hunter2")


urlpatterns = [path("", faulty)]
