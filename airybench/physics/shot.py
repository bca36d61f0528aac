"""One simulated shot, as the populations hand it over."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Shot:
    """Counts, labels and the truth behind them.

    Attributes:
        image: counts, shape (259, 259).
        labels: the names of the classes that hold.
        photon_energy: eV.
        truth: every parameter; the keys and kinds (int or float) are the same for all shots of a data set.
    """

    image: NDArray[np.uint16]
    labels: frozenset[str]
    photon_energy: float
    truth: dict[str, float | int]
