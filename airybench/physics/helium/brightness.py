"""How many photons a droplet scatters onto the detector (version 2 of the simulator).

A droplet of radius R at a place of the focus with the relative fluence u scatters S0 (R / R0)^4 u photons: the
forward signal grows as R^6, its solid angle shrinks as R^-2. Droplets cross the focus anywhere: far from its axis
there is more room and less light, and for a Gaussian focus dN/du ~ 1/u. What is too dim is no hit.
"""

import numpy as np

from airybench.physics.optics.random import log_uniform
from airybench.physics.stored import stored

BRIGHTEST = (1e6, 500.0)
"""[A] Photons S0 on the sensitive area from a droplet of radius R0 in nm in the middle of the focus."""

PHOTON_RANGE = (1e3, 1e6)
"""[A] Photons on the sensitive area of a hit: the hit threshold, and where the plate saturates."""


def brightest(radius: float) -> float:
    """Photons from a droplet of `radius` nm in the middle of the focus, within `PHOTON_RANGE`.

    >>> brightest(250.0), brightest(20.0), brightest(900.0)
    (62500.0, 1000.0, 1000000.0)
    """
    most, reference = BRIGHTEST
    return float(np.clip(most * (radius / reference) ** 4, *PHOTON_RANGE))


def draw_photons(rng: np.random.Generator, radius: float) -> float:
    """Draw the photons on the sensitive area of a hit, log-uniform from the hit threshold to `brightest`.

    Args:
        rng: of the fluence.
        radius: of the main droplet, nm.
    """
    return stored(log_uniform(rng, PHOTON_RANGE[0], brightest(radius)))
