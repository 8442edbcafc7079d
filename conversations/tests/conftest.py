from messaging.conftest import signed_up

__all__ = ["signed_up"]
