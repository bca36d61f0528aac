"""Every rule of a store, checked shot by shot."""

import numpy as np

from airybench.data.hdf5.opening import open_hdf5
from airybench.data.store.bad_pixels import MOSTLY_GOOD, BadPixels, find_bad_pixels, sampled_rows
from airybench.data.store.content import SLICE
from airybench.data.store.labels import check_helium
from airybench.data.store.store import Store
from airybench.data.store.survey import Survey
from airybench.errors import DataError
from airybench.physics.populations import HELIUM_CLASSES
from airybench.reporter import SILENT, Reporter


def check(store: Store, reporter: Reporter = SILENT) -> Survey:
    """Check the rules of a store that opening it does not.

    The hash must match the content, no image may be constant, energies must be finite and above 0, masks hold 0 and 1
    only, and labels of helium obey the rules of that data set.

    Args:
        store: the store.
        reporter: receives progress.

    Raises:
        DataError: naming the key and the shot that breaks a rule.
    """
    survey = store.verify(reporter)
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


def bad_pixels_of(store: Store) -> BadPixels:
    """Bad pixels of a store, at its own size, among those that are good in nearly all shots that are looked at.

    Args:
        store: the store.

    Raises:
        DataError: an image cannot be read.
    """
    rows, mask = sampled_rows(store.count), store.mask()
    if mask is not None and mask.ndim == 3:
        mask = mask[rows].mean(axis=0) >= MOSTLY_GOOD
    return find_bad_pixels(store.read_images(rows), None if mask is None else mask > 0)
