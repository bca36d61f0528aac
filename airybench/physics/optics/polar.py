"""Detector images resampled on rings around the beam axis: rows become radii, columns become angles."""

from dataclasses import dataclass
from math import pi

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from airybench.errors import InputError

ANGLES_PER_PIXEL = 4
"""Samples on a ring per pixel of the image's edge: the outermost ring, pi S pixels long, is sampled every 0.79 px."""


@dataclass(frozen=True)
class Rings:
    """Where a square image is sampled.

    Attributes:
        size: edge S of the image in pixels.
        radii: number Q of rings; ring i has the radius (i + 0.5) / Q half widths, the half width being (S - 1) / 2.
        angles: number P of samples on each ring; sample j is at the angle 2 pi j / P, from the column axis to the row
            axis.
        centre: (row, column) of the beam axis in pixels; the middle of the image if left out.

    >>> rings = Rings(size=5, radii=2, angles=4)
    >>> rings.radius().tolist(), rings.axis
    ([0.5, 1.5], (2.0, 2.0))
    """

    size: int
    radii: int
    angles: int
    centre: tuple[float, float] | None = None

    @classmethod
    def of(cls, size: int) -> "Rings":
        """Rings that keep all of an image: half a pixel between rings, less than a pixel between samples on a ring."""
        return cls(size, size, ANGLES_PER_PIXEL * size)

    @property
    def axis(self) -> tuple[float, float]:
        """(row, column) of the beam axis in pixels."""
        return self.centre or ((self.size - 1) / 2, (self.size - 1) / 2)

    def radius(self) -> NDArray[np.float64]:
        """Radius of every ring in pixels, shape (Q,)."""
        return (np.arange(self.radii) + 0.5) / self.radii * (self.size - 1) / 2

    def angle(self) -> NDArray[np.float64]:
        """Angle of every sample in radians, shape (P,)."""
        return np.linspace(0, 2 * pi, self.angles, endpoint=False)

    def positions(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Row and column of every sample in pixels, each of shape (Q, P)."""
        radius, angle = self.radius()[:, None], self.angle()[None, :]
        row, column = self.axis
        return row + radius * np.sin(angle), column + radius * np.cos(angle)


def polar(images: Tensor, rings: Rings, axes: Tensor | None = None) -> Tensor:
    """Sample a batch of images on rings, bilinearly, on the device of the images.

    Args:
        images: float, shape (N, S, S).
        rings: where to sample.
        axes: (row, column) of the beam axis of each image in pixels, shape (N, 2); that of the rings if left out.

    Returns:
        I(q, phi), shape (N, Q, P), of the dtype of the images; 0 beyond the edge of the image.

    Raises:
        InputError: the images do not have the size that the rings are made for.

    >>> polar(torch.ones(1, 5, 5), Rings(size=5, radii=2, angles=4))[0]
    tensor([[1., 1., 1., 1.],
            [1., 1., 1., 1.]])
    """
    if tuple(images.shape[-2:]) != (rings.size, rings.size):
        raise InputError(
            f"images of {images.shape[-2]} x {images.shape[-1]} px found, rings are for {rings.size} x {rings.size}; "
            f"use Rings.of({images.shape[-1]}) on square images"
        )
    rows, columns = (torch.from_numpy(line).to(images) for line in rings.positions())
    if axes is not None:
        row, column = (axes.to(images) - torch.tensor(rings.axis).to(images)).view(-1, 2, 1, 1).unbind(1)
        places = torch.stack([columns + column, rows + row], dim=-1) * (2 / (rings.size - 1)) - 1
        found = F.grid_sample(images.unsqueeze(1), places, mode="bilinear", align_corners=True)
        return found.squeeze(1)
    grid = torch.stack([columns, rows], dim=-1) * (2 / (rings.size - 1)) - 1
    # The batch takes the place of the channels: the positions are the same in every image, so their weights are
    # computed only once.
    sampled = F.grid_sample(images.unsqueeze(0), grid.unsqueeze(0), mode="bilinear", align_corners=True)
    return sampled.squeeze(0)


def polar_image(image: NDArray[np.float32], rings: Rings) -> NDArray[np.float32]:
    """Sample a single image on rings with OpenCV.

    Args:
        image: float32, shape (S, S).
        rings: where to sample.

    Returns:
        I(q, phi), shape (Q, P); equal to `polar` up to OpenCV's rounding of positions to 1/32 px.
    """
    rows, columns = rings.positions()
    sampled = cv2.remap(
        image, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    return np.asarray(sampled, np.float32)


def unmasked(mask: Tensor, rings: Rings, axes: Tensor | None = None) -> Tensor:
    """Which samples depend on good pixels only.

    Args:
        mask: 1 = good, shape (S, S) or (N, S, S).
        rings: where to sample.
        axes: see `polar`.

    Returns:
        Boolean, shape (1 or N, Q, P); False next to a bad pixel and beyond the edge of the image.
    """
    whole = mask.to(torch.float32)
    whole = whole if whole.ndim == 3 else whole.unsqueeze(0)
    weight = polar(whole if axes is None else whole.expand(len(axes), -1, -1), rings, axes)
    return weight > 1 - 1e-4  # the weights of four good neighbours add up to 1, up to rounding
