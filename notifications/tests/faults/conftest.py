from messaging.tests.faults.conftest import dice

__all__ = ["dice"]
