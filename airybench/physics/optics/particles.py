"""The bodies that scatter: convex parts, each known by where a line along the beam enters and leaves it.

The scattering asks a part for `bounds` and `columns` only: slices, lengths of material in front of a slice and
projected densities follow from the entry and exit heights. Lengths in nm. A rotation is a (3, 3) matrix whose columns
are the body's x, y and z axes in the laboratory, where the beam runs along z.
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

# Below this a direction cosine counts as this, so that lines along a face or a cylinder need no case of their own.
_SMALLEST_COSINE = 1e-5


def origin() -> Vector:
    """The point (0, 0, 0)."""
    return np.zeros(3)


class Part(Protocol):
    """A convex piece of uniform density."""

    def bounds(self) -> tuple[Vector, Vector]:
        """Lowest and highest corner of the box around the part, each (3,) in nm."""
        ...

    def extent(self, direction: Vector) -> float:
        """How far the part reaches from the origin along a unit vector, nm (its support function)."""
        ...

    def scaled(self, factor: float) -> "Part":
        """The part `factor` times larger, about the origin."""
        ...

    def columns(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Heights where lines along the beam enter and leave.

        Args:
            x: positions in nm, shape (X, 1).
            y: positions in nm, shape (1, Y).

        Returns:
            Entry and exit in nm, each (X, Y); a line that misses the part has exit <= entry.
        """
        ...


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid of the given semi-axes (nm) along the columns of `rotation`."""

    semi_axes: tuple[float, float, float]
    rotation: Matrix = field(default_factory=lambda: np.eye(3))
    centre: Vector = field(default_factory=origin)

    def bounds(self) -> tuple[Vector, Vector]:
        """Lowest and highest corner of the box around the part."""
        half = np.sqrt(np.square(self.rotation * np.asarray(self.semi_axes)).sum(axis=1))
        return self.centre - half, self.centre + half

    def extent(self, direction: Vector) -> float:
        """How far the part reaches from the origin along a unit vector."""
        return float(self.centre @ direction + np.linalg.norm(direction @ self.rotation * np.asarray(self.semi_axes)))

    def scaled(self, factor: float) -> "Ellipsoid":
        """The part `factor` times larger, about the origin."""
        a, b, c = self.semi_axes
        return Ellipsoid((factor * a, factor * b, factor * c), self.rotation, factor * self.centre)

    def columns(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Heights where lines along the beam enter and leave; see `Part.columns`."""
        form = (self.rotation / np.square(self.semi_axes)) @ self.rotation.T
        dx, dy = x - float(self.centre[0]), y - float(self.centre[1])
        middle = -(float(form[0, 2]) * dx + float(form[1, 2]) * dy) / float(form[2, 2])
        # The outline in projection is the form with z eliminated (Schur complement).
        outline = form[:2, :2] - np.outer(form[:2, 2], form[2, :2]) / form[2, 2]
        rest = 1 - (float(outline[0, 0]) * dx**2 + float(2 * outline[0, 1]) * dx * dy + float(outline[1, 1]) * dy**2)
        half = torch.sqrt(rest.clamp(min=0) / float(form[2, 2]))
        middle = middle + float(self.centre[2])
        return middle - half, middle + half


