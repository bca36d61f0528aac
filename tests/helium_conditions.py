"""Conditions of a helium shot without a detector: photon counting, an even stray light, a beam off the middle."""

from dataclasses import dataclass

import numpy as np

from airybench.physics.helium.visibility import Frame
from airybench.physics.optics.geometry import Geometry


@dataclass
class PlainConditions:
    """No detector but photon counting, and a beam that is off the middle."""

    photon_energy: float = 26.5
    size: float = 1.0
    stray: float = 0.05

    @property
    def frame(self) -> Frame:
        """A fixed hole, a shifted beam."""
        geometry = Geometry(row_shift=1.5, column_shift=-2.25)
        field = np.full((259, 259), self.stray, np.float32)
        return Frame(geometry, Geometry().radius() >= 0.22, field)

    def detect(self, pattern, photons, rng):
        """Photon counting alone."""
        where = self.frame.sensitive
        expected = pattern * (photons / pattern[where].sum()) if pattern.any() else pattern
        return rng.poisson(np.where(where, expected + self.stray, 0)).astype(np.uint16)

    def truth(self):
        """Where the beam is."""
        return {"row_shift": 1.5, "column_shift": -2.25}
