"""Two-point cross-correlation maps of diffraction patterns, by FFT over whole batches.

    C(q1, q2, D) = < dI(q1, phi) dI(q2, phi + D) >_phi / (s(q1) s(q2)),   dI = I - <I>_phi,   s(q)^2 = < dI(q, phi)^2 >

on rings around the beam axis. C is 0 on dead rings: those that are masked, or on which the intensity does not vary. A
map has the size of its image: an angular map has q1 = q2 = q and the axes (q, D), a radial map has one D and the axes
(q1, q2). A map depends neither on the rotation of a pattern about the beam nor on its brightness.

With a mask, mean and variance are taken over the unmasked samples of a ring, and C over the pairs (phi, phi + D) of
which both samples are unmasked.

Sources: Wochner et al., PNAS 106, 11511 (2009); Kurta, Altarelli and Vartanyants, Adv. Chem. Phys. 161, 1 (2016).
"""

from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from airybench.physics.optics.polar import ANGLES_PER_PIXEL, Rings, polar, unmasked
from airybench.physics.pattern_centre import found_centres

MapKind = Literal["angular", "radial"]
ZeroAngle = Literal["keep", "mask"]
Centre = Literal["frame", "found"] | tuple[float, float]

DEAD = 1e-5
"""A ring varies if its standard deviation exceeds this share of its root mean square, well above float32 rounding."""

FEWEST_PAIRS = 0.02
"""Smallest unmasked share, of a ring or of its pairs at a distance D, over which an average is taken."""


def correlation_map(
    images: Tensor,
    *,
    kind: MapKind = "angular",
    delta: float = 0.0,
    zero: ZeroAngle = "keep",
    mask: Tensor | None = None,
    centre: Centre = "frame",
) -> Tensor:
    """The correlation map of each image of a batch.

    Args:
        images: float, shape (N, S, S).
        kind: `angular` or `radial`.
        delta: the angle D of a radial map, degrees; rounded to the nearest sample (samples are 90/S degrees apart).
        zero: `mask` sets C to 0 at D = 0 and q1 = q2, where it is 1 for any pattern, even for pure noise.
        mask: 1 = good, shape (S, S) or (N, S, S); every pixel is good if left out.
        centre: beam axis: `frame`, the middle of the frame; `found`, from the inversion symmetry of each image; or
            (row, column) in pixels of the image. What then lies beyond the edge of the frame counts as masked.

    Returns:
        Shape (N, S, S), in [-1, 1]. Angular: row i is the ring of radius (i + 0.5) / S half widths, column j is
        D = 2 pi j / S. Radial: row i is q1, column j is q2.

    >>> row = torch.arange(64) - 31.5
    >>> halves = (row[:, None] * row[None, :] > 0).float()  # a pattern of twofold symmetry
    >>> angular = correlation_map(halves[None])[0]
    >>> [round(angular[32, column].item(), 2) for column in (0, 16, 32)]  # D = 0, 90 and 180 degrees
    [1.0, -1.0, 1.0]
    """
    rings, axes = Rings.of(images.shape[-1]), None
    if centre == "found":
        axes = found_centres(images, None if mask is None else mask.to(images.device))
    elif centre != "frame":
        rings = replace(rings, centre=centre)
    if mask is None and centre != "frame":
        mask = torch.ones_like(images[0])
    good = None
    if mask is not None:
        mask = mask.to(images.device)
        good = unmasked(mask, rings, axes)
        images = torch.where(mask > 0, images, torch.zeros_like(images))  # a NaN would spread to the samples next to it
    samples = polar(images, rings, axes)
    if kind == "radial":
        return radial_map(samples, delta, zero=zero, good=good)
    return angular_map(samples, zero=zero, good=good, stride=ANGLES_PER_PIXEL)


def angular_map(samples: Tensor, *, zero: ZeroAngle = "keep", good: Tensor | None = None, stride: int = 1) -> Tensor:
    """C(q, q, D) of every ring with itself.

    Args:
        samples: I(q, phi), float, shape (N, Q, P).
        zero: `mask` sets D = 0 to 0.
        good: which samples are unmasked, boolean, shape (1 or N, Q, P).
        stride: number of samples from one D to the next.

    Returns:
        Shape (N, Q, P / stride), D = 2 pi j stride / P in column j.
    """
    deviation, variance = _deviations(samples, good)
    total = _circular(deviation)[..., ::stride]
    if good is None:
        result = _normalised(total / samples.shape[-1], variance.unsqueeze(-1))
    else:
        pairs = _circular(good.to(samples.dtype))[
            ..., ::stride
        ].round()  # the number of pairs: whole, so rounding makes it exact
        result = _normalised(_average(total, pairs, samples.shape[-1]), variance.unsqueeze(-1))
    if zero == "mask":
        result = torch.cat([torch.zeros_like(result[..., :1]), result[..., 1:]], dim=-1)
    return result


