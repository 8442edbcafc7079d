"""Shared by all checks."""

from django.core.checks import CheckMessage

Messages = list[CheckMessage]
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
