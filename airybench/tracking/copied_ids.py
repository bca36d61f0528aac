"""Ids of runs, models and experiments in text, replaced by those of their copies."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_ID = re.compile(r"(?<![0-9a-f-])(?:m-)?[0-9a-f]{32}(?![0-9a-f])")
_PAGE = re.compile(r"(#/experiments/)(\d+)(/)")
_TEXT = (".journal", ".json", ".csv", ".html", ".md", ".txt", ".yaml", ".tex")
"""Endings of artifacts that may name runs; a description of a model has none."""


@dataclass
class CopiedIds:
    """What the copies are called, by the id that the original has."""

    runs: dict[str, str] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    experiments: dict[str, str] = field(default_factory=dict)

    def in_text(self, text: str) -> str:
        """A text with the ids of copies, also in links to their pages.

        >>> CopiedIds({"a" * 32: "b" * 32}, {}, {"1": "7"}).in_text(f"#/experiments/1/runs/{'a' * 32}")
        '#/experiments/7/runs/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
        """
        known: Mapping[str, str] = self.runs | self.models
        text = _ID.sub(lambda found: known.get(found[0], found[0]), text)
        return _PAGE.sub(lambda found: found[1] + self.experiments.get(found[2], found[2]) + found[3], text)

    def in_files(self, folder: Path) -> None:
        """Replace the ids in the texts of a folder of artifacts."""
        for path in folder.rglob("*"):
            if path.is_file() and (path.suffix in _TEXT or path.name == "MLmodel"):
                before = path.read_text(encoding="utf-8", errors="surrogateescape")
                after = self.in_text(before)
                if after != before:
                    path.write_text(after, encoding="utf-8", errors="surrogateescape")
