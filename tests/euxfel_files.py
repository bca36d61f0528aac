"""Small files as EXtra-data writes them at European XFEL: a virtual CXI file over one file for each module."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from field_files import Truth
from numpy.typing import NDArray

ALL_BITS = 0xFFFFFFFF
TRAIN = np.repeat(1_500_000_000 + np.arange(5), 3).astype("u8")
PULSE = np.tile([0, 4, 8], 5).astype("u8")


@dataclass(frozen=True)
class _Module:
    """What the file of one module holds, for the n shots that it has."""

    number: int
    there: NDArray[np.bool_]
    data: NDArray[Any]
    mask: NDArray[np.uint32]

    @property
    def file_name(self) -> str:
        """Beside the virtual file."""
        return f"CORR-R0007-AGIPD{self.number:02d}-S00000.h5"

    @property
    def group(self) -> str:
        """Where in it."""
        return f"INSTRUMENT/SPB_DET_AGIPD1M-1/DET/{self.number}CH0:xtdf/image"

    def write(self, folder: Path) -> None:
        """Write the file."""
        with h5py.File(folder / self.file_name, "w") as file:
            file[f"{self.group}/data"], file[f"{self.group}/mask"] = self.data, self.mask
            file[f"{self.group}/trainId"], file[f"{self.group}/pulseId"] = TRAIN[self.there], PULSE[self.there]

    def stretches(self) -> list[tuple[int, int]]:
        """First row and row after the last of each stretch of shots that it has."""
        edges = np.flatnonzero(np.diff(np.r_[0, self.there, 0]))
        return [(int(first), int(stop)) for first, stop in edges.reshape(-1, 2)]


def euxfel_cxi(
    folder: Path,
    *,
    modules: int = 4,
    raw: bool = False,
    flat: bool = False,
    unmapped: Sequence[int] = (),
    gone: Sequence[int] = (),
    missing_train: int | None = None,
) -> Truth:
    """European XFEL, a virtual CXI file over one file for each module.

    Args:
        folder: to write `virtual.cxi` and the files of the modules to.
        modules: M.
        raw: uint16 with an axis for intensity and gain, without masks; otherwise float32, corrected.
        flat: the first module without an axis for modules, (N, H, W).
        unmapped: modules that the view leaves out.
        gone: modules whose file is deleted afterwards.
        missing_train: number of a train that the last module misses.
    """
    made = [_module(number, raw, missing_train if number == modules - 1 else None) for number in range(modules)]
    for one in made:
        one.write(folder)
        if one.number in gone:
            (folder / one.file_name).unlink()
    seen = [one for one in made if one.number not in unmapped][: 1 if flat else None]
    keys: dict[str, tuple[str, float]] = {"data": ("u2", 0) if raw else ("f4", np.nan)}
    if not raw:
        keys["mask"] = ("u4", ALL_BITS)
    whole = {}
    path = folder / "virtual.cxi"
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        group = file.create_group("entry_1/instrument_1/detector_1")
        for key, (kind, fill) in keys.items():
            shape = (len(TRAIN), *(() if flat else (modules,)), *made[0].data.shape[1:])
            whole[key] = np.full(shape, fill, kind)
            view = h5py.VirtualLayout(shape, kind)
            for one in seen:
                _map(view, whole[key], one, key, flat=flat, there=one.number not in gone)
            group.create_virtual_dataset(key, view, fillvalue=fill)
        _columns(file, modules)
    images = whole["data"]
    good = None if raw else ((whole["mask"] & ~np.uint32(1 << 22)) == 0) & np.isfinite(images)
    return Truth((path,), images, tuple(f"{train}:{pulse}" for train, pulse in zip(TRAIN, PULSE, strict=True)), good)


def _module(number: int, raw: bool, missing_train: int | None) -> _Module:
    rng = np.random.default_rng(7 + number)
    there = np.ones(len(TRAIN), bool) if missing_train is None else TRAIN[0] + missing_train != TRAIN
    shape = (int(there.sum()), *((2,) if raw else ()), 8, 6)
    mask = np.zeros(shape, "u4")
    mask[..., 3, 3], mask[..., 4, 4] = 1, 1 << 22
    return _Module(number, there, rng.poisson(3, shape).astype("u2" if raw else "f4"), mask)


def _map(view: h5py.VirtualLayout, whole: NDArray[Any], module: _Module, key: str, *, flat: bool, there: bool) -> None:
    """Map what a module has into the view, and into an array of what is to be read where its file is there."""
    values = getattr(module, key)
    source, read = h5py.VirtualSource(module.file_name, f"{module.group}/{key}", shape=values.shape), 0
    for first, stop in module.stretches():
        place = slice(first, stop) if flat else (slice(first, stop), module.number)
        some = slice(read, read + stop - first)
        view[place] = source[some]
        if there:
            whole[place] = values[some]
        read = some.stop


def _columns(file: h5py.File, modules: int) -> None:
    """Identifiers, and the links that CXI asks for."""
    names = np.array([f"{train}:{pulse}" for train, pulse in zip(TRAIN, PULSE, strict=True)], dtype=object)
    file["entry_1/experiment_identifier"] = names
    file["entry_1/trainId"], file["entry_1/pulseId"] = TRAIN, PULSE
    file["entry_1/cellId"] = np.repeat(PULSE[:, None], modules, axis=1).astype("u2")
    group = file["entry_1/instrument_1/detector_1"]
    group["experiment_identifier"] = h5py.SoftLink("/entry_1/experiment_identifier")
    file["entry_1/data_1"] = h5py.SoftLink("/entry_1/instrument_1/detector_1")
