from messaging.tests.conftest import person, server

__all__ = ["person", "server"]
