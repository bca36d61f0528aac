"""A command line as it is typed, with something added."""

import shlex
from collections.abc import Sequence

MOST_WORDS = 12
"""A longer command, such as one with the names of many files, is shortened in the middle."""


def command_with(arguments: Sequence[str], option: str) -> str:
    """The command to type.

    Args:
        arguments: of the command that lacks an option.
        option: to add, as it is typed.

    >>> command_with(["data", "import", "my run.h5"], "--photon-energy EV")
    "airybench data import 'my run.h5' --photon-energy EV"
    """
    words = [shlex.quote(word) for word in arguments]
    if len(words) > MOST_WORDS:
        words = [*words[:4], "...", *words[-(MOST_WORDS - 5) :]]
    return " ".join(("airybench", *words, option))
