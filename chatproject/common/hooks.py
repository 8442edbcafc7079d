"""What a lower app must let a higher one know in its own transaction. The only such way; there are no signals."""

from collections.abc import Callable
from typing import Generic, ParamSpec

P = ParamSpec("P")


class Hook(Generic[P]):
    """A named moment. Whoever must act in the same transaction registers with `@hook.register`."""

    def __init__(self, promise: str) -> None:
        self.promise = promise
        self._actors: list[Callable[P, None]] = []

    def register(self, actor: Callable[P, None]) -> Callable[P, None]:
        """Have `actor` called, in the caller's transaction, whenever the moment comes."""
        self._actors.append(actor)
        return actor

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        for actor in self._actors:
            actor(*args, **kwargs)
