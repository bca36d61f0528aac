"""Columns of NumPy files: ids, labels, energies, groups, masks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.formats.numpy_array import NumpyArray, numpy_arrays
from airybench.data.reading.identifiers import identifiers
from airybench.data.reading.label_numbers import checked_numbers, label_vectors, with_doubt
from airybench.data.reading.options import LabelOptions, StackKeys
from airybench.data.reading.photon_energy import energies_ev
from airybench.data.store.columns import as_text
from airybench.data.store.ids import as_ids
from airybench.errors import DataError
from airybench.reporter import Reporter


def _plain_ids(values: NDArray[Any]) -> NDArray[Any]:
    return values if values.dtype.kind == "f" else as_ids(values)


class NumpyColumns:
    """Columns of one file, or of NPY files beside it, with one value for each of N shots.

    Args:
        path: the file.
        arrays: what it holds.
        keys: names of arrays, or of NPY files.
        count: N.

    Attributes:
        used: names of the arrays that were asked for.
        files: NPY files that were read.
    """

    def __init__(self, path: Path, arrays: Mapping[str, NumpyArray], keys: StackKeys, count: int) -> None:
        self.path, self.arrays, self.keys, self.count = path, arrays, keys, count
        self.used: set[str] = set()
        self.files: set[Path] = set()

    def ids(self) -> NDArray[Any] | None:
        """Identifiers, integers or text; several are joined by `:`. None where none were named."""
        parts = [
            (f"{self.path}: {key}", _plain_ids(self._column(key, "iufUS", scalar=self.count == 1)))
            for key in self.keys.ids
        ]
        return identifiers(parts) if parts else None

    def labels(self, options: LabelOptions) -> tuple[NDArray[np.uint8] | None, tuple[str, ...]]:
        """Labels (N, C) and their C class names."""
        key = self.keys.labels
        if not key or options.ignore:
            return None, ()
        where = f"{self.path}: {key}"
        values = checked_numbers(self._column(key, "biuf", dims=(1, 2)), where, "entry {}".format)
        return label_vectors(values, options.class_names, where, "entry {}".format)

    def words(self, options: LabelOptions) -> NDArray[Any] | None:
        """Labels that are words, shape (N,), or numbers with doubts, see `with_doubt`; None where there are none."""
        key = self.keys.labels
        if not key or options.ignore:
            return None
        if self._array(key).dtype.kind in "US":
            return as_text(self._column(key, "US"))
        return with_doubt(self._column(key, "biuf", dims=(1, 2)), f"{self.path}: {key}", "entry {}".format)

    def energy(self, reporter: Reporter) -> NDArray[np.float32] | None:
        """Photon energies in eV; None where none were named."""
        key = self.keys.energy or self.keys.wavelength
        if not key or self.keys.photon_energy is not None:
            return None
        values, wavelength = self._column(key, "iuf", scalar=True), self.keys.energy is None
        where = f"{self.path}: {key}"
        return energies_ev(values, key, where, reporter, wavelength=wavelength, unit=self.keys.unit)

    def groups(self) -> NDArray[np.int32] | None:
        """Runs; text is numbered in sorted order, from 1."""
        if not self.keys.groups:
            return None
        values = self._column(self.keys.groups, "iufUS", scalar=True)
        if values.dtype.kind == "f":
            values = identifiers([(f"{self.path}: {self.keys.groups}", values)])
        if values.dtype.kind in "US":
            values = np.unique(values, return_inverse=True)[1] + 1
        if (np.abs(values.astype(np.float64)) > np.iinfo(np.int32).max).any():
            raise DataError(f"{self.path}: {self.keys.groups} holds a number beyond 32 bits", "renumber the groups")
        return values.astype(np.int32)

    def events(self) -> dict[str, NDArray[Any]]:
        """Further identifiers by name."""
        events = {Path(key).stem: self._column(key, "biufUS") for key in self.keys.events}
        return {
            name: np.char.encode(some, "utf-8") if some.dtype.kind == "U" else some for name, some in events.items()
        }

    def masks(self) -> NumpyArray | None:
        """The array of the mask."""
        return self._array(self.keys.mask) if self.keys.mask else None

    def _array(self, key: str) -> NumpyArray:
        """An array of this file, or the one of an NPY file."""
        if key in self.arrays:
            self.used.add(key)
            return self.arrays[key]
        beside = Path(key)
        if beside.suffix.lower() == ".npy" and beside.is_file():
            self.files.add(beside)
            return next(iter(numpy_arrays(beside).values()))
        listed = "; ".join(array.words for array in self.arrays.values())
        raise DataError(f"{self.path}: no array {key}, and no such .npy file", f"it holds {listed}")

    def _column(self, key: str, kinds: str, *, scalar: bool = False, dims: tuple[int, ...] = (1,)) -> NDArray[Any]:
        """One value for each shot."""
        array = self._array(key)
        array.require_plain()
        if array.dtype.kind not in kinds:
            raise DataError(f"{self.path}: {array.words} is of no use here", "give another array")
        if scalar and np.prod(array.shape) == 1:
            return np.repeat(array.all().reshape(1), self.count)
        if array.shape == (self.count, 1) and 1 in dims:
            return array.all().reshape(-1)
        if len(array.shape) not in dims or array.shape[0] != self.count:
            raise DataError(f"{self.path}: {array.words} has no value for each of the {self.count} images")
        return array.all()
