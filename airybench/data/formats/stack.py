"""Plain HDF5 stacks and CXI files of the form entry_1/data_1/data: what they hold beside their images."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.formats.counts_rule import CONVENTIONS, good_pixels
from airybench.data.formats.deposit import ENERGY, IDS, JOULE_PER_EV
from airybench.data.formats.hdf5_links import resolve
from airybench.data.store.store import opened
from airybench.errors import ConfigError, DataError, unknown
from airybench.reporter import SILENT, Reporter

CXI_IMAGES = ("entry_1/data_1/data", "entry_1/image_1/data")
"""Where a CXI file keeps its stack."""

_ENERGY_EV = (1.0, 1e6)


@dataclass(frozen=True)
class StackKeys:
    """Where things are in a source; None where they are not, or where a CXI file keeps them.

    Attributes:
        images: stack of shape (N, H, W), or one image (H, W).
        labels: 0 or 1, shape (N, C), or class numbers from 0, shape (N,).
        ids: integers, shape (N,).
        energy: photon energy of every shot (N,) or of all (scalar), in eV or joule.
        photon_energy: the same for all shots, eV, in place of a key.
        groups: run number of every shot (N,) or of the file (scalar).
        events: further identifiers, each of shape (N,).
        mask: shape (H, W) or (N, H, W).
        mask_convention: one of CONVENTIONS; needed with a mask.
    """

    images: str | None = None
    labels: str | None = None
    ids: str | None = None
    energy: str | None = None
    photon_energy: float | None = None
    groups: str | None = None
    events: tuple[str, ...] = ()
    mask: str | None = None
    mask_convention: str | None = None


@dataclass(frozen=True)
class Stack:
    """One source file, read but for its images.

    Attributes:
        path: the file.
        images: key of the stack.
        count: number of shots N, without padding.
        shape: (H, W), pixels.
        block: images that are read together.
        photon_energy: eV, float32, shape (N,).
        ids: int64, shape (N,); None when the file has none.
        labels: shape (N, C) or (N,); None when the file has none.
        groups: int32, shape (N,); None when the file has none.
        events: by name, each of shape (N,).
        good: mask for all shots, shape (H, W); None when there is none or each shot has its own.
        mask: key of masks that each shot has its own of.
        files: names of the files that its bytes come from.
    """

    path: Path
    images: str
    count: int
    shape: tuple[int, int]
    block: int
    photon_energy: NDArray[np.float32]
    ids: NDArray[np.int64] | None = None
    labels: NDArray[Any] | None = None
    groups: NDArray[np.int32] | None = None
    events: dict[str, NDArray[Any]] = field(default_factory=dict)
    good: NDArray[np.bool_] | None = None
    mask: str | None = None
    files: tuple[str, ...] = ()


def is_cxi_stack(path: Path) -> bool:
    """Whether a file keeps a stack of images where a CXI file does."""
    if not path.is_file() or not h5py.is_hdf5(path):
        return False
    with opened(path) as file:
        return any(file.get(key, getlink=True) is not None for key in CXI_IMAGES if key.rpartition("/")[0] in file)


def scan_stack(path: Path, keys: StackKeys, reporter: Reporter = SILENT, *, energy_needed: bool = True) -> Stack:
    """Read and check everything but the images.

    Args:
        path: the file.
        keys: where things are in it.
        reporter: receives notices.
        energy_needed: whether a source without a photon energy is refused; else it is NaN.

    Raises:
        ConfigError: keys are missing or contradict each other.
        DataError: a key is not there, or holds what cannot be.
    """
    if keys.mask and keys.mask_convention not in CONVENTIONS:
        raise ConfigError(
            f"--mask needs --mask-convention, one of {', '.join(CONVENTIONS)}: masks contradict each other"
        )
    with opened(path) as file:
        reader = _Reader(path, file)
        images = keys.images or next((key for key in CXI_IMAGES if key in file), CXI_IMAGES[0])
        cxi = keys.images is None
        stack = reader.data(images)
        if stack.dtype.kind not in "biuf":
            raise DataError(f"{path}: /{images} is {stack.dtype}, numbers are expected; give the key of the images")
        if stack.ndim not in (2, 3) or 0 in stack.shape[-2:]:
            raise DataError(f"{path}: /{images} has shape {stack.shape}, a stack (N, H, W) is expected")
        padded = 1 if stack.ndim == 2 else len(stack)
        reader.count = count = _true_count(path, file, images, stack, padded)
        reader.padded = padded
        if not count:
            raise DataError(f"{path}: /{images} holds no image; leave this file out")
        energy = keys.energy or (ENERGY_CXI if cxi and keys.photon_energy is None and ENERGY_CXI in file else None)
        ids_key = keys.ids or next((f"entry_1/{key}" for key in IDS if cxi and f"entry_1/{key}" in file), None)
        events = {key.rpartition("/")[2]: reader.column(key, "biufS") for key in keys.events}
        ids = None
        if ids_key:
            values = reader.column(ids_key, "iuSO")
            if values.dtype.kind in "iu":
                ids = _int64(path, ids_key, values)
            elif keys.ids:
                raise DataError(
                    f"{path}: /{ids_key} is {values.dtype}, 64-bit integers are expected; give another --ids"
                )
            else:
                events[ids_key.rpartition("/")[2]] = np.array(
                    [str(v, "utf-8") if isinstance(v, bytes) else str(v) for v in values], "S"
                )
        groups = reader.column(keys.groups, "iu", scalar=True) if keys.groups else None
        if groups is not None and (np.abs(groups.astype(np.float64)) > np.iinfo(np.int32).max).any():
            raise DataError(f"{path}: /{keys.groups} holds a number beyond 32 bits; number the groups anew")
        good, mask = reader.mask(keys, stack.shape[-2:])
        labels = reader.labels(keys.labels) if keys.labels else None
        per = stack.chunks[0] if stack.ndim == 3 and stack.chunks else 1
        return Stack(
            path=path,
            images=images,
            count=count,
            shape=(stack.shape[-2], stack.shape[-1]),
            block=_block(stack, per),
            photon_energy=(
                reader.energy(energy, keys.photon_energy, reporter)
                if energy_needed or energy or keys.photon_energy
                else np.full(count, np.nan, np.float32)
            ),
            ids=ids,
            labels=labels,
            groups=None if groups is None else groups.astype(np.int32),
            events=events,
            good=good,
            mask=mask,
            files=(path.name, *sorted(reader.files)),
        )


ENERGY_CXI = f"entry_1/{ENERGY}"
_BYTES = 64e6


def _block(stack: h5py.Dataset, per_chunk: int) -> int:
    """Images that are read together: whole chunks, of about 64 MB."""
    image = stack.shape[-1] * stack.shape[-2] * stack.dtype.itemsize
    block = max(1, int(_BYTES // image))
    return max(1, min(block // per_chunk * per_chunk or min(per_chunk, 4 * block), 512))


def _true_count(path: Path, file: h5py.File, key: str, stack: h5py.Dataset, padded: int) -> int:
    """Shots without padding: what the attribute numEvents says, on the data set or a group above it."""
    places = [stack, *(file[key.rsplit("/", up)[0]] for up in range(1, key.strip("/").count("/") + 1)), file]
    for place in places:
        if "numEvents" in place.attrs:
            value = np.asarray(place.attrs["numEvents"]).reshape(-1)
            if value.size != 1 or value.dtype.kind not in "iu" or not 0 <= int(value[0]) <= padded:
                raise DataError(
                    f"{path}: /{key}: numEvents is {value.tolist()}, expected 0 to {padded}, the length of the stack; "
                    f"get a whole copy"
                )
            return int(value[0])
    return padded


def _int64(path: Path, key: str, values: NDArray[Any]) -> NDArray[np.int64]:
    if values.dtype.kind == "u" and values.size and values.max() > np.iinfo(np.int64).max:
        raise DataError(f"{path}: /{key} holds {values.max()}, more than a 64-bit integer; give another --ids")
    return values.astype(np.int64)


class _Reader:
    """Columns of one open file."""

    def __init__(self, path: Path, file: h5py.File) -> None:
        self.path, self.file = path, file
        self.count = self.padded = 0
        self.files: set[str] = set()

    def data(self, key: str) -> h5py.Dataset:
        """A data set whose bytes are there; the files that they come from are noted."""
        values, files = resolve(self.path, self.file, key)
        self.files |= files
        return values

    def column(self, key: str, kinds: str, *, scalar: bool = False, dims: tuple[int, ...] = (1,)) -> NDArray[Any]:
        """One value a shot, cut to the true count."""
        data = self.data(key)
        if data.dtype.kind not in kinds:
            raise DataError(f"{self.path}: /{key} is {data.dtype}, which is of no use here; give another key")
        if scalar and data.size == 1:
            return np.repeat(np.asarray(data[()]).reshape(1), self.count)
        if data.ndim not in dims or len(data) not in (self.count, self.padded):
            raise DataError(
                f"{self.path}: /{key} has shape {data.shape}, one entry for each of the {self.count} images is expected"
            )
        return np.asarray(data[: self.count])

    def energy(self, key: str | None, fixed: float | None, reporter: Reporter) -> NDArray[np.float32]:
        """Photon energies in eV; joule is told by its size."""
        low, high = _ENERGY_EV
        if fixed is not None:
            if key:
                raise ConfigError("--energy and --photon-energy were both given; one is enough")
            if not low <= fixed <= high:
                raise ConfigError(f"--photon-energy is {fixed:g}, expected {low:g} to {high:g} eV")
            return np.full(self.count, fixed, np.float32)
        if not key:
            raise ConfigError(f"{self.path}: no photon energy; give --energy KEY, or --photon-energy EV for all shots")
        values = self.column(key, "iuf", scalar=True).astype(np.float64)
        joule = (values >= low * JOULE_PER_EV) & (values <= high * JOULE_PER_EV)
        if joule.all():
            reporter.notify(f"{self.path.name}: /{key} is in joule by its size; turned into eV")
            values = values / JOULE_PER_EV
        bad = ~((values >= low) & (values <= high))
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise DataError(
                f"{self.path}: /{key} entry {row} is {values[row]:.6g}, a photon energy from {low:g} to {high:g} eV is "
                f"expected; correct it"
            )
        return values.astype(np.float32)

    def labels(self, key: str) -> NDArray[Any]:
        """Label vectors or class numbers, checked as far as one file can be."""
        values = self.column(key, "biuf", dims=(1, 2))
        whole = values == np.rint(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
        bad = ~whole | (values < 0) | ((values > 1) if values.ndim == 2 else (values > 10_000))
        if bad.any():
            row = int(np.argwhere(bad)[0][0])
            what = "0 and 1" if values.ndim == 2 else "class numbers from 0"
            raise DataError(f"{self.path}: /{key} entry {row} is {values[row]}, {what} are expected; correct it")
        return values.astype(np.int64)

    def mask(self, keys: StackKeys, shape: tuple[int, int]) -> tuple[NDArray[np.bool_] | None, str | None]:
        """The mask for all shots, or the key of masks that each shot has its own of."""
        if not keys.mask:
            return None, None
        data = self.data(keys.mask)
        if data.dtype.kind not in "biu" or data.shape[-2:] != shape or data.ndim not in (2, 3):
            raise DataError(
                f"{self.path}: /{keys.mask} is {data.dtype} {data.shape}, whole numbers of shape {shape} or (N, H, W) "
                f"are expected; give another --mask"
            )
        if data.ndim == 2:
            return good_pixels(data[()], str(keys.mask_convention)), None
        if len(data) not in (self.count, self.padded):
            raise DataError(
                f"{self.path}: /{keys.mask} has {len(data)} masks for {self.count} images; give another --mask"
            )
        return None, keys.mask


def convention(name: str | None) -> str | None:
    """A mask convention by name.

    Raises:
        ConfigError: unknown.
    """
    if name is not None and name not in CONVENTIONS:
        raise unknown("mask convention", name, CONVENTIONS)
    return name
