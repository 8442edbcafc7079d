"""What every staff endpoint checks first."""

from typing import Any
from uuid import UUID

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from accounts.models import User
from common.errors import Refusal, not_found
from common.viewsets import ViewSet


class StaffViewSet(ViewSet):
    """For staff with the Django permission in `needs` or, for requests that write, in `needs_to_write` if that is set.
    An `@action` may set `needs` for itself. Users who are not staff get 404.

    This is not a permission class: DRF checks those before the throttle counts, and guesses must count too.
    """

    needs = ""
    needs_to_write = ""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not request.user.is_staff:
            raise not_found()
        is_reading = request.method in SAFE_METHODS
        if not request.user.has_perm(self.needs if is_reading else self.needs_to_write or self.needs):
            raise Refusal("permission_denied", "Your account lacks the permission for this.")


def person_of(user_id: UUID) -> User:
    """The user with this id, unless their account is erased. Refuses `not_found`."""
    user: User | None = User.objects.filter(id=user_id, erased_at__isnull=True, email__isnull=False).first()
    if user is None:
        raise not_found()
    return user
