from messaging.tests.conftest import operator, person, server

__all__ = ["operator", "person", "server"]
