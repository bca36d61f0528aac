"""Which shot of a source an id in a text file means, whichever way either is written."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WHOLE = re.compile(r"([+-]?\d+)([.,]0*)?")
_REAL = re.compile(r"[+-]?\d+([.,]\d*)?([eE][+-]?\d+)?")
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}$")
_PARTS = re.compile(r"\d+|[^\W\d_]+")
_LETTER = re.compile(r"[^\W\d_]")
_HEXADECIMAL = re.compile(r"0[xX][\da-fA-F]+")
_LAST = re.compile(r"(\d+)\D*$")
_EXACT_FLOATS, _DIGITS = 2**53, 30

Key = str | int | tuple[int | str, ...] | None


@dataclass(frozen=True)
class Match:
    """Shots that some texts mean.

    Attributes:
        rows: of the source, -1 where a text means no shot, int64, shape (n,).
        how: by what, in words; empty where texts and ids are equal.
    """

    rows: NDArray[np.int64]
    how: str = ""

    @property
    def found(self) -> int:
        """Number of texts that mean a shot."""
        return int((self.rows >= 0).sum())


def match_ids(texts: Sequence[str], ids: NDArray[Any]) -> Match:
    """Find the shots that texts mean, by the strictest rule under which all of them mean one.

    Args:
        texts: as a file gives them, trimmed.
        ids: of the shots, integers or text, unique.

    >>> match_ids(["00042", "43.0"], np.array([43, 42])).rows.tolist()
    [1, 0]
    >>> match = match_ids(["png/shot_00042.png"], np.array([42, 43]))
    >>> match.rows.tolist(), match.how
    ([0], 'the numbers in them')
    """
    sources = [str(one) for one in ids.tolist()]
    best = Match(np.full(len(texts), -1, np.int64))
    for rule in _RULES:
        if rule.bare and not (_bare(texts) or _bare(sources)):
            continue
        match = _matched(texts, sources, rule)
        if match.found == len(texts):
            return match
        if match.found > best.found:
            best = match
    return best


def others(rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The rows of a source that are not among some, rising.

    Args:
        rows: some of them.
        count: number of all.

    >>> others(np.array([2, 0, 2]), 4).tolist()
    [1, 3]
    """
    absent = np.ones(count, bool)
    absent[rows] = False
    return np.flatnonzero(absent)


@dataclass(frozen=True)
class _Rule:
    """A way to compare.

    Attributes:
        how: what is compared, in words.
        key: of a text or an id.
        single: only one text may mean a shot.
        bare: either all texts or all ids must be numbers alone, so that no name can be mistaken for another.
    """

    how: str
    key: Callable[[str], Key]
    single: bool = False
    bare: bool = False


def _matched(texts: Sequence[str], sources: Sequence[str], rule: _Rule) -> Match:
    """Match by equal keys that only one id has, and only one text where the rule says so."""
    if rule.key is _exact:  # ids are unique
        places = {source: row for row, source in enumerate(sources) if source}
        return Match(np.fromiter(map(places.get, texts, repeat(-1)), np.int64, len(texts)), rule.how)
    rows: dict[Key, int] = {}
    for row, source in enumerate(sources):
        one = rule.key(source)
        rows[one] = -1 if one in rows else row
    rows[None] = -1
    keys = [rule.key(text) for text in texts]
    if rule.single:
        meant: dict[Key, str] = {}
        for one, text in zip(keys, texts, strict=True):
            if meant.setdefault(one, text) != text:
                rows[one] = -1
    return Match(np.fromiter((rows.get(one, -1) for one in keys), np.int64, len(keys)), rule.how)


def _bare(texts: Sequence[str]) -> bool:
    """Whether none of them has a letter in it."""
    return not any(_LETTER.search(text) for text in texts)


def whole(text: str) -> int | None:
    """The whole number that a text is; None for other text, and for decimals too large to be exact.

    >>> whole("00042"), whole("42.0"), whole("4.2e1"), whole("9007199254740993.0")
    (42, 42, None, None)
    """
    found = _WHOLE.fullmatch(text)
    if not found:
        return None
    number = int(found[1]) if len(found[1]) < _DIGITS else None
    return None if number is None or (found[2] and abs(number) > _EXACT_FLOATS) else number


def _exact(text: str) -> Key:
    return text or None


def _number(text: str) -> Key:
    """A whole number, or the whole numbers that `:` joins."""
    if ":" not in text:
        return whole(text)
    parts = [whole(part.strip()) for part in text.split(":")]
    return None if None in parts else tuple(part for part in parts if part is not None)


def _path(text: str) -> Key:
    return _ENDING.sub("", text.replace("\\", "/").removeprefix("./").casefold()) or None


def _name(text: str) -> str:
    return _ENDING.sub("", text.replace("\\", "/").rpartition("/")[2].casefold())


def _parts(text: str) -> Key:
    """Words and numbers of a name, without signs between them and zeros before them."""
    if _REAL.fullmatch(text):
        value = whole(text)
        return None if value is None else (value,)
    parts = _PARTS.findall(_name(text))[:_DIGITS]
    return tuple(int(part) if part.isdecimal() and len(part) < _DIGITS else part for part in parts) or None


def _numbers(text: str) -> Key:
    """All numbers of a name."""
    parts = _parts(text)
    return tuple(part for part in parts if isinstance(part, int)) or None if isinstance(parts, tuple) else None


def _last_number(text: str) -> Key:
    """The last number of a name; an id of several parts has none."""
    value = whole(text)
    found = None if _REAL.fullmatch(text) or _HEXADECIMAL.fullmatch(text) or ":" in text else _LAST.search(_name(text))
    return int(found[1]) if found and len(found[1]) < _DIGITS else value


_RULES = (
    _Rule("", _exact),
    _Rule("their numbers", _number),
    _Rule("path", _path, single=True),
    _Rule("file name", lambda text: _name(text) or None, single=True),
    _Rule("words and numbers in them", _parts, single=True),
    _Rule("the numbers in them", _numbers, single=True, bare=True),
    _Rule("the last number in them", _last_number, single=True, bare=True),
)
"""From strict to loose."""
