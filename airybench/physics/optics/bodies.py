"""Convex bodies of uniform density, described by where lines along the beam enter and leave them.

`scattering.born_field` needs `bounds` and `columns` only: slices, the length of material in front of a slice and
projected densities all follow from the entry and exit heights. Lengths are in nm. A rotation is a (3, 3) matrix whose
columns are the body's x, y and z axes in the laboratory frame, where the beam runs along z.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from torch import Tensor

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

# Smaller direction cosines are raised to this value, so that lines along a face or a cylinder need no special case.
_SMALLEST_COSINE = 1e-5


def origin() -> Vector:
    """The point (0, 0, 0)."""
    return np.zeros(3)


class ConvexBody(Protocol):
    """A convex body of uniform density."""

    def bounds(self) -> tuple[Vector, Vector]:
        """Lowest and highest corner of the box around the body, each (3,) in nm."""
        ...

    def extent(self, direction: Vector) -> float:
        """How far the body reaches from the origin along a unit vector, nm (its support function)."""
        ...

    def scaled(self, factor: float) -> "ConvexBody":
        """The body `factor` times larger, scaled about the origin."""
        ...

    def columns(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Heights z at which lines along the beam enter and leave the body.

        Args:
            x: positions in nm, shape (X, 1).
            y: positions in nm, shape (1, Y).

        Returns:
            Entry and exit in nm, each (X, Y); exit <= entry where a line misses the body.
        """
        ...


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid.

    Attributes:
        semi_axes: along the columns of `rotation`, nm.
        rotation: body axes in the laboratory.
        centre: nm.

    >>> sphere = Ellipsoid((100.0, 100.0, 100.0))
    >>> entry, leave = sphere.columns(torch.tensor([[60.0]]), torch.tensor([[0.0]]))
    >>> round(entry.item(), 3), round(leave.item(), 3)
    (-80.0, 80.0)
    """

    semi_axes: tuple[float, float, float]
    rotation: Matrix = field(default_factory=lambda: np.eye(3))
    centre: Vector = field(default_factory=origin)

    def bounds(self) -> tuple[Vector, Vector]:
        """Lowest and highest corner of the box around the body, each (3,) in nm."""
        half = np.sqrt(np.square(self.rotation * np.asarray(self.semi_axes)).sum(axis=1))
        return self.centre - half, self.centre + half

    def extent(self, direction: Vector) -> float:
        """How far the body reaches from the origin along a unit vector, nm."""
        return float(self.centre @ direction + np.linalg.norm(direction @ self.rotation * np.asarray(self.semi_axes)))

    def scaled(self, factor: float) -> "Ellipsoid":
        """The body `factor` times larger, scaled about the origin."""
        a, b, c = self.semi_axes
        return Ellipsoid((factor * a, factor * b, factor * c), self.rotation, factor * self.centre)

    def columns(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Heights z at which lines along the beam enter and leave; see `ConvexBody.columns`."""
        form = (self.rotation / np.square(self.semi_axes)) @ self.rotation.T
        dx, dy = x - float(self.centre[0]), y - float(self.centre[1])
        middle = -(float(form[0, 2]) * dx + float(form[1, 2]) * dy) / float(form[2, 2])
        # The outline in projection is the quadratic form with z eliminated (Schur complement).
        outline = form[:2, :2] - np.outer(form[:2, 2], form[2, :2]) / form[2, 2]
        rest = 1 - (float(outline[0, 0]) * dx**2 + float(2 * outline[0, 1]) * dx * dy + float(outline[1, 1]) * dy**2)
        half = torch.sqrt(rest.clamp(min=0) / float(form[2, 2]))
        middle = middle + float(self.centre[2])
        return middle - half, middle + half


