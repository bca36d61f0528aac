"""A command line as it is typed, with something added."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

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
    return " ".join(word for word in ("airybench", *words, option) if word)


def words_of(given: Mapping[str, Any]) -> list[str]:
    """Options by name as they are typed.

    Args:
        given: values as a command receives them; None, False and empty ones were not given.

    >>> words_of({"images": "raw", "clip": True, "nan": None, "ids": ["train", "pulse"]})
    ['--images', 'raw', '--clip', '--ids', 'train', '--ids', 'pulse']
    """
    words = []
    for name, value in given.items():
        option = "--" + name.strip("_").replace("_", "-")
        if value is True:
            words.append(option)
        elif value is not False and value not in (None, []):
            words += [word for one in (value if isinstance(value, list) else [value]) for word in (option, str(one))]
    return words
