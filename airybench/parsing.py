"""JSON and YAML from files that others may have written or damaged: limits on size and depth, one kind of error."""

import json
import math
from pathlib import Path
from typing import Any

import yaml

from airybench.paths import refuse_special

MOST_JSON = 1 << 30
"""Bytes of a JSON file: the split of a hundred million shots."""

MOST_YAML = 1 << 20
"""Bytes of a YAML file, which people write."""

DEEPEST = 64
"""Lists and mappings in one another."""

MOST_ITEMS = 100_000
"""Items of a YAML file with all aliases written out."""

_FAULTS = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError, RecursionError, MemoryError)


def parse_json(text: str | bytes) -> Any:
    """The content of a JSON text.

    Raises:
        ValueError: no JSON, too deep, or with text that no file can hold.

    >>> parse_json('{"a": [1, 2]}')
    {'a': [1, 2]}
    >>> parse_json("[" * 100_000)
    Traceback (most recent call last):
        ...
    ValueError: more than 64 lists and objects in one another
    """
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError(f"more than {DEEPEST} lists and objects in one another") from None
    _require_plain(content)
    return content


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        OSError: the file cannot be read.
        ValueError: as `parse_json`, or too large.
    """
    return parse_json(_text(path, MOST_JSON))


def parse_mapping(text: str | bytes) -> dict[str, Any]:
    """The content of a JSON text that is an object.

    Raises:
        ValueError: as `parse_json`, or no object.
    """
    content = parse_json(text)
    if not isinstance(content, dict):
        raise ValueError(f"holds {type(content).__name__}, expected names with values")
    return content


def read_mapping(path: Path) -> dict[str, Any]:
    """The content of a JSON file that holds one object.

    Raises:
        OSError: the file cannot be read.
        ValueError: as `read_json`, or no object.
    """
    return parse_mapping(_text(path, MOST_JSON))


def read_yaml(path: Path) -> Any:
    """The content of a YAML file. Aliases count as often as they are used, so that they cannot fill the memory.

    Raises:
        OSError: the file cannot be read.
        ValueError: no YAML, too large, or too deep; one line.
    """
    text = _text(path, MOST_YAML)
    try:
        _require_small(text)
        return yaml.safe_load(text)
    except RecursionError:
        raise ValueError(f"more than {DEEPEST} lists and mappings in one another") from None
    except (yaml.YAMLError, *_FAULTS) as error:
        raise ValueError(" ".join(str(error).split()) or type(error).__name__) from None


def _text(path: Path, most: int) -> str:
    refuse_special(path)
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"larger than {most >> 20} MB")
    return content.decode("utf-8")


def _require_plain(content: Any) -> None:
    """Refuse what is too deep, or holds half of a character, which cannot be written or shown."""
    level = [content]
    for _ in range(DEEPEST + 1):
        level = [one for part in level for one in _inside(part)]
        if not level:
            return
    raise ValueError(f"more than {DEEPEST} lists and objects in one another")


def _inside(part: Any) -> list[Any]:
    if isinstance(part, str):
        part.encode()  # half a character raises ValueError
        return []
    if isinstance(part, dict):
        return [*part, *part.values()]
    return part if isinstance(part, list) else []


def _require_small(text: str) -> None:
    """Refuse YAML that is too deep, or too large with its aliases written out, from its events alone."""
    sizes: dict[str, float] = {}
    holders: list[tuple[str | None, float]] = [(None, 0)]
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.CollectionStartEvent):
            if len(holders) > DEEPEST:
                raise ValueError(f"more than {DEEPEST} lists and mappings in one another")
            if anchor:
                sizes[anchor] = math.inf  # an alias inside would never end
            holders.append((anchor, 1))
            continue
        if isinstance(event, yaml.AliasEvent):
            size = sizes.get(str(event.anchor), 1)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size = holders.pop()
        elif isinstance(event, yaml.ScalarEvent):
            size = 1
        else:
            continue
        if anchor and not isinstance(event, yaml.AliasEvent):
            sizes[anchor] = size
        holder, before = holders[-1]
        holders[-1] = holder, before + size
        if before + size > MOST_ITEMS:
            raise ValueError(f"more than {MOST_ITEMS} items with all aliases written out")
