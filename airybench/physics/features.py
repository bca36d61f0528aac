"""Hand-made features for a classical classifier: radial profile, angular orders and brightness."""

from math import ceil

import torch
import torch.nn.functional as F
from torch import Tensor

from airybench.physics.optics.polar import ANGLES_PER_PIXEL, Rings, polar

BANDS = 24
"""Radial bands; each is the average of several rings of one pixel."""

ORDERS = 12
"""Angular orders m = 1, 2, ...; an ellipse shows in order 2, a hexagon in order 6."""


def features(images: Tensor, *, bands: int = BANDS, orders: int = ORDERS) -> Tensor:
    """Radial profile, angular Fourier amplitudes of each band, total counts and peak counts.

    Args:
        images: counts, shape (N, S, S), centred on the beam axis.
        bands: number R of radial bands, at most S / 2.
        orders: number M of angular orders.

    Returns:
        Float, shape (N, R + R M + 2): log(1 + <I>) of each band, then the M amplitudes |I_m| / I_0 of each band, then
        log(1 + total) and log(1 + peak). No feature depends on the rotation of the pattern about the beam.

    Source: the features of Bobkov et al., J. Synchrotron Rad. 22, 1345 (2015), for a support-vector machine.

    >>> features(torch.ones(2, 64, 64), bands=3, orders=2).shape
    torch.Size([2, 11])
    """
    profile, power = ring_orders(images, bands, orders)
    brightness = torch.stack([images.sum(dim=(1, 2)), images.amax(dim=(1, 2))], dim=1)
    # Counts span four decades and amplitudes one: without the logarithm the brightest pixels would dominate.
    return torch.cat([profile.log1p(), power.sqrt().flatten(1), brightness.log1p()], dim=1)


QUANTILES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
"""Of the counts of one image, for `brightness`."""


def brightness(images: Tensor) -> Tensor:
    """How bright an image is, whatever it shows: a classifier on these knows nothing of shape or place.

    Args:
        images: counts, shape (N, S, S).

    Returns:
        Float, shape (N, 13): log(1 + x) of the total, the standard deviation, the largest count and the QUANTILES
        (pixels of that rank, not interpolated), and the share of pixels with any count.

    >>> brightness(torch.zeros(2, 8, 8)).shape
    torch.Size([2, 13])
    """
    pixels = images.flatten(1).sort(dim=1).values
    ranks = [round(share * (pixels.shape[1] - 1)) for share in QUANTILES]
    counts = torch.cat(
        [pixels.sum(dim=1, keepdim=True), pixels.std(dim=1, keepdim=True, correction=0), pixels[:, [-1, *ranks]]], dim=1
    )
    lit = (pixels > 0).to(pixels.dtype).mean(dim=1, keepdim=True)
    return torch.cat([counts.log1p(), lit], dim=1)


def ring_orders(images: Tensor, bands: int, orders: int) -> tuple[Tensor, Tensor]:
    """Radial profile and relative angular Fourier power of each band.

    Args:
        images: non-negative, shape (N, S, S).
        bands: number R of radial bands.
        orders: number M of angular orders.

    Returns:
        Mean counts of each band, (N, R); and |I_m|^2 / I_0^2 for m = 1 ... M, with I_m the Fourier coefficients of
        I(q, phi) over phi, averaged over the rings of the band, (N, R, M): in [0, 1], 0 where a band is dark.
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
    """The name of each column of `features`.

    >>> feature_names(bands=1, orders=2)
    ('profile 0', 'order 1 of band 0', 'order 2 of band 0', 'total', 'peak')
    """
    profile = [f"profile {band}" for band in range(bands)]
    amplitudes = [f"order {order} of band {band}" for band in range(bands) for order in range(1, orders + 1)]
    return (*profile, *amplitudes, "total", "peak")
