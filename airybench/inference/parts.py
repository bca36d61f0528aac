"""Predictions on disk while they are made: numbered part files that are whole or absent, joined at the end."""

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
from numpy.typing import NDArray

from airybench.data.store.store import opened
from airybench.data.store.writer import explained
from airybench.errors import DataError
from airybench.paths import locked, require_free
from airybench.reporter import SILENT, Reporter

FORMAT = "airybench-predictions"
VERSION = 1
PART = 1024
"""Shots in a part: what a kill costs at most."""

Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Plan:
    """What is predicted: the same for every process that takes part.

    Attributes:
        model: digest of the weights and of what surrounds them.
        source: digest of the shots.
        source_name: file that they are in.
        count: number of shots N.
        class_names: C names.
        label_kind: `multilabel` or `multiclass`.
        map_side: side of the maps in pixels; 0 without maps.
        part: shots in a part.
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
        """First shot of a part, and the one behind its last."""
        return number * self.part, min((number + 1) * self.part, self.count)

    def share(self, shard: tuple[int, int]) -> range:
        """Parts of shard (i, n), i from 1: neighbours, so that each process reads one stretch of the source."""
        index, shards = shard
        return range((index - 1) * self.parts // shards, index * self.parts // shards)


class Parts:
    """The part files of one output, in a folder beside it.

    Args:
        output: the file that they are joined into.
    """

    def __init__(self, output: Path) -> None:
        self.output = output.absolute()
        self.folder = self.output.with_name(f"{self.output.name}.parts")

    def begin(self, plan: Plan) -> None:
        """Make the folder, or go on with one that was made for the same plan.

        Raises:
            DataError: it holds parts of something else, or the disk is full or cannot be written.
        """
        with locked(self.folder):
            if self.folder.is_dir():
                found = self.plan()
                if found != plan:
                    raise DataError(
                        f"{self.folder} holds parts of other predictions ({_difference(found, plan)}); name another "
                        "--output, or add --force to drop them"
                    )
                return
            with explained(self.output, "prediction"):
                maps = 2 * plan.map_side**2 * 2  # two answers a shot, before compression
                require_free(self.output.parent, plan.count * (8 + 5 * len(plan.class_names) + maps))
                made = self.folder.with_name(f".{self.folder.name}")
                made.mkdir(exist_ok=True)
                content = {"format": FORMAT, "format_version": VERSION, **asdict(plan)}
                (made / "plan.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
                made.rename(self.folder)

    def plan(self) -> Plan:
        """What the parts were made for.

        Raises:
            DataError: there are none, or the folder is damaged.
        """
        path = self.folder / "plan.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if (content.pop("format"), content.pop("format_version")) != (FORMAT, VERSION):
                raise ValueError("another version")
            return Plan(**{**content, "class_names": tuple(content["class_names"])})
        except FileNotFoundError:
            raise DataError(f"{self.output}: no parts of it are there; predict with --output {self.output}") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path} is damaged ({error}); remove {self.folder} and predict again") from None

    def missing(self, plan: Plan, numbers: range) -> list[int]:
        """Those of some parts that are not there, or not whole."""
        return [number for number in numbers if not self._whole(plan, number)]

    def write(self, number: int, columns: Columns) -> None:
        """Write one part; a kill leaves it whole or absent.

        Raises:
            DataError: the disk is full, or the folder went away.
        """
        with explained(self.output, "prediction"):
            made = self.folder / f".{number:06d}.{platform.node()}.{os.getpid()}"
            try:
                with h5py.File(made, "w", rdcc_nbytes=0) as file:
                    for key, values in columns.items():
                        _create(file, key, values.shape, values.dtype)
                        file[key][:] = values
                with open(made, "rb") as written:
                    os.fsync(written.fileno())
                made.rename(self._path(number))
            finally:
                with suppress(OSError):
                    made.unlink(missing_ok=True)

    def join(self, *, table: bool, reporter: Reporter = SILENT) -> Plan:
        """Join all parts into the output and remove them.

        Args:
            table: write a CSV file of ids, probabilities and answers beside it as well.
            reporter: receives progress.

        Raises:
            DataError: parts are missing, naming the shards' share of them, or the disk is full.
        """
        with locked(self.folder):
            plan = self.plan()
            lacking = self.missing(plan, range(plan.parts))
            if lacking:
                raise DataError(
                    f"{self.output}: {len(lacking)} of {plan.parts} parts are not there yet, the first of them shots "
                    f"{plan.rows(lacking[0])[0]} to {plan.rows(lacking[0])[1] - 1}; run the shards that are missing"
                )
            made = self.output.with_name(f".{self.output.name}.joining")
            with explained(self.output, "prediction"):
                try:
                    bar = reporter.progress(f"joining {self.output.name}")
                    with _appending(made, plan) as append, bar as progress:
                        for number in range(plan.parts):
                            append(self.read(number))
                            progress(number + 1, plan.parts)
                    if table:
                        self._table(plan, made)
                    os.replace(made, self.output)
                finally:
                    with suppress(OSError):
                        made.unlink(missing_ok=True)
            self.remove()
        return plan

    def remove(self) -> None:
        """Remove the parts, and what killed processes left of them."""
        going = self.folder.with_name(f".{self.folder.name}.removed")
        if self.folder.is_dir():
            shutil.rmtree(going, ignore_errors=True)
            self.folder.rename(going)  # at once: half a folder would be no plan to go on with
        shutil.rmtree(going, ignore_errors=True)

    def joined(self, plan: Plan) -> bool:
        """Whether the output is there and is this plan's, joined by a process that was killed before it cleared up."""
        if not self.output.exists():
            return False
        try:
            with opened(self.output) as file:
                return all(np.array_equal(file.attrs.get(key), value) for key, value in _attributes(plan).items())
        except DataError:
            return False

    def read(self, number: int) -> dict[str, NDArray[Any]]:
        """The columns of a part."""
        with opened(self._path(number)) as file:
            return {key: values[()] for key, values in file.items()}

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.h5"

    def _whole(self, plan: Plan, number: int) -> bool:
        start, stop = plan.rows(number)
        if not self._path(number).exists():
            return False
        try:
            columns = self.read(number)
        except DataError:
            return False
        return len(columns.get("id", ())) == stop - start and len(columns.get("probability", ())) == stop - start

    def _table(self, plan: Plan, joined: Path) -> None:
        """The CSV file, from the joined one."""
        import csv

        path = self.output.with_suffix(".csv")
        made = path.with_name(f".{path.name}.joining")
        with opened(joined) as file, made.open("w", encoding="utf-8", newline="") as text:
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(["id", *(f"p {name}" for name in plan.class_names), "answer"])
            for start in range(0, plan.count, PART):
                rows = slice(start, start + PART)
                for shot, said, answered in zip(
                    file["id"][rows], file["probability"][rows], file["prediction"][rows], strict=True
                ):
                    names = ";".join(n for n, held in zip(plan.class_names, answered, strict=True) if held)
                    writer.writerow([shot, *(f"{p:.6g}" for p in said), names])
        os.replace(made, path)


