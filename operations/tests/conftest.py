from notifications.tests.fcm import fcm

__all__ = ["fcm"]
