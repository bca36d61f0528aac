"""One simulated shot."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Truth = dict[str, float | int]
"""Parameters of the simulation by name; NaN where one has no meaning for a shot."""


@dataclass(frozen=True)
class Shot:
    """Counts, labels and the parameters of the simulation.

    Attributes:
        image: counts, shape (259, 259).
        labels: names of the classes that the shot belongs to.
        photon_energy: eV.
        truth: every parameter of the simulation; keys and types (int or float) are the same for all shots of a data
            set.
    """

    image: NDArray[np.uint16]
    labels: frozenset[str]
    photon_energy: float
    truth: Truth
