"""One HDF5 file with a stack of images, a CXI file or a plain one: everything in it but the images."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.links import resolve
from airybench.data.hdf5.opening import open_hdf5
from airybench.data.reading.masks import good_pixels
from airybench.data.reading.options import StackKeys
from airybench.data.reading.photon_energy import HIGHEST, JOULE_PER_EV, LOWEST, plausible
from airybench.errors import ConfigError, DataError
from airybench.reporter import Reporter

_BYTES = 64e6
_MOST = 512
_LARGEST_CLASS = 10_000


@dataclass(frozen=True)
class StackImages:
    """Where the images of a file are, and its mask.

    Attributes:
        path: the file.
        key: of the stack.
        count: number of shots N, without padding.
        shape: (H, W), pixels.
        block: images that are read together.
        good: mask of all shots, bool, shape (H, W); None when there is none or each shot has its own.
        masks: key of the masks, where each shot has its own.
    """

    path: Path
    key: str
    count: int
    shape: tuple[int, int]
    block: int
    good: NDArray[np.bool_] | None = None
    masks: str | None = None


@dataclass(frozen=True)
class StackFile:
    """The columns of a file with N shots.

    Attributes:
        images: where the images are.
        photon_energy: eV, float32, shape (N,); None when the file does not say.
        ids: int64, shape (N,); None when the file has none.
        labels: shape (N, C) or (N,); None when the file has none.
        groups: int32, shape (N,); None when the file has none.
        events: by name, each of shape (N,).
        files: names of the files that its bytes come from.
    """

    images: StackImages
    photon_energy: NDArray[np.float32] | None = None
    ids: NDArray[np.int64] | None = None
    labels: NDArray[np.int64] | None = None
    groups: NDArray[np.int32] | None = None
    events: dict[str, NDArray[Any]] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The file."""
        return self.images.path

    @property
    def count(self) -> int:
        """Number of shots N."""
        return self.images.count


def read_stack_file(path: Path, keys: StackKeys, reporter: Reporter) -> StackFile:
    """Read and check everything but the images.

    Args:
        path: the file.
        keys: where things are in it.
        reporter: receives notices.

    Raises:
        ConfigError: keys contradict each other.
        DataError: a key is missing, or holds impossible values.
    """
    with open_hdf5(path) as file:
        columns = _Columns(path, file, keys)
        ids, events = columns.ids_and_events()
        good, masks = columns.mask()
        return StackFile(
            images=StackImages(
                path=path,
                key=columns.images,
                count=columns.count,
                shape=columns.stack.shape[-2:],
                block=_block(columns.stack),
                good=good,
                masks=masks,
            ),
            photon_energy=columns.energy(reporter),
            ids=ids,
            labels=columns.labels(keys.labels) if keys.labels else None,
            groups=columns.groups(keys.groups) if keys.groups else None,
            events=events,
            files=(path.name, *sorted(columns.files)),
        )


