"""Photon energies of the shots of a file, from the key of an energy or wavelength, or one for all."""

import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.columns import Columns
from airybench.data.reading.options import StackKeys
from airybench.data.reading.photon_energy import (
    energies_ev,
    fixed_energy,
    require_present,
    unit_attribute,
    unit_named,
)
from airybench.errors import ConfigError
from airybench.reporter import Reporter


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
    fixed = keys.photon_energy
    given = {"--energy": keys.energy, "--wavelength": keys.wavelength, "--photon-energy": fixed}
    said = [option for option, value in given.items() if value is not None]
    if len(said) > 1:
        raise ConfigError(f"{' and '.join(said)} were both given; one is enough")
    if fixed is not None:
        return fixed_energy(fixed, len(frames)), "for all shots, as given"
    key = keys.energy or keys.wavelength
    if key is None:
        return None, ""
    values = columns.column(key, said[0], "iuf", scalar=True)[frames]
    entry = lambda row: f"entry {frames[row]}"  # noqa: E731
    require_present(values.astype(np.float64), columns.where(key), entry, key)
    attribute = unit_attribute(columns.every(key, said[0])[0][1])
    energies = energies_ev(
        values,
        key,
        columns.where(key),
        reporter,
        wavelength=keys.wavelength is not None,
        attribute=attribute,
        unit=keys.unit,
        entry=entry,
    )
    unit = unit_named(keys.unit or attribute or "") or ""
    return energies, f"from /{key.strip('/')}" + (f" in {unit}" if unit else "")
