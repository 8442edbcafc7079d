"""What the checks share."""

from django.core.checks import CheckMessage

Found = list[CheckMessage]
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