def _block(stack: h5py.Dataset) -> int:
    """Images that are read together: whole chunks, of about 64 MB."""
    per_chunk = stack.chunks[0] if stack.ndim == 3 and stack.chunks else 1
    image = stack.shape[-1] * stack.shape[-2] * stack.dtype.itemsize
    block = max(1, int(_BYTES // image))
    return max(1, min(block // per_chunk * per_chunk or min(per_chunk, 4 * block), _MOST))


class _Columns:
    """Columns of one open file.

    Args:
        path: the file, for messages.
        file: the same, open.
        keys: where things are in it.

    Attributes:
        images: key of the stack.
        stack: the stack, shape (N, H, W) or (H, W).
        count: number of shots, without padding.
        files: names of the other files that bytes come from.
    """

    def __init__(self, path: Path, file: h5py.File, keys: StackKeys) -> None:
        self.path, self.file, self.keys = path, file, keys
        self.files: set[str] = set()
        self.images = str(keys.images)
        self.stack = self._stack()
        self._padded = 1 if self.stack.ndim == 2 else len(self.stack)
        self.count = self._true_count()
        if not self.count:
            raise DataError(f"{path}: /{self.images} holds no image", "leave this file out")

    def ids_and_events(self) -> tuple[NDArray[np.int64] | None, dict[str, NDArray[Any]]]:
        """Identifiers of the shots, and further ones by name, among them the ids of a CXI file that are text."""
        events = {key.rpartition("/")[2]: self._column(key, "biufS") for key in self.keys.events}
        key = next(iter(self.keys.ids), None)
        if key is None:
            return None, events
        values = self._column(key, "iuSO")
        if values.dtype.kind in "iu":
            if values.dtype.kind == "u" and values.max() > np.iinfo(np.int64).max:
                raise DataError(
                    f"{self.path}: /{key} holds {values.max()}, more than a 64-bit integer", "give another --ids"
                )
            return values.astype(np.int64), events
        text = [str(value, "utf-8") if isinstance(value, bytes) else str(value) for value in values]
        return None, events | {key.rpartition("/")[2]: np.array(text, "S")}

    def groups(self, key: str) -> NDArray[np.int32]:
        """Run numbers."""
        groups = self._column(key, "iu", scalar=True)
        if (np.abs(groups.astype(np.float64)) > np.iinfo(np.int32).max).any():
            raise DataError(f"{self.path}: /{key} holds a number beyond 32 bits", "renumber the groups")
        return groups.astype(np.int32)

    def energy(self, reporter: Reporter) -> NDArray[np.float32] | None:
        """Photon energies in eV, None when the file does not say; joule is recognised by its size."""
        fixed = self.keys.photon_energy
        key = self.keys.energy
        if fixed is not None:
            if key:
                raise ConfigError("--energy and --photon-energy were both given; one is enough")
            if not plausible(fixed):
                raise ConfigError(f"--photon-energy is {fixed:g}, expected {LOWEST:g} to {HIGHEST:g} eV")
            return np.full(self.count, fixed, np.float32)
        if key is None:
            return None
        values = self._column(key, "iuf", scalar=True).astype(np.float64)
        if plausible(values / JOULE_PER_EV).all():
            reporter.notify(f"{self.path.name}: /{key} is in joule by its size; converted to eV")
            values = values / JOULE_PER_EV
        bad = np.flatnonzero(~plausible(values))
        if len(bad):
            raise DataError(
                f"{self.path}: /{key} entry {bad[0]} is {values[bad[0]]:.6g}, a photon energy from {LOWEST:g} to "
                f"{HIGHEST:g} eV is expected",
                "correct it",
            )
        return values.astype(np.float32)

    def labels(self, key: str) -> NDArray[np.int64]:
        """Label vectors (N, C) or class numbers (N,), checked as far as one file can be."""
        values = self._column(key, "biuf", dims=(1, 2))
        highest = 1 if values.ndim == 2 else _LARGEST_CLASS
        bad = np.argwhere((values != np.rint(values)) | (values < 0) | (values > highest))
        if len(bad):
            row = int(bad[0][0])
            what = "0 and 1" if values.ndim == 2 else "class numbers from 0"
            raise DataError(f"{self.path}: /{key} entry {row} is {values[row]}, {what} are expected", "correct it")
        return values.astype(np.int64)

    def mask(self) -> tuple[NDArray[np.bool_] | None, str | None]:
        """The mask of all shots, or the key of the masks where each shot has its own."""
        key, shape = self.keys.mask, self.stack.shape[-2:]
        if not key:
            return None, None
        data = self._data(key)
        if data.dtype.kind not in "biu" or data.shape[-2:] != shape or data.ndim not in (2, 3):
            raise DataError(
                f"{self.path}: /{key} is {data.dtype} {data.shape}, whole numbers of shape {shape} or (N, H, W) are "
                f"expected",
                "give another --mask",
            )
        if data.ndim == 2:
            return good_pixels(data[()], str(self.keys.mask_convention)), None
        if len(data) not in (self.count, self._padded):
            raise DataError(f"{self.path}: /{key} has {len(data)} masks for {self.count} images", "give another --mask")
        return None, key

    def _stack(self) -> h5py.Dataset:
        stack, where = self._data(self.images), f"{self.path}: /{self.images}"
        if stack.dtype.kind not in "biuf":
            raise DataError(f"{where} is {stack.dtype}, numbers are expected", "give the key of the images")
        if stack.ndim not in (2, 3) or 0 in stack.shape[-2:]:
            raise DataError(f"{where} has shape {stack.shape}, a stack (N, H, W) is expected")
        return stack

    def _true_count(self) -> int:
        """Shots without padding: the attribute numEvents of the stack, or of a group above it."""
        above = range(1, self.images.strip("/").count("/") + 1)
        for holder in (self.stack, *(self.file[self.images.rsplit("/", up)[0]] for up in above), self.file):
            if "numEvents" in holder.attrs:
                value = np.asarray(holder.attrs["numEvents"]).reshape(-1)
                if value.size != 1 or value.dtype.kind not in "iu" or not 0 <= int(value[0]) <= self._padded:
                    raise DataError(
                        f"{self.path}: /{self.images}: numEvents is {value.tolist()}, expected 0 to {self._padded}, "
                        f"the length of the stack",
                        "get a whole copy",
                    )
                return int(value[0])
        return self._padded

    def _data(self, key: str) -> h5py.Dataset:
        """A data set whose bytes are there; the files that they come from are noted."""
        values, files = resolve(self.path, self.file, key)
        self.files |= files
        return values

    def _column(self, key: str, kinds: str, *, scalar: bool = False, dims: tuple[int, ...] = (1,)) -> NDArray[Any]:
        """One value for each shot, without padding.

        Args:
            key: of the data set.
            kinds: letters of the dtypes that are of use.
            scalar: whether one value may stand for all shots.
            dims: numbers of dimensions that are allowed.
        """
        data = self._data(key)
        if data.dtype.kind not in kinds:
            raise DataError(f"{self.path}: /{key} is {data.dtype}, which is of no use here", "give another key")
        if scalar and data.size == 1:
            return np.repeat(np.asarray(data[()]).reshape(1), self.count)
        if data.ndim not in dims or len(data) not in (self.count, self._padded):
            raise DataError(
                f"{self.path}: /{key} has shape {data.shape}, one entry for each of the {self.count} images is expected"
            )
        return np.asarray(data[: self.count])
