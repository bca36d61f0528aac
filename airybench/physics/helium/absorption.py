"""Absorption of helium droplets by photon energy (version 2 of the simulator).

Above the ionisation threshold the 1/e depth follows from the cross section of the atom and the density of the liquid.
Below it the droplet is transparent but for the band into which the atomic 1s-2p line broadens in the liquid. The
strength of that band is not free: by the sum rule the integral of a cross section over a line is 109.8 Mb eV times
its oscillator strength.
"""

from math import exp, pi

import numpy as np

from airybench.physics.helium.draw import TRANSPARENT_BELOW, WEAKEST_ABSORPTION_LENGTH
from airybench.physics.stored import stored

ABSORPTION_DEPTHS = ((24.7, 59.0), (28.0, 73.0), (31.0, 87.0), (35.0, 109.0))
"""[S] Photon energy in eV and 1/e depth in liquid helium in nm; straight lines between them."""

ABSORPTION_SPREAD = 0.10
"""[A] Relative half range of the depth about these values."""

ABSORBING_BAND = (21.0, 22.5)
"""[A] eV, two standard deviations to either side of the 1s-2p band of large droplets.

Position after the fluorescence excitation spectra of Joppien, Karnbach and Moeller, Phys. Rev. Lett. 71, 2654 (1993).
"""

BAND_STRENGTH = 0.2762
"""[S] Oscillator strength of the 1s-2p line of the helium atom."""

ATOM_DENSITY = 21.8
"""[S] Atoms per nm^3 of liquid helium."""

_LINE_INTEGRAL = 109.76e-4
"""nm^2 eV: integral of the cross section over a line of oscillator strength 1, pi e^2 h / (m c) in these units."""


def absorption_length(photon_energy: float, transparency: float = 1.0) -> float:
    """The 1/e depth of light in liquid helium.

    Args:
        photon_energy: eV.
        transparency: below the threshold, from 0 (as absorbing as `WEAKEST_ABSORPTION_LENGTH`) to 1 (transparent but
            for the band).

    Returns:
        nm; infinite where nothing absorbs.

    >>> [round(absorption_length(energy), 1) for energy in (24.7, 29.5, 35.0)]
    [59.0, 80.0, 109.0]
    >>> round(absorption_length(19.0, 0.0)), absorption_length(21.75) < 20
    (300, True)
    """
    if photon_energy > TRANSPARENT_BELOW:
        energies, depths = zip(*ABSORPTION_DEPTHS, strict=True)
        return float(np.interp(photon_energy, energies, depths))
    inverse = (1 - transparency) / WEAKEST_ABSORPTION_LENGTH + _band(photon_energy)
    return 1 / inverse if inverse > 0 else float("inf")


def _band(photon_energy: float) -> float:
    """1/L of the band in 1/nm: a Gaussian whose area is given by the oscillator strength; none beyond 4 sigma."""
    low, high = ABSORBING_BAND
    sigma, distance = (high - low) / 4, photon_energy - (low + high) / 2
    if abs(distance) > 4 * sigma:
        return 0.0
    peak = ATOM_DENSITY * _LINE_INTEGRAL * BAND_STRENGTH / (sigma * (2 * pi) ** 0.5)
    return float(peak * exp(-0.5 * (distance / sigma) ** 2))


def draw_absorption(rng: np.random.Generator, photon_energy: float) -> float:
    """Draw 1/L in 1/nm at a photon energy in eV; the value survives storage in float32."""
    depth = absorption_length(photon_energy, transparency=rng.random())
    return stored(1 / (depth * (1 + ABSORPTION_SPREAD * rng.uniform(-1, 1))))
