"""Which numbers can be a photon energy, in eV or in joule."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

JOULE_PER_EV = 1.602176634e-19
LOWEST, HIGHEST = 1.0, 1e6
"""Photon energies that a source may have, eV."""


def plausible(energy: ArrayLike) -> Any:
    """Whether each number can be a photon energy in eV; NaN cannot.

    >>> plausible(21.5), plausible(3.4e-18)
    (True, False)
    """
    values: NDArray[np.float64] = np.asarray(energy, np.float64)
    inside = (values >= LOWEST) & (values <= HIGHEST)
    return inside if values.ndim else bool(inside)