@dataclass(frozen=True)
class CappedCylinder:
    """A cylinder along the body's x axis with half spheres at its ends.

    Attributes:
        radius: of cylinder and caps, nm.
        half_length: from the middle to the tip, caps included, nm; at least `radius`.
        rotation: body axes in the laboratory.
        centre: nm.
    """

    radius: float
    half_length: float
    rotation: Matrix = field(default_factory=lambda: np.eye(3))
    centre: Vector = field(default_factory=origin)

    def bounds(self) -> tuple[Vector, Vector]:
        """Lowest and highest corner of the box around the part."""
        half = np.abs(self.rotation[:, 0]) * (self.half_length - self.radius) + self.radius
        return self.centre - half, self.centre + half

    def extent(self, direction: Vector) -> float:
        """How far the part reaches from the origin along a unit vector."""
        return float(
            self.centre @ direction
            + abs(direction @ self.rotation[:, 0]) * (self.half_length - self.radius)
            + self.radius
        )

    def scaled(self, factor: float) -> "CappedCylinder":
        """The part `factor` times larger, about the origin."""
        return CappedCylinder(factor * self.radius, factor * self.half_length, self.rotation, factor * self.centre)

    def columns(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Heights where lines along the beam enter and leave; see `Part.columns`."""
        ux, uy, uz = (float(value) for value in self.rotation[:, 0])
        straight = self.half_length - self.radius
        dx, dy = x - float(self.centre[0]), y - float(self.centre[1])
        # Barrel: |r - (r.u) u|^2 <= radius^2 is a quadratic in z; then |r.u| <= straight.
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
    """The convex hull of `vertices` (V, 3) in laboratory coordinates, nm."""

    vertices: Matrix

    def bounds(self) -> tuple[Vector, Vector]:
        """Lowest and highest corner of the box around the part."""
        return self.vertices.min(axis=0), self.vertices.max(axis=0)

    @cached_property
    def faces(self) -> Matrix:
        """Rows (n_x, n_y, n_z, c) with n.r + c <= 0 inside, one a face, shape (F, 4)."""
        # The hull splits faces into triangles: keep one equation a plane.
        equations: Matrix = ConvexHull(self.vertices).equations
        _, first = np.unique(np.round(equations, 6), axis=0, return_index=True)
        return equations[np.sort(first)]

    def extent(self, direction: Vector) -> float:
        """How far the part reaches from the origin along a unit vector."""
        return float((self.vertices @ direction).max())

    def scaled(self, factor: float) -> "Polyhedron":
        """The part `factor` times larger, about the origin."""
        return Polyhedron(factor * self.vertices)

    def columns(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Heights where lines along the beam enter and leave; see `Part.columns`."""
        low, high = self.bounds()
        shape = torch.broadcast_shapes(x.shape, y.shape)
        entry = torch.full(shape, float(low[2]), device=x.device)
        leave = torch.full(shape, float(high[2]), device=x.device)
        for row in self.faces:
            nx, ny, nz, constant = (float(value) for value in row)
            # Not np.copysign: a face along the beam may have n_z = -0.0, and counts as one of those where lines leave.
            height = -(nx * x + ny * y + constant) / (
                max(nz, _SMALLEST_COSINE) if nz >= 0 else min(nz, -_SMALLEST_COSINE)
            )
            if nz >= 0:
                leave = torch.minimum(leave, height)
            else:
                entry = torch.maximum(entry, height)
        return entry, leave


def random_quaternion(rng: np.random.Generator) -> Vector:
    """A unit quaternion (w, x, y, z) uniform on the sphere S3, w >= 0."""
    quaternion = rng.standard_normal(4)
    quaternion /= np.linalg.norm(quaternion)
    return quaternion if quaternion[0] >= 0 else -quaternion


def rotation_from_quaternion(quaternion: Vector) -> Matrix:
    """The rotation matrix of a unit quaternion (w, x, y, z)."""
    w, x, y, z = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def tilted(delta: float, spin: float = 0.0) -> Matrix:
    """Body axes with x raised out of the detector plane.

    Args:
        delta: angle of the body's x axis out of the detector plane, degrees; it stays in the laboratory's x-z plane.
        spin: turn about the body's own x axis, degrees.
    """
    d, s = np.radians(delta), np.radians(spin)
    raise_x = np.array([[np.cos(d), 0, -np.sin(d)], [0, 1, 0], [np.sin(d), 0, np.cos(d)]])
    turn = np.array([[1, 0, 0], [0, np.cos(s), -np.sin(s)], [0, np.sin(s), np.cos(s)]])
    product: Matrix = raise_x @ turn
    return product
