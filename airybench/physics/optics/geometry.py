"""Geometry of the flat detector, and wavelength and wavenumber of a photon energy."""

from dataclasses import dataclass
from functools import lru_cache
from math import pi, radians, tan

import numpy as np
from numpy.typing import NDArray

IMAGE_SIZE = 259
"""[S] Edge of every pattern, pixels."""

HC = 1239.84198
"""Planck constant times speed of light, eV nm."""

THETA_MAX_WIDE = 30.0
"""[A] Scattering angle theta at the half width of the wide-angle detector, degrees."""

THETA_MAX_SMALL = 3.0
"""[A] Scattering angle theta at the half width of the small-angle detector, degrees."""


def wavelength(photon_energy: float) -> float:
    """Wavelength in nm of a photon energy in eV.

    >>> round(wavelength(21.0), 2)
    59.04
    """
    return HC / photon_energy


def wavenumber(photon_energy: float) -> float:
    """Wavenumber k = 2 pi / lambda in 1/nm of a photon energy in eV.

    >>> round(wavenumber(21.0), 4)
    0.1064
    """
    return 2 * pi / wavelength(photon_energy)


@dataclass(frozen=True)
class Geometry:
    """A flat square detector perpendicular to the beam.

    Attributes:
        size: edge in pixels; the half width is (size - 1) / 2, from the middle to the centre of the outermost pixel.
        theta_max: scattering angle at the half width, degrees.
        row_shift: position of the beam axis on the detector, pixels below its middle.
        column_shift: position of the beam axis on the detector, pixels to the right of its middle.

    >>> geometry = Geometry(size=129, theta_max=30.0)
    >>> round(geometry.half_width), round(geometry.distance, 1)
    (64, 110.9)
    """

    size: int = IMAGE_SIZE
    theta_max: float = THETA_MAX_WIDE
    row_shift: float = 0.0
    column_shift: float = 0.0

    @property
    def half_width(self) -> float:
        """Half the edge in pixels."""
        return (self.size - 1) / 2

    @property
    def distance(self) -> float:
        """Distance from the interaction point to the detector in pixels."""
        return self.half_width / tan(radians(self.theta_max))

    @property
    def largest_sine(self) -> float:
        """Upper bound of sin(theta) on the detector: its corner at the largest centre shift in use (3 %)."""
        corner = 2**0.5 * 1.04 * self.half_width / self.distance
        return float(corner / (1 + corner**2) ** 0.5)

    def offsets(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Pixel positions (x, y) from the beam axis in pixels, each (size, size); x along columns, y along rows."""
        line = np.arange(self.size) - self.half_width
        x, y = np.meshgrid(line - self.column_shift, line - self.row_shift)
        return x, y

    def radius(self) -> NDArray[np.float64]:
        """Distance of every pixel from the beam axis in half widths, shape (size, size)."""
        x, y = self.offsets()
        return np.hypot(x, y) / self.half_width

    def directions(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Momentum transfer q / k of every pixel, on the Ewald sphere.

        Returns:
            sin(theta) cos(phi), sin(theta) sin(phi) and 1 - cos(theta), each (size, size).
        """
        return _directions(self)


@lru_cache(maxsize=8)
def _directions(geometry: Geometry) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    x, y = geometry.offsets()
    distance = geometry.distance
    reach = np.sqrt(x**2 + y**2 + distance**2)
    # 1 - distance / reach, without its cancellation near the axis
    q_z = (x**2 + y**2) / (reach * (reach + distance))
    return x / reach, y / reach, q_z
