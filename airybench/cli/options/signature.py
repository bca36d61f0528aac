"""Options that are added to a command, which takes them as keywords."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any


def with_options(
    function: Callable[..., Any], options: Iterable[inspect.Parameter], *, after: str | None = None
) -> Callable[..., Any]:
    """Give a command further options in place of its `**given`.

    Args:
        function: the command.
        options: keyword-only parameters, annotated as Typer reads them.
        after: the parameter that they follow; at the end when left out.

    Returns:
        The same function, with the signature of a command that lists all of them.
    """
    signature = inspect.signature(function)
    own = [
        p.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for p in signature.parameters.values()
        if p.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    place = [p.name for p in own].index(after) + 1 if after else len(own)
    everything = [*own[:place], *options, *own[place:]]
    function.__signature__ = signature.replace(parameters=everything)  # type: ignore[attr-defined]
    function.__annotations__ = {p.name: p.annotation for p in everything}
    return function