def radial_map(samples: Tensor, delta: float, *, zero: ZeroAngle = "keep", good: Tensor | None = None) -> Tensor:
    """C(q1, q2, D) of every ring with every other at one D.

    Args:
        samples: I(q, phi), float, shape (N, Q, P).
        delta: D in degrees, rounded to the nearest of the P samples.
        zero: `mask` sets the diagonal to 0 where D is 0.
        good: which samples are unmasked, boolean, shape (1 or N, Q, P).

    Returns:
        Shape (N, Q, Q), q1 in rows, q2 in columns.
    """
    angles = samples.shape[-1]
    step = round(delta / 360 * angles) % angles
    deviation, variance = _deviations(samples, good)
    total = deviation @ torch.roll(deviation, -step, dims=-1).transpose(-1, -2)
    scale = (variance.unsqueeze(-1) * variance.unsqueeze(-2)).sqrt()
    if good is None:
        result = _normalised(total / angles, scale)
    else:
        weight = good.to(samples.dtype)
        pairs = weight @ torch.roll(weight, -step, dims=-1).transpose(-1, -2)
        result = _normalised(_average(total, pairs, angles), scale)
    if zero == "mask" and step == 0:
        result = result * (1 - torch.eye(samples.shape[-2], dtype=result.dtype, device=result.device))
    return result


def _deviations(samples: Tensor, good: Tensor | None) -> tuple[Tensor, Tensor]:
    """I - <I> on each ring, 0 where masked, (N, Q, P); and the variance of the ring, 0 where it is dead, (N, Q)."""
    # The mean is subtracted twice: on a bright, even ring its rounding error exceeds the variation of the ring.
    if good is None:
        mean = samples.mean(dim=-1, keepdim=True)
        deviation = samples - mean
        deviation = deviation - deviation.mean(dim=-1, keepdim=True)
        variance = torch.linalg.vector_norm(deviation, dim=-1).square() / samples.shape[-1]
        alive = variance > DEAD**2 * (variance + mean.squeeze(-1).square())
        return deviation, torch.where(alive, variance, torch.zeros_like(variance))
    weight = good.to(samples.dtype)
    number = weight.sum(dim=-1, keepdim=True)

    def average(values: Tensor) -> Tensor:
        return values.sum(dim=-1, keepdim=True) / number.clamp_min(1)

    # A bad pixel may hold anything, even NaN, so its value is replaced instead of multiplied by 0.
    clean = torch.where(good, samples, torch.zeros_like(samples))
    deviation = (clean - average(clean)) * weight
    deviation = (deviation - average(deviation)) * weight
    variance, mean_square = average(deviation.square()).squeeze(-1), average(clean.square()).squeeze(-1)
    enough = number.squeeze(-1) >= FEWEST_PAIRS * samples.shape[-1]
    alive = enough & (variance > DEAD**2 * mean_square)
    return deviation, torch.where(alive, variance, torch.zeros_like(variance))


def _circular(rows: Tensor) -> Tensor:
    """The sum of r(phi) r(phi + D) over phi for every D, by the Wiener-Khinchin theorem."""
    angles = rows.shape[-1]
    spectrum = torch.fft.rfft(rows, dim=-1)
    total: Tensor = torch.fft.irfft(spectrum.real.square() + spectrum.imag.square(), n=angles, dim=-1)
    return total


def _average(total: Tensor, pairs: Tensor, angles: int) -> Tensor:
    """Sum over its number of pairs, 0 where there are too few pairs."""
    enough = pairs >= FEWEST_PAIRS * angles
    return torch.where(enough, total / pairs.clamp_min(1), torch.zeros_like(total))


def _normalised(covariance: Tensor, scale: Tensor) -> Tensor:
    """Covariance over the scale, 0 where the scale is 0; clamped, since few pairs or rounding may exceed 1."""
    alive = scale > 0
    ratio = covariance / torch.where(alive, scale, torch.ones_like(scale))
    return torch.where(alive, ratio, torch.zeros_like(ratio)).clamp(-1, 1)