@contextmanager
def _appending(path: Path, plan: Plan) -> Iterator[Callable[[Columns], None]]:
    """A new file; yields a function that appends one part's columns."""
    with h5py.File(path, "w", rdcc_nbytes=0) as file:
        for key, value in _attributes(plan).items():
            file.attrs[key] = value

        def append(columns: Columns) -> None:
            for key, values in columns.items():
                if key not in file:
                    _create(file, key, (0, *values.shape[1:]), values.dtype, growing=True)
                if len(values):
                    data = file[key]
                    data.resize(len(data) + len(values), axis=0)
                    data[-len(values) :] = values

        yield append


def _attributes(plan: Plan) -> dict[str, Any]:
    """What the output says of itself."""
    said = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(plan).items()}
    said.pop("part")
    return said | {"format": FORMAT, "format_version": VERSION}


def _create(file: h5py.File, key: str, shape: tuple[int, ...], dtype: Any, *, growing: bool = False) -> None:
    """A data set; maps are compressed, one a chunk. A part has checksums, so that a damaged one is met and redone."""
    rows = 1 if key == "map" else PART
    packed: Any = hdf5plugin.Bitshuffle(cname="lz4") if key == "map" else {}
    file.create_dataset(
        key, shape=shape, dtype=dtype, maxshape=(None, *shape[1:]), chunks=(rows, *shape[1:]), fletcher32=not growing,
        **packed,
    )  # fmt: skip


def _difference(found: Plan, wanted: Plan) -> str:
    """What two plans differ in, in words."""
    named = {"model": "another model", "source": "other shots or another way to read them", "map_side": "maps or none"}
    old, new = asdict(found), asdict(wanted)
    differing = [named.get(key, key) for key in old if old[key] != new[key]]
    return ", ".join(differing)


def model_digest(description: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> str:
    """Digest of a model: its description and every weight, in the order of their names."""
    digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    for key in sorted(tensors):
        digest.update(key.encode())
        digest.update(np.ascontiguousarray(tensors[key]).tobytes())
    return digest.hexdigest()
