"""From far fields to intensities: one body, several that interfere, several that do not."""

from collections.abc import Sequence
from math import pi

import numpy as np
import torch
from torch import Tensor

from airybench.physics.optics.geometry import Geometry, wavenumber


def cross_term(
    first: Tensor, second: Tensor, offset: Sequence[float], photon_energy: float, geometry: Geometry
) -> Tensor:
    """Interference term of two bodies, averaged analytically over each pixel.

    2 Re(conj(E1) E2 exp(-i q.r)) sinc(g_x / 2 pi) sinc(g_y / 2 pi), with g the gradient of the phase q.r per pixel.

    Args:
        first: field of the body at the origin at the pixel centres, complex64, shape (size, size).
        second: field of the other body about its own centre, complex64, shape (size, size).
        offset: position r = (x, y, z) of the second from the first, nm.
        photon_energy: eV.
        geometry: the detector.

    Returns:
        float32, shape (size, size): what interference adds to |E1|^2 + |E2|^2.
    """
    k = wavenumber(photon_energy)
    x0, y0, z0 = (k * value for value in offset)
    sx, sy, sz = geometry.directions()
    x, y = geometry.offsets()
    reach = np.sqrt(x**2 + y**2 + geometry.distance**2)
    common = (geometry.distance * z0 / reach - x0 * sx - y0 * sy) / reach
    gradient_x, gradient_y = x0 / reach + common * sx, y0 / reach + common * sy
    contrast = np.sinc(gradient_x / (2 * pi)) * np.sinc(gradient_y / (2 * pi))
    wave = contrast * np.exp(-1j * (x0 * sx + y0 * sy + z0 * sz))
    factor = torch.as_tensor(wave, device=first.device).to(torch.complex64)
    return 2 * (first.conj() * second * factor).real


def intensity(field: Tensor) -> Tensor:
    """Intensity |E|^2 of a complex field, float32, of the same shape."""
    return field.real**2 + field.imag**2


def coherent_sum(
    fields: Sequence[Tensor], positions: Sequence[Sequence[float]], photon_energy: float, geometry: Geometry
) -> Tensor:
    """Intensity of several bodies whose fields add; every cross term is averaged over the pixel.

    Args:
        fields: one per body, about its own centre, at the pixel centres, complex64, (size, size).
        positions: one per body, (x, y, z) in nm.
        photon_energy: eV.
        geometry: the detector.

    Returns:
        float32, shape (size, size), at least 0.
    """
    total = incoherent_sum(fields)
    for i, one in enumerate(fields):
        for j in range(i + 1, len(fields)):
            offset = [b - a for a, b in zip(positions[i], positions[j], strict=True)]
            total += cross_term(one, fields[j], offset, photon_energy, geometry)
    return total.clamp_(min=0)


def incoherent_sum(fields: Sequence[Tensor]) -> Tensor:
    """Sum of the intensities of bodies that do not interfere; float32, of the shape of one field."""
    return torch.stack([intensity(field) for field in fields]).sum(dim=0)
