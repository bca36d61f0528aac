"""Two-point cross-correlation maps of diffraction patterns, by FFT over whole batches.

    C(q1, q2, D) = < dI(q1, phi) dI(q2, phi + D) >_phi / (s(q1) s(q2)),   dI = I - <I>_phi,   s(q)^2 = < dI(q, phi)^2 >

on rings around the beam axis; 0 where a ring is dead, which is where nothing of it is seen or nothing on it varies. A
map has the size of its image: `angular` has q1 = q2 = q and axes (q, D), `radial` has one D and axes (q1, q2). It does
not depend on how a pattern is turned about the beam, nor on how bright it is.

With a mask the averages are over what is seen: of the ring in mean and variance, of the pairs (phi, phi + D) in C.

Sources: Wochner et al., PNAS 106, 11511 (2009); Kurta, Altarelli and Vartanyants, Adv. Chem. Phys. 161, 1 (2016).
"""

from typing import Literal

import torch
from torch import Tensor

from airybench.physics.optics.polar import ANGLES_PER_PIXEL, Rings, polar, seen

Kind = Literal["angular", "radial"]
Zero = Literal["keep", "mask"]

DEAD = 1e-5
"""A ring varies when its standard deviation is above this share of its root mean square: more than float32 rounds."""

FEWEST_PAIRS = 0.02
"""Share of a ring that must be seen in pairs at a distance D, or on the ring itself, for its average to be taken."""


def correlation_map(
    images: Tensor, *, kind: Kind = "angular", delta: float = 0.0, zero: Zero = "keep", mask: Tensor | None = None
) -> Tensor:
    """The map that stands in for each image of a batch.

    Args:
        images: float, shape (N, S, S), centred on the beam axis.
        kind: `angular` or `radial`.
        delta: the D of a radial map, degrees; taken at the nearest sample, which are 90/S degrees apart.
        zero: `mask` sets D = 0 to 0 where q1 = q2: there C is 1 whatever the pattern, noise included.
        mask: 1 = good, shape (S, S) or (N, S, S); every pixel where left out.

    Returns:
        Shape (N, S, S), in [-1, 1]. Angular: row i is the ring of radius (i + 0.5) / S half widths, column j is
        D = 2 pi j / S. Radial: row i is q1, column j is q2.
    """
    rings = Rings.of(images.shape[-1])
    good = None
    if mask is not None:
        mask = mask.to(images.device)
        good = seen(mask, rings)
        images = torch.where(mask > 0, images, torch.zeros_like(images))  # a NaN would spoil its neighbours' samples
    samples = polar(images, rings)
    if kind == "radial":
        return radial_map(samples, delta, zero=zero, good=good)
    return angular_map(samples, zero=zero, good=good, stride=ANGLES_PER_PIXEL)


def angular_map(samples: Tensor, *, zero: Zero = "keep", good: Tensor | None = None, stride: int = 1) -> Tensor:
    """C(q, q, D) of every ring with itself.

    Args:
        samples: I(q, phi), float, shape (N, Q, P).
        zero: `keep` or `mask` D = 0.
        good: which samples are seen, boolean, shape (1 or N, Q, P).
        stride: samples from one D to the next.

    Returns:
        Shape (N, Q, P / stride), D = 2 pi j stride / P in column j.
    """
    deviation, variance = _deviations(samples, good)
    total = _circular(deviation)[..., ::stride]
    if good is None:
        result = _normalised(total / samples.shape[-1], variance.unsqueeze(-1))
    else:
        pairs = _circular(good.to(samples.dtype))[..., ::stride].round()  # a number of pairs, as exact as it is whole
        result = _normalised(_average(total, pairs, samples.shape[-1]), variance.unsqueeze(-1))
    if zero == "mask":
        result = torch.cat([torch.zeros_like(result[..., :1]), result[..., 1:]], dim=-1)
    return result


def radial_map(samples: Tensor, delta: float, *, zero: Zero = "keep", good: Tensor | None = None) -> Tensor:
    """C(q1, q2, D) of every ring with every other at one D.

    Args:
        samples: I(q, phi), float, shape (N, Q, P).
        delta: D in degrees, taken at the nearest of the P samples.
        zero: `mask` sets the diagonal to 0 where D is 0.
        good: which samples are seen, boolean, shape (1 or N, Q, P).

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
    """I - <I> on each ring, 0 where not seen, (N, Q, P); and the ring's variance, 0 where it is dead, (N, Q)."""
    # Centred twice: the mean of a bright, even ring is rounded to more than the ring varies.
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

    # What a bad pixel holds may be anything, NaN included: it is not multiplied away but replaced.
    held = torch.where(good, samples, torch.zeros_like(samples))
    deviation = (held - average(held)) * weight
    deviation = (deviation - average(deviation)) * weight
    variance, mean_square = average(deviation.square()).squeeze(-1), average(held.square()).squeeze(-1)
    enough = number.squeeze(-1) >= FEWEST_PAIRS * samples.shape[-1]
    alive = enough & (variance > DEAD**2 * mean_square)
    return deviation, torch.where(alive, variance, torch.zeros_like(variance))


def _circular(rows: Tensor) -> Tensor:
    """The sum of r(phi) r(phi + D) over phi for every D, by the theorem of Wiener and Khinchin."""
    angles = rows.shape[-1]
    spectrum = torch.fft.rfft(rows, dim=-1)
    total: Tensor = torch.fft.irfft(spectrum.real.square() + spectrum.imag.square(), n=angles, dim=-1)
    return total


def _average(total: Tensor, pairs: Tensor, angles: int) -> Tensor:
    enough = pairs >= FEWEST_PAIRS * angles
    return torch.where(enough, total / pairs.clamp_min(1), torch.zeros_like(total))


def _normalised(covariance: Tensor, scale: Tensor) -> Tensor:
    """Covariance over the scale, 0 where that is 0; few pairs, or rounding, may lead beyond 1, which is cut."""
    alive = scale > 0
    ratio = covariance / torch.where(alive, scale, torch.ones_like(scale))
    return torch.where(alive, ratio, torch.zeros_like(ratio)).clamp(-1, 1)
