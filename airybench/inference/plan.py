"""What a prediction consists of: one model, one source of shots, and the parts that its output is made in."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.errors import ConfigError
from airybench.parsing import parse_mapping

FORMAT = "airybench-predictions"
VERSION = 1

PART = 1024
"""Shots per part: the most work that a killed process can lose."""

_MOST_PARTS = 1 << 22
_NUMBERS = ("count", "map_side", "part")


@dataclass(frozen=True)
class Plan:
    """One prediction, described identically by every process that works on it.

    Attributes:
        model: digest of the weights, the preprocessing and the class names.
        source: digest of the shots and of the way they are read.
        source_name: file name of the source.
        count: number of shots N.
        class_names: C names.
        label_kind: `multilabel` or `multiclass`.
        map_side: side of the Grad-CAM++ maps in pixels; 0 without maps.
        part: shots per part.
        version: of airybench.
    """

    model: str
    source: str
    source_name: str
    count: int
    class_names: tuple[str, ...]
    label_kind: str
    map_side: int
    part: int
    version: str

    @property
    def parts(self) -> int:
        """Number of parts."""
        return -(-self.count // self.part)

    def rows(self, number: int) -> tuple[int, int]:
        """First shot of a part, and the first shot after it."""
        return number * self.part, min((number + 1) * self.part, self.count)

    def size(self, number: int) -> int:
        """Number of shots in a part; the last one may be shorter than the others."""
        start, stop = self.rows(number)
        return stop - start

    def share(self, shard: tuple[int, int]) -> range:
        """Parts of shard (i, n), i from 1: consecutive ones, so that each process reads one stretch of the source.

        >>> plan = Plan("", "", "run.h5", 5000, ("hit",), "multilabel", 0, 1024, "")
        >>> [list(plan.share((i, 2))) for i in (1, 2)]
        [[0, 1], [2, 3, 4]]
        """
        index, shards = shard
        return range((index - 1) * self.parts // shards, index * self.parts // shards)

    def attributes(self) -> dict[str, Any]:
        """The attributes of the joined output file, which say what was predicted by which model."""
        values = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        values.pop("part")
        return values | {"format": FORMAT, "format_version": VERSION}

    def to_json(self) -> str:
        """The plan as the file `plan.json` beside the parts."""
        return json.dumps({"format": FORMAT, "format_version": VERSION, **asdict(self)}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> "Plan":
        """Read what `to_json` wrote.

        Raises:
            ValueError: not such a text.
        """
        content = parse_mapping(text)
        if (content.pop("format", None), content.pop("format_version", None)) != (FORMAT, VERSION):
            raise ValueError("another version")
        if set(content) != {one.name for one in fields(cls)}:
            raise ValueError("other names than a plan has")
        names = content.pop("class_names")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("class_names is no list of names")
        for key, value in content.items():
            if type(value) is not (int if key in _NUMBERS else str):
                raise ValueError(f"{key} is {value!r}")
        plan = cls(class_names=tuple(names), **content)
        if min(plan.count, plan.map_side) < 0 or plan.part < 1 or plan.parts > _MOST_PARTS:
            raise ValueError(f"{plan.count} shots in parts of {plan.part}, with maps of {plan.map_side} px")
        return plan

    def difference(self, other: "Plan") -> str:
        """In which respects another plan differs from this one, in words for an error message."""
        words = {
            "model": "another model",
            "source": "other shots or another way to read them",
            "map_side": "maps or none",
        }
        mine, theirs = asdict(self), asdict(other)
        return ", ".join(words.get(key, key) for key in mine if mine[key] != theirs[key])


def model_digest(description: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> str:
    """Digest of a model: its description and every weight, in the order of their names."""
    digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    for key in sorted(tensors):
        digest.update(key.encode())
        digest.update(np.ascontiguousarray(tensors[key]).tobytes())
    return digest.hexdigest()


def shard_of(text: str) -> tuple[int, int]:
    """The shard (i, n) that a text names, the i-th of n from 1.

    Raises:
        ConfigError: it names none.

    >>> shard_of("3/16")
    (3, 16)
    """
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ConfigError(f"--shard {text}: expected I/N with I from 1 to N, such as 3/16")
    return int(found[1]), int(found[2])
