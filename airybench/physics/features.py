"""Features that physicists put by hand before a classifier: rings, their angular orders, brightness."""

from math import ceil

import torch
import torch.nn.functional as F
from torch import Tensor

from airybench.physics.optics.polar import ANGLES_PER_PIXEL, Rings, polar

BANDS = 24
"""Radial bands that rings of one pixel are averaged into."""

ORDERS = 12
"""Angular orders m = 1, 2, ..., of which order 2 is an ellipse, and 6 a hexagon."""


def features(images: Tensor, *, bands: int = BANDS, orders: int = ORDERS) -> Tensor:
    """Radial profile, angular Fourier amplitudes of each band, total and peak counts.

    Args:
        images: counts, shape (N, S, S), centred on the beam axis.
        bands: number R of radial bands, at most S / 2.
        orders: number M of angular orders.

    Returns:
        Float, shape (N, R + R M + 2): log(1 + <I>) per band, then the root of `angular_power` band by band, then
        log(1 + total) and log(1 + peak). None depends on how a pattern is turned about the beam.

    Source: the features of Bobkov et al., J. Synchrotron Rad. 22, 1345 (2015), for a classifier by support vectors.
    """
    profile, power = ring_orders(images, bands, orders)
    brightness = torch.stack([images.sum(dim=(1, 2)), images.amax(dim=(1, 2))], dim=1)
    # Counts span four decades and amplitudes one: as they are, the brightest pixels would outvote all the rest.
    return torch.cat([profile.log1p(), power.sqrt().flatten(1), brightness.log1p()], dim=1)


def ring_orders(images: Tensor, bands: int, orders: int) -> tuple[Tensor, Tensor]:
    """Radial profile and angular Fourier power.

    Args:
        images: non-negative, shape (N, S, S).
        bands: number R of radial bands.
        orders: number M of angular orders.

    Returns:
        Mean counts per band, (N, R); and |I_m|^2 / I_0^2 for m = 1 ... M, with I_m the Fourier coefficients of
        I(q, phi) over phi, each averaged over the rings of the band, (N, R, M): in [0, 1], 0 where a band is dark.
    """
    size = images.shape[-1]
    samples = polar(images, Rings(size, ceil(size / 2), ANGLES_PER_PIXEL * size))
    spectrum = torch.fft.rfft(samples, dim=-1)[..., : orders + 1] / samples.shape[-1]
    power = spectrum.real.square() + spectrum.imag.square()
    banded = F.adaptive_avg_pool1d(power.transpose(1, 2), bands).transpose(1, 2)
    profile = F.adaptive_avg_pool1d(samples.mean(dim=-1).unsqueeze(1), bands).squeeze(1)
    mean = banded[..., :1]
    lit = mean > 0
    relative = torch.where(lit, banded[..., 1:] / torch.where(lit, mean, torch.ones_like(mean)), 0.0)
    return profile, relative.clamp(0, 1)


def feature_names(bands: int = BANDS, orders: int = ORDERS) -> tuple[str, ...]:
    """A name for each column of `features`."""
    profile = [f"profile {band}" for band in range(bands)]
    amplitudes = [f"order {order} of band {band}" for band in range(bands) for order in range(1, orders + 1)]
    return (*profile, *amplitudes, "total", "peak")
