"""The centre of a diffraction pattern, found from its own inversion symmetry.

By Friedel's law a weakly scattering object gives I(q) = I(-q) at small angles: the pattern is its own inversion about
the beam axis. The normalised correlation of a pattern with its inversion therefore peaks where the two lie on one
another, at twice the beam position. Each shift is judged on the pixels that are good in both, as Padfield's correlation
of masked images does; since an image and its inversion have the same mean and variance there, four convolutions are
enough.

Source: Padfield, IEEE Trans. Image Process. 21, 2706 (2012), for the correlation of masked images.
"""

import torch
from torch import Tensor

REACH = 1 / 16
"""[A] Largest distance of the beam axis from the middle of the frame, in sides of the image."""

HOLE = 0.1
"""[A] Pixels within this distance of the middle of the frame are left out, in half widths: the hole or beam stop there
stays with the frame, and is its own inversion about it."""

OVERLAP = 0.25
"""[A] Least share of the pixels that have a good partner, below which a centre is not considered."""

LEAST = 1e-6
"""Share of the mean square below which the logarithms of an image do not vary."""


def found_centres(images: Tensor, mask: Tensor | None = None) -> Tensor:
    """The centre of inversion symmetry of each image.

    Args:
        images: counts, float, shape (N, S, S).
        mask: 1 = good, shape (S, S) or (N, S, S), on the device of the images; every pixel is good if left out.

    Returns:
        (row, column) of each in pixels, shape (N, 2); the middle of the frame where an image does not vary.

    >>> row = torch.arange(32) - 17.0
    >>> ring = 1000 * torch.exp(-(row[:, None] ** 2 + (row[None, :] + 1) ** 2) / 40)
    >>> [round(number, 1) for number in found_centres(ring[None])[0].tolist()]
    [17.0, 16.0]
    """
    size = images.shape[-1]
    correlation = _self_inversion(images, _outside_hole(images) if mask is None else _outside_hole(images) * (mask > 0))
    reach = max(1, round(2 * REACH * size))  # shifts are twice as large as distances of the centre
    first = size - 1 - reach
    near = correlation[:, first : first + 2 * reach + 1, first : first + 2 * reach + 1]
    width = near.shape[-1]
    value, place = near.flatten(1).max(dim=1)
    row, column = place // width, place % width
    # The vertex of the parabola through the peak and its neighbours; at the edge of the reach there is none.
    shift = torch.stack([row + _vertex(near, row, column, 0), column + _vertex(near, row, column, 1)], dim=1) + first
    middle = torch.full_like(shift, size - 1)
    return torch.where((value > 0).unsqueeze(1), shift, middle) / 2


def _outside_hole(images: Tensor) -> Tensor:
    """1 where a pixel is not in the hole, else 0, shape (S, S)."""
    half = (images.shape[-1] - 1) / 2
    away = (torch.arange(images.shape[-1], device=images.device) - half).square()
    return (away[:, None] + away[None, :] > (HOLE * half) ** 2).to(images.dtype)


def _self_inversion(images: Tensor, mask: Tensor | None) -> Tensor:
    """Normalised correlation of each image with its inversion, by twice the centre, shape (N, 2S - 1, 2S - 1)."""
    size = images.shape[-1]
    good = torch.ones_like(images) if mask is None else (mask.to(images.device) > 0).to(images.dtype).expand_as(images)
    # Logarithms, or the brightest few pixels would decide alone; about their mean, for the rounding of the transforms.
    logs = torch.log1p(torch.where(good > 0, images, torch.zeros_like(images)).clamp_min(0))
    mean = (logs * good).sum(dim=(-2, -1), keepdim=True) / good.sum(dim=(-2, -1), keepdim=True).clamp_min(1)
    values = (logs - mean) * good

    def transformed(one: Tensor) -> Tensor:
        found: Tensor = torch.fft.rfft2(one, s=(2 * size, 2 * size))
        return found

    def back(one: Tensor) -> Tensor:
        found: Tensor = torch.fft.irfft2(one, s=(2 * size, 2 * size))
        return found[..., : 2 * size - 1, : 2 * size - 1]

    of_values, of_good = transformed(values), transformed(good)
    pairs = back(of_good.square()).round()
    sums, squares = back(of_values * of_good), back(transformed(values.square()) * of_good)
    products = back(of_values.square())
    of_mean = sums.square() / pairs.clamp_min(1)
    variance = squares - of_mean
    least = LEAST * (logs * good).square().sum(dim=(-2, -1), keepdim=True)
    enough = (pairs >= OVERLAP * size * size) & (variance > least)
    ratio = (products - of_mean) / torch.where(enough, variance, torch.ones_like(variance))
    return torch.where(enough, ratio, torch.zeros_like(ratio))


def _vertex(near: Tensor, row: Tensor, column: Tensor, axis: int) -> Tensor:
    """How far the vertex lies from the peak along an axis, in shifts, within half a shift."""
    shots, last = torch.arange(len(near), device=near.device), near.shape[-1] - 1
    place = row if axis == 0 else column

    def at(step: int) -> Tensor:
        moved = (place + step).clamp(0, last)
        found: Tensor = near[shots, moved, column] if axis == 0 else near[shots, row, moved]
        return found

    before, peak, after = at(-1), at(0), at(1)
    bend = before - 2 * peak + after
    inside = (place > 0) & (place < last) & (bend < 0)
    vertex = 0.5 * (before - after) / torch.where(inside, bend, torch.ones_like(bend))
    return torch.where(inside, vertex, torch.zeros_like(vertex)).clamp(-0.5, 0.5)
