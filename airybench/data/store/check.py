"""Every rule of a store, checked shot by shot."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.opening import open_hdf5
from airybench.data.store.bad_pixels import MOSTLY_GOOD, BadPixels, find_bad_pixels, sampled_rows
from airybench.data.store.content import SLICE, OnImages
from airybench.data.store.labels import check_helium
from airybench.data.store.store import Store
from airybench.data.store.survey import Survey
from airybench.errors import DataError
from airybench.physics.populations import HELIUM_CLASSES
from airybench.reporter import SILENT, Reporter


def check(store: Store, reporter: Reporter = SILENT, watch: Sequence[OnImages] = ()) -> Survey:
    """Check the rules of a store that opening it does not.

    The hash must match the content, no image may be constant, energies must be finite and above 0, masks hold 0 and 1
    only, and labels of helium obey the rules of that data set.

    Args:
        store: the store.
        reporter: receives progress.
        watch: called with every slice of images and their hashes, which are read only once.

    Raises:
        DataError: naming the key and the shot that breaks a rule.
    """
    survey = store.verify(reporter, watch)
    ids, energies = store.ids(), store.photon_energy()
    if survey.constant:
        row = survey.constant[0]
        raise DataError(
            f"{store.path}: /images row {row} (id {ids[row]}) has the same value in every pixel "
            f"({len(survey.constant)} such images)",
            "leave dead shots out of the source and import it again",
        )
    bad = np.flatnonzero(~(np.isfinite(energies) & (energies > 0)))
    if len(bad):
        raise DataError(
            f"{store.path}: /photon_energy row {bad[0]} (id {ids[bad[0]]}) is {energies[bad[0]]}, above 0 eV is "
            f"expected",
            "correct the source and import it again",
        )
    if store.labelled and store.class_names == HELIUM_CLASSES:
        check_helium(store.labels(), lambda row: f"{store.path}: /labels row {row} (id {ids[row]})")
    with open_hdf5(store.path) as file:
        mask = file.get("mask")
        for start in range(0, len(mask) if mask is not None else 0, SLICE):
            if mask[start : start + SLICE].max() > 1:
                raise DataError(f"{store.path}: /mask holds other values than 0 and 1", "import the store again")
    return survey


class StoreSample:
    """Some shots of a store, spread evenly over it, kept while its images pass.

    Args:
        store: the store.
    """

    def __init__(self, store: Store) -> None:
        self._store, self._rows, self._seen = store, sampled_rows(store.count), 0
        self._images = np.empty((len(self._rows), *store.image_shape), np.uint16)

    def add(self, images: NDArray[np.uint16], hashes: NDArray[np.uint64]) -> None:
        """See images in store order, shape (n, H, W)."""
        places = slice(*np.searchsorted(self._rows, [self._seen, self._seen + len(images)]))
        self._images[places] = images[self._rows[places] - self._seen]
        self._seen += len(images)

    def search(self) -> BadPixels:
        """Find bad pixels, at the size of the store, among those that are good in nearly all shots of the sample."""
        mask = self._store.mask()
        if mask is not None and mask.ndim == 3:
            mask = mask[self._rows].mean(axis=0) >= MOSTLY_GOOD
        return find_bad_pixels(self._images, None if mask is None else mask > 0)
