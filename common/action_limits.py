"""Rate limits of actions, declared on the action: they hold for every endpoint that calls it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.conf import settings

from common.limits import spend

P = ParamSpec("P")
T = TypeVar("T")


def limited(setting: str, *, unless: Callable[..., bool] | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Count a call under this setting's limit before the action runs, for the person in its first argument: a `User`,
    or anything with a `user_id`. `None` (a command) is not limited. Actions with the same setting share its windows.

    `unless` gets the action's arguments and says whether this call is a repeat, which is not counted. Refuses
    `rate_limited`.
    """

    def declare(action: Callable[P, T]) -> Callable[P, T]:
        @wraps(action)
        def limited_action(*args: P.args, **kwargs: P.kwargs) -> T:
            if args[0] is not None and not (unless and unless(*args, **kwargs)):
                spend_for(args[0], setting)
            return action(*args, **kwargs)

        limited_action.limit = setting  # type: ignore[attr-defined]
        return limited_action

    return declare


def spend_for(actor: Any, setting: str) -> None:
    """Count a call under this setting's limit, in an action that learns only later whether it is a repeat."""
    spend(getattr(settings, setting), f"{setting}:{user_id_of(actor)}")


def user_id_of(actor: Any) -> str:
    """The ID of this user, or of the user that this membership or session belongs to."""
    return str(getattr(actor, "user_id", None) or actor.pk)
