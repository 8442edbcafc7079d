"""The limit of an action, declared where the action is: the same for every endpoint that calls it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.conf import settings

from chatproject.common.limits import spend

P = ParamSpec("P")
T = TypeVar("T")


def limited(setting: str, *, unless: Callable[..., bool] | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Spend one of this setting's windows before the action does anything, for the person in its first argument: a
    `User`, or whatever has a `user_id`. Nobody (`None`, a command) is not limited. Actions with the same setting share
    its windows.

    `unless` gets the action's arguments and tells a repeat, which costs nothing. Refuses `rate_limited`.
    """

    def declare(action: Callable[P, T]) -> Callable[P, T]:
        @wraps(action)
        def spending(*args: P.args, **kwargs: P.kwargs) -> T:
            if args[0] is not None and not (unless and unless(*args, **kwargs)):
                spend_for(args[0], setting)
            return action(*args, **kwargs)

        spending.limit = setting  # type: ignore[attr-defined]
        return spending

    return declare


def spend_for(actor: Any, setting: str) -> None:
    """Spend one of this setting's windows inside an action that can tell only later whether it is a repeat."""
    spend(getattr(settings, setting), f"{setting}:{person_of(actor)}")


def person_of(actor: Any) -> str:
    """The id of the person that this is, or that it belongs to."""
    return str(getattr(actor, "user_id", None) or actor.pk)