@dataclass(frozen=True)
class CappedCylinder:
    """A cylinder along the body's x axis with hemispheres at its ends.

    Attributes:
        radius: of the cylinder and its caps, nm.
        half_length: from the centre to the tip, caps included, nm; at least `radius`.
        rotation: body axes in the laboratory.
        centre: nm.
    """

    radius: float
    half_length: float
    rotation: Matrix = field(default_factory=lambda: np.eye(3))
    centre: Vector = field(default_factory=origin)

    def bounds(self) -> tuple[Vector, Vector]:
        """Lowest and highest corner of the box around the body, each (3,) in nm."""
        half = np.abs(self.rotation[:, 0]) * (self.half_length - self.radius) + self.radius
        return self.centre - half, self.centre + half

    def extent(self, direction: Vector) -> float:
        """How far the body reaches from the origin along a unit vector, nm."""
        return float(
            self.centre @ direction
            + abs(direction @ self.rotation[:, 0]) * (self.half_length - self.radius)
            + self.radius
        )

    def scaled(self, factor: float) -> "CappedCylinder":
        """The body `factor` times larger, scaled about the origin."""
        return CappedCylinder(factor * self.radius, factor * self.half_length, self.rotation, factor * self.centre)

    def columns(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Heights z at which lines along the beam enter and leave; see `ConvexBody.columns`."""
        ux, uy, uz = (float(value) for value in self.rotation[:, 0])
        straight = self.half_length - self.radius
        dx, dy = x - float(self.centre[0]), y - float(self.centre[1])
        # Lateral surface: |r - (r.u) u|^2 <= radius^2 is quadratic in z; then |r.u| <= straight.
        along = ux * dx + uy * dy
        across = max(1 - uz**2, _SMALLEST_COSINE)
        middle = uz * along / across
        half = torch.sqrt((self.radius**2 - (dx**2 + dy**2 - along**2) + across * middle**2).clamp(min=0) / across)
        steep = np.copysign(max(abs(uz), _SMALLEST_COSINE), uz)
        first, second = (-straight - along) / steep, (straight - along) / steep
        entry = torch.maximum(middle - half, torch.minimum(first, second))
        leave = torch.minimum(middle + half, torch.maximum(first, second))
        missed = leave <= entry
        entry, leave = entry.masked_fill(missed, torch.inf), leave.masked_fill(missed, -torch.inf)
        for side in (-straight, straight):
            rest = self.radius**2 - (dx - side * ux) ** 2 - (dy - side * uy) ** 2
            cap = torch.sqrt(rest.clamp(min=0))
            entry = torch.minimum(entry, torch.where(rest > 0, side * uz - cap, torch.inf))
            leave = torch.maximum(leave, torch.where(rest > 0, side * uz + cap, -torch.inf))
        missed = leave <= entry
        height = float(self.centre[2])
        return entry.masked_fill(missed, 0.0) + height, leave.masked_fill(missed, 0.0) + height


@dataclass(frozen=True)
class Polyhedron:
    """A convex polyhedron.

    Attributes:
        vertices: points in the laboratory frame whose convex hull is the body, shape (V, 3), nm.
    """

    vertices: Matrix

    def bounds(self) -> tuple[Vector, Vector]:
        """Lowest and highest corner of the box around the body, each (3,) in nm."""
        return self.vertices.min(axis=0), self.vertices.max(axis=0)

    @cached_property
    def faces(self) -> Matrix:
        """One row (n_x, n_y, n_z, c) per face, with n.r + c <= 0 inside; shape (F, 4)."""
        # ConvexHull splits faces into triangles: keep one equation per plane.
        equations: Matrix = ConvexHull(self.vertices).equations
        _, first = np.unique(np.round(equations, 6), axis=0, return_index=True)
        return equations[np.sort(first)]

    def extent(self, direction: Vector) -> float:
        """How far the body reaches from the origin along a unit vector, nm."""
        return float((self.vertices @ direction).max())

    def scaled(self, factor: float) -> "Polyhedron":
        """The body `factor` times larger, scaled about the origin."""
        return Polyhedron(factor * self.vertices)

    def columns(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Heights z at which lines along the beam enter and leave; see `ConvexBody.columns`."""
        low, high = self.bounds()
        shape = torch.broadcast_shapes(x.shape, y.shape)
        entry = torch.full(shape, float(low[2]), device=x.device)
        leave = torch.full(shape, float(high[2]), device=x.device)
        for row in self.faces:
            nx, ny, nz, constant = (float(value) for value in row)
            # Not np.copysign: a face parallel to the beam may have n_z = -0.0 and counts as an exit face.
            height = -(nx * x + ny * y + constant) / (
                max(nz, _SMALLEST_COSINE) if nz >= 0 else min(nz, -_SMALLEST_COSINE)
            )
            if nz >= 0:
                leave = torch.minimum(leave, height)
            else:
                entry = torch.maximum(entry, height)
        return entry, leave


def random_quaternion(rng: np.random.Generator) -> Vector:
    """A unit quaternion (w, x, y, z), w >= 0, uniformly distributed over all rotations."""
    quaternion = rng.standard_normal(4)
    quaternion /= np.linalg.norm(quaternion)
    return quaternion if quaternion[0] >= 0 else -quaternion


def rotation_from_quaternion(quaternion: Vector) -> Matrix:
    """The rotation matrix (3, 3) of a unit quaternion (w, x, y, z).

    >>> rotation_from_quaternion(np.array([0.5**0.5, 0, 0, 0.5**0.5])).round(3) + 0.0  # a quarter turn about z
    array([[ 0., -1.,  0.],
           [ 1.,  0.,  0.],
           [ 0.,  0.,  1.]])
    """
    w, x, y, z = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def tilted(delta: float, spin: float = 0.0) -> Matrix:
    """The rotation that tilts the body's x axis out of the detector plane.

    Args:
        delta: angle between the body's x axis and the detector plane, degrees; the axis stays in the x-z plane.
        spin: rotation about the body's own x axis, degrees.
    """
    d, s = np.radians(delta), np.radians(spin)
    raise_x = np.array([[np.cos(d), 0, -np.sin(d)], [0, 1, 0], [np.sin(d), 0, np.cos(d)]])
    turn = np.array([[1, 0, 0], [0, np.cos(s), -np.sin(s)], [0, np.sin(s), np.cos(s)]])
    product: Matrix = raise_x @ turn
    return product
