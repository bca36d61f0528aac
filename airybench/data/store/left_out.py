"""Which shots of a source are not in a store, and why; and what else its import noticed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airybench.errors import DataError
from airybench.parsing import parse_json

NAMED = 10
"""Ids that a store keeps of the shots that were left out for one reason."""

_LONGEST = 100  # characters of such an id

Note = int | float | str


@dataclass(frozen=True)
class LeftOut:
    """Shots of a source that are not taken.

    Attributes:
        reason: in words that follow a number of shots, such as `with /is_good_frame = 0`.
        ids: of those shots, as text; in a store those of the first ten.
        count: number of those shots; by default that of the ids.
    """

    reason: str
    ids: tuple[str, ...]
    count: int = -1

    def __post_init__(self) -> None:
        if self.count < 0:
            object.__setattr__(self, "count", len(self.ids))

    def __str__(self) -> str:
        """Number, reason and first ids in one line.

        >>> str(LeftOut("with /is_good_frame = 0", ("7", "9")))
        '2 shots with /is_good_frame = 0 (7, 9)'
        """
        named = ", ".join(self.ids[:NAMED]) + (", ..." if self.count > min(len(self.ids), NAMED) else "")
        told = f" ({named})" if any(self.ids) else ""  # padding may have empty ids
        return f"{self.count} shot{'s' if self.count != 1 else ''} {self.reason}{told}"


def left_out_json(left_out: Sequence[LeftOut]) -> str:
    """The attribute `left_out` of a store."""
    kept = [
        {"reason": one.reason, "shots": one.count, "ids": [text[:_LONGEST] for text in one.ids[:NAMED]]}
        for one in left_out
    ]
    return json.dumps(kept, ensure_ascii=False)


def left_out_from(text: str) -> tuple[LeftOut, ...]:
    """Read what `left_out_json` wrote.

    Raises:
        DataError: not such a text.
    """
    try:
        return tuple(
            LeftOut(str(one["reason"]), tuple(map(str, one["ids"])), int(one["shots"])) for one in parse_json(text)
        )
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise DataError("attribute 'left_out' is no list of reasons", "import the store again") from error


def notes_from(text: str) -> dict[str, Note]:
    """The attribute `notes` of a store: numbers and words by name.

    Raises:
        DataError: not such a text.
    """
    try:
        content: Any = parse_json(text)
    except ValueError:
        content = None
    if not isinstance(content, Mapping) or not all(isinstance(one, Note) for one in content.values()):
        raise DataError("attribute 'notes' holds no numbers or words by name", "import the store again")
    return dict(content)
