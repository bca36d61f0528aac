"""Where a process reads next. One that crashes can no longer say so, so it is said beforehand."""

from collections.abc import Callable

_LISTENERS: list[Callable[[str], None]] = []


def reading(place: str) -> None:
    """Say what is read next, such as `run.h5: /images entries 0 to 31`; nothing happens when nobody listens."""
    for listener in _LISTENERS:
        listener(place)


def listen(listener: Callable[[str], None]) -> None:
    """Have a function called with every place from now on."""
    _LISTENERS.append(listener)
