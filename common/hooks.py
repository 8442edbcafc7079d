"""Hooks: how an app lets the apps above it act in its transaction. There are no Django signals."""

from collections.abc import Callable
from typing import Generic, ParamSpec

P = ParamSpec("P")


class Hook(Generic[P]):
    """Something that happens in a transaction. Functions registered with `@hook.register` are called in it;
    `description` says what they can rely on."""

    def __init__(self, description: str) -> None:
        self.description = description
        self._receivers: list[Callable[P, None]] = []

    def register(self, receiver: Callable[P, None]) -> Callable[P, None]:
        """Call `receiver` in the caller's transaction each time."""
        self._receivers.append(receiver)
        return receiver

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        for receiver in self._receivers:
            receiver(*args, **kwargs)
