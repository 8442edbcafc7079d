from messaging.tests.conftest import server

__all__ = ["server"]
