"""Checkpoints on disk: safetensors and JSON, in folders that appear only when they are complete."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import safetensors
from safetensors.torch import load_file, save_file
from torch import Tensor

from airybench.errors import DataError
from airybench.parsing import read_mapping
from airybench.paths import flushed
from airybench.reporter import SILENT, Reporter

FORMAT = "airybench-checkpoint"
VERSION = 1
TENSORS = "state.safetensors"
FACTS = "state.json"
KEPT = 2
"""Checkpoints that are kept: the newest, and the one before it in case the newest is damaged."""

EVERY = 60.0
"""Seconds between two checkpoints, at least: one of a ResNet-18 has 130 MB and takes a few tenths of a second."""

State = tuple[dict[str, Tensor], dict[str, Any]]


class Checkpoints:
    """The checkpoints of one training.

    Args:
        folder: where they are kept; created with the first one.
        identity: digest of the configuration and the data; checkpoints of another identity are refused.
        every: seconds between two checkpoints, at least.
        reporter: receives a notice if a checkpoint is damaged or cannot be written.
    """

    def __init__(self, folder: Path, identity: str, *, every: float = EVERY, reporter: Reporter = SILENT) -> None:
        self.folder = folder
        self._identity = identity
        self._every = every
        self._reporter = reporter
        self._last = time.monotonic()
        self._warned = False

    def due(self) -> bool:
        """Whether enough time has passed since the last checkpoint, or since the start."""
        return time.monotonic() - self._last >= self._every

    def save(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Write a checkpoint and remove all but the one before it; if the disk is full, say so once and continue.

        Args:
            tensors: by name.
            facts: everything else, ready for JSON.
        """
        number = max(self._numbers(), default=0) + 1
        part = self.folder / f".part-{os.getpid()}"
        try:
            for unfinished in self.folder.glob(".part-*"):  # left by processes that were killed while writing
                shutil.rmtree(unfinished, ignore_errors=True)
            part.mkdir(parents=True)
            save_file({key: value.detach().cpu().contiguous() for key, value in tensors.items()}, part / TENSORS)
            content = {
                "format": FORMAT,
                "version": VERSION,
                "identity": self._identity,
                "sha256": sha256_of_file(part / TENSORS),
                "facts_sha256": sha256_of_facts(facts),
                "facts": dict(facts),
            }
            (part / FACTS).write_text(json.dumps(content), encoding="utf-8")
            for name in (TENSORS, FACTS):
                flushed(part / name)
            part.rename(self.folder / f"{number:06d}")
            self._warned = False
        except (OSError, safetensors.SafetensorError) as error:
            shutil.rmtree(part, ignore_errors=True)
            reason = getattr(error, "strerror", None) or str(error)
            if not self._warned:
                self._reporter.notify(
                    f"checkpoint in {self.folder} cannot be written ({reason}); the training continues without it"
                )
            self._warned = True
        for old in sorted(self._numbers())[:-KEPT]:
            shutil.rmtree(self.folder / f"{old:06d}", ignore_errors=True)
        self._last = time.monotonic()

    def load(self) -> State | None:
        """Read the newest checkpoint; if it is damaged, say so and read the one before it.

        Returns:
            Its tensors and facts; None if there is no readable checkpoint.

        Raises:
            DataError: the checkpoint was written by another version, or belongs to another training.
        """
        numbers = sorted(self._numbers(), reverse=True)
        for number in numbers:
            folder = self.folder / f"{number:06d}"
            try:
                return self._read(folder)
            except (OSError, ValueError, KeyError, TypeError, safetensors.SafetensorError) as error:
                reason = str(error).split("\n")[0] or type(error).__name__
                then = "the one before it is used" if number != numbers[-1] else "the training starts again"
                self._reporter.notify(f"checkpoint {folder} is damaged ({reason}); {then}")
        return None

    def clear(self) -> None:
        """Remove all checkpoints, once the training is finished."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def require_ours(self) -> None:
        """Refuse checkpoints of another version or training before any work is done; damaged ones are accepted.

        Raises:
            DataError: as `load`.
        """
        for number in self._numbers():
            with suppress(OSError, ValueError):
                self._described(self.folder / f"{number:06d}")

    def _described(self, folder: Path) -> dict[str, Any]:
        content = read_mapping(folder / FACTS)
        if content.get("format") != FORMAT:
            raise ValueError(f"{FACTS} is no {FORMAT}")
        if content.get("version") != VERSION:
            raise DataError(
                f"checkpoint {folder} has version {content.get('version')}, this airybench reads {VERSION}; continue "
                "with the airybench that wrote it, or start again with --fresh"
            )
        if content.get("identity") != self._identity:
            raise DataError(f"checkpoint {folder} belongs to another training or other data; start again with --fresh")
        return content

    def _read(self, folder: Path) -> State:
        content = self._described(folder)
        if sha256_of_file(folder / TENSORS) != content["sha256"]:
            raise ValueError(f"{TENSORS} does not match its checksum")
        if sha256_of_facts(content["facts"]) != content["facts_sha256"]:
            raise ValueError(f"{FACTS} does not match its checksum")
        return load_file(folder / TENSORS), dict(content["facts"])

    def _numbers(self) -> list[int]:
        if not self.folder.is_dir():
            return []
        return [int(path.name) for path in self.folder.iterdir() if path.name.isdigit() and path.is_dir()]


def sha256_of_file(path: Path) -> str:
    """Digest of all bytes of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_facts(facts: Mapping[str, Any]) -> str:
    """Digest of facts after a way through JSON: a number with one wrong digit would still be valid JSON."""
    return hashlib.sha256(json.dumps(json.loads(json.dumps(dict(facts))), sort_keys=True).encode()).hexdigest()
