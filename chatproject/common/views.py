"""What views have in common."""

from typing import Any

from rest_framework.views import APIView


class ChangeView(APIView):
    """What PATCH changes. PUT, which clients of older APIs send, does the same: what it does not name stays."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.put = cls.patch  # type: ignore[attr-defined]
