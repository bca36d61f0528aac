"""Predictions on disk while they are made: numbered part files, each of which is complete or absent."""

import hashlib
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
from numpy.typing import NDArray

from airybench.data.hdf5.inspection import made_here
from airybench.data.hdf5.opening import open_hdf5, writing
from airybench.data.hdf5.own import require_all_own
from airybench.data.store.columns import fixed_text, read_column
from airybench.errors import DataError
from airybench.inference.plan import PART, Plan
from airybench.paths import flushed, locked, refuse_special, require_free

Columns = Mapping[str, NDArray[Any]]
"""Data sets of an output file by name, each with one row per shot (`map*`: one row per map)."""

DIGEST = "content_sha256"
"""Attribute of a part: what was written, so that a part which was changed is made again."""

EVENTS = "events"
"""Group of the further identifiers of the shots, where the source has any."""


class Parts:
    """The part files of one output, in a folder beside it.

    Args:
        output: the file that the parts are joined into.
    """

    def __init__(self, output: Path) -> None:
        self.output = output.absolute()
        self.folder = self.output.with_name(f"{self.output.name}.parts")

    def begin(self, plan: Plan) -> None:
        """Create the folder, or accept one that was created for the same plan.

        Raises:
            DataError: the folder holds parts of another prediction, or the disk is full or cannot be written.
        """
        with locked(self.folder):
            if self.folder.is_dir():
                existing = self.plan()
                if existing != plan:
                    raise DataError(
                        f"{self.folder} holds parts of other predictions ({existing.difference(plan)}); name another "
                        "--output, or add --force to delete them"
                    )
                return
            with writing(self.output, "prediction"):
                maps = 2 * plan.map_side**2 * 2  # bytes of two float16 maps per shot, before compression
                require_free(self.output.parent, plan.count * (8 + 5 * len(plan.class_names) + maps))
                unfinished = self.folder.with_name(f".{self.folder.name}")
                unfinished.mkdir(exist_ok=True)
                (unfinished / "plan.json").write_text(plan.to_json(), encoding="utf-8")
                unfinished.rename(self.folder)

    @contextmanager
    def reserved(self, shard: tuple[int, int] | None) -> Iterator[None]:
        """Keep other processes from the same work; shards of one prediction work side by side.

        Args:
            shard: (i, n) of this process; None where it makes the whole output.

        Raises:
            DataError: another process predicts into this output, or the same shard of it.
        """
        own = self.output if shard is None else self._of_shard(f"{shard[0]}-{shard[1]}")
        others = [self.output] if shard else [path for path in self._shards_at_work() if path != own]
        busy = DataError(
            f"{self.output}: another process predicts into this file", "wait for it, or name another with --output"
        )
        with locked(own, busy=busy):
            with ExitStack() as probes:
                for path in others:
                    probes.enter_context(locked(path, busy=busy))
            yield

    def plan(self) -> Plan:
        """The plan that the parts belong to.

        Raises:
            DataError: there are no parts, or the folder is damaged.
        """
        path = self.folder / "plan.json"
        refuse_special(path)
        try:
            return Plan.from_json(path.read_bytes())
        except FileNotFoundError:
            raise DataError(f"{self.output} has no parts; predict with --output {self.output}") from None
        except (OSError, ValueError) as error:
            raise DataError(f"{path} is damaged ({error}); remove {self.folder} and predict again") from None

    def belong_to(self, plan: Plan) -> bool:
        """Whether there are parts, and they were made for this plan."""
        try:
            return self.plan() == plan
        except DataError:
            return False

    def missing(self, plan: Plan, numbers: range) -> list[int]:
        """Those of the given parts that are absent or damaged."""
        return [number for number in numbers if not self._complete(plan, number)]

    def write(self, number: int, columns: Columns) -> None:
        """Write one part; a process that is killed here leaves it complete or absent.

        Raises:
            DataError: the disk is full, or the folder is gone.
        """
        with writing(self.output, "prediction"):
            unfinished = self.folder / f".{number:06d}.{platform.node()}.{os.getpid()}"
            try:
                with h5py.File(unfinished, "w", rdcc_nbytes=0) as file:
                    for key, values in columns.items():
                        kept = fixed_text(values)  # text of variable length takes no checksum
                        create_column(file, key, kept.shape, kept.dtype)
                        file[key][:] = kept
                    file.attrs[DIGEST] = _digest(file)
                flushed(unfinished)
                unfinished.rename(self._path(number))
                made_here(self._path(number))
            finally:
                with suppress(OSError):
                    unfinished.unlink(missing_ok=True)

    def read(self, number: int) -> dict[str, NDArray[Any]]:
        """The columns of a part.

        Raises:
            DataError: it is damaged, or its content is another than the one that was written.
        """
        path = self._path(number)
        with open_hdf5(path) as file:
            require_all_own(path, file, remedy="predict again")
            if file.attrs.get(DIGEST) != _digest(file):
                raise DataError(f"{path} was changed after it was written", "predict again")
            top = {key: read_column(values) for key, values in file.items() if key != EVENTS}
            return top | {f"{EVENTS}/{key}": read_column(values) for key, values in file.get(EVENTS, {}).items()}

    def remove(self) -> None:
        """Remove the parts, and what killed processes left of them."""
        removed = self.folder.with_name(f".{self.folder.name}.removed")
        if self.folder.is_dir():
            shutil.rmtree(removed, ignore_errors=True)
            self.folder.rename(removed)  # in one step: a process killed while deleting leaves no half-empty folder
        shutil.rmtree(removed, ignore_errors=True)

    def _of_shard(self, name: str) -> Path:
        return self.output.with_name(f"{self.output.name}.shard-{name}")

    def _shards_at_work(self) -> list[Path]:
        """What the shards lock that are at work, or that a kill has left."""
        locks = self.output.parent.glob(f".{escape(self.output.name)}.shard-*.lock")
        return [lock.with_name(lock.name.removeprefix(".").removesuffix(".lock")) for lock in locks]

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.h5"

    def _complete(self, plan: Plan, number: int) -> bool:
        if not self._path(number).exists():
            return False
        try:
            columns = self.read(number)
        except DataError:
            return False
        rows, classes, side = plan.size(number), len(plan.class_names), plan.map_side
        shapes = {"id": (rows,), "probability": (rows, classes), "prediction": (rows, classes)}
        if side:
            maps = (columns["map_shot"].size,) if "map_shot" in columns else ()
            shapes |= {"map": (*maps, side, side), "map_shot": maps, "map_class": maps}
        shapes |= {key: (rows,) for key in columns if key.startswith(f"{EVENTS}/")}
        return {key: values.shape for key, values in columns.items()} == shapes


def _digest(file: h5py.File) -> str:
    """SHA-256 over name, kind, shape and bytes of every column."""
    found = hashlib.sha256()
    names: list[str] = []
    file.visititems(lambda name, one: names.append(name) if isinstance(one, h5py.Dataset) else None)
    for name in sorted(names):
        values = file[name][()]
        found.update(f"{name} {values.dtype.str} {values.shape}\n".encode())
        found.update(values.tobytes())
    return found.hexdigest()


def create_column(
    file: h5py.File, key: str, shape: tuple[int, ...], dtype: Any, *, growing: bool = False
) -> h5py.Dataset:
    """Create one data set of a part, or of the joined file.

    Args:
        file: open for writing.
        key: name of the data set; `map` is compressed, with one map per chunk.
        shape: of the data set.
        dtype: of the data set.
        growing: the joined file, which grows part by part. A part has checksums instead, so that damage is noticed.
    """
    rows = 1 if key == "map" else PART
    filters: Any = hdf5plugin.Bitshuffle(cname="lz4") if key == "map" else {}
    return file.create_dataset(
        key, shape=shape, dtype=dtype, maxshape=(None, *shape[1:]), chunks=(rows, *shape[1:]), fletcher32=not growing,
        **filters,
    )  # fmt: skip
