"""Photon energies of the shots of a file, from the key of an energy, or one for all."""

import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.columns import Columns
from airybench.data.reading.options import StackKeys
from airybench.data.reading.photon_energy import HIGHEST, JOULE_PER_EV, LOWEST, plausible
from airybench.errors import ConfigError, DataError
from airybench.reporter import Reporter

UNIT_ATTRIBUTES = ("units", "unit")


def energy_of(
    columns: Columns, keys: StackKeys, frames: NDArray[np.int64], reporter: Reporter
) -> tuple[NDArray[np.float32] | None, str]:
    """Photon energies in eV, None when the file does not say; and where they come from, for people.

    Args:
        columns: of the file.
        keys: where the energy is, or how large.
        frames: those that are taken, shape (n,).
        reporter: receives notices.

    Raises:
        ConfigError: an energy is given twice, or cannot be one.
        DataError: a value cannot be an energy.
    """
    fixed, key = keys.photon_energy, keys.energy
    if fixed is not None:
        if key:
            raise ConfigError("--energy and --photon-energy were both given; one is enough")
        if not plausible(fixed):
            raise ConfigError(f"--photon-energy is {fixed:g}, expected {LOWEST:g} to {HIGHEST:g} eV")
        return np.full(len(frames), fixed, np.float32), "for all shots, as given"
    if key is None:
        return None, ""
    values = columns.column(key, "--energy", "iuf", scalar=True).astype(np.float64)[frames]
    if plausible(values / JOULE_PER_EV).all():
        reporter.notify(f"{columns.path.name}: /{key} is in joule by its size; converted to eV")
        values = values / JOULE_PER_EV
    bad = np.flatnonzero(~plausible(values))
    if len(bad):
        raise DataError(
            f"{columns.where(key)} entry {frames[bad[0]]} is {values[bad[0]]:.6g}, a photon energy from {LOWEST:g} to "
            f"{HIGHEST:g} eV is expected",
            "correct it",
        )
    return values.astype(np.float32), f"from /{key.strip('/')}"
