"""The one place where the doors of the staff ask who comes in."""

from typing import Any
from uuid import UUID

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import User
from chatproject.common.errors import Refusal, not_found


class StaffView(APIView):
    """For staff with the Django permission that it `needs`, or `needs_to_write` where that is another one; for
    everybody else there is nothing here (404)."""

    needs: str
    needs_to_write = ""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not request.user.is_staff:
            raise not_found()
        is_reading = request.method in SAFE_METHODS
        if not request.user.has_perm(self.needs if is_reading else self.needs_to_write or self.needs):
            raise Refusal("permission_denied", "Your rights do not reach this.")


def person_of(user_id: UUID) -> User:
    """Somebody with an account that is not erased. Refuses `not_found`."""
    user: User | None = User.objects.filter(id=user_id, erased_at__isnull=True, email__isnull=False).first()
    if user is None:
        raise not_found()
    return user
