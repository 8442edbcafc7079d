from messaging.tests.conftest import server
from notifications.tests.fcm import fcm

__all__ = ["fcm", "server"]
