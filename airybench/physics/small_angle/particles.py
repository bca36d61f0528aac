"""The particles of the small-angle data set, made of convex bodies that do not overlap.

They stand for the samples of Kassemeyer et al., Opt. Express 20, 4149 (2012); `shot` holds the assumed sizes.
"""

import numpy as np

from airybench.physics.optics.bodies import Ellipsoid, Matrix, Polyhedron, Vector

# Height and radius of the two pentagons of corners in an icosahedron of circumradius 1 that stands on a corner.
_PENTAGON_HEIGHT = 1 / 5**0.5
_PENTAGON_RADIUS = 2 / 5**0.5


def icosahedron_vertices(width: float, length: float) -> Matrix:
    """Corners of an icosahedron with two opposite corners on the x axis, elongated along x.

    Args:
        width: diameter of the circle through a pentagon of corners, nm; 0.894 `length` if regular.
        length: from tip to tip, nm; a longer one moves its two caps apart.

    Returns:
        Shape (12, 3), nm.
    """
    radius = width / 2 / _PENTAGON_RADIUS
    apart = length / 2 - radius
    angles = np.arange(5) * 2 * np.pi / 5
    corners = [[length / 2, 0, 0], [-length / 2, 0, 0]]
    for side, turn in ((1, 0.0), (-1, np.pi / 5)):
        x = side * (_PENTAGON_HEIGHT * radius + apart)
        corners += [[x, width / 2 * np.cos(a + turn), width / 2 * np.sin(a + turn)] for a in angles]
    return np.array(corners, dtype=np.float64)


def icosahedron(diameter: float, rotation: Matrix) -> tuple[Polyhedron]:
    """A regular icosahedron, `diameter` nm from corner to opposite corner.

    >>> (virus,) = icosahedron(190.0, np.eye(3))
    >>> round(virus.extent(np.array([1.0, 0.0, 0.0])), 1), len(virus.faces)
    (95.0, 20)
    """
    return (Polyhedron(icosahedron_vertices(diameter * _PENTAGON_RADIUS, diameter) @ rotation.T),)


def phage(head: tuple[float, float], tail: tuple[float, float], rotation: Matrix) -> tuple[Polyhedron, Polyhedron]:
    """An elongated icosahedral head with a tail at one tip, centred on the origin.

    Args:
        head: (width, length) in nm, the width across a pentagon of corners.
        tail: (length, diameter) in nm of a prism of twelve sides.
        rotation: body axes in the laboratory, the long axis first.
    """
    (width, length), (tail_length, tail_diameter) = head, tail
    # The tail begins at the tip of the head: the two bodies must not overlap.
    middle = np.array([-tail_length / 2, 0, 0])
    around = np.arange(12) * np.pi / 6
    ring = np.stack((np.zeros(12), tail_diameter / 2 * np.cos(around), tail_diameter / 2 * np.sin(around)), axis=1)
    near, far = -length / 2, -length / 2 - tail_length
    prism = np.concatenate([ring + np.array([end, 0.0, 0.0]) for end in (near, far)])
    corners = icosahedron_vertices(width, length)
    return Polyhedron((corners - middle) @ rotation.T), Polyhedron((prism - middle) @ rotation.T)


def truncated_cube(edge: float, truncation: float, rotation: Matrix, centre: Vector) -> Polyhedron:
    """A cube with its corners cut off.

    Args:
        edge: nm.
        truncation: share of each edge that is cut off at either corner, 0 to 0.5.
        rotation: body axes in the laboratory.
        centre: nm.
    """
    half = edge / 2
    inner = half * (1 - 2 * truncation)
    signs = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], dtype=np.float64)
    corners = np.concatenate([signs * np.roll([inner, half, half], axis) for axis in range(3)])
    return Polyhedron(corners @ rotation.T + centre)


def rice_grain(length: float, width: float, rotation: Matrix) -> tuple[Ellipsoid]:
    """A prolate spheroid with the given diameters along and across the body's x axis, nm."""
    return (Ellipsoid((length / 2, width / 2, width / 2), rotation),)


def magnetosome_chain(
    edges: Vector, gaps: Vector, bend: float, truncation: float, spins: Vector, rotation: Matrix
) -> tuple[Polyhedron, ...]:
    """Truncated cubes in a row on an arc, centred on the origin.

    Args:
        edges: of the cubes, nm, shape (N,).
        gaps: free distance between neighbours, nm, shape (N - 1,).
        bend: angle between neighbours, degrees.
        truncation: share of each edge that is cut off at either corner.
        spins: rotation of each cube about the chain, degrees, shape (N,).
        rotation: body axes in the laboratory, the chain along the first.
    """
    count = len(edges)
    turns = np.radians(bend) * (np.arange(count) - (count - 1) / 2)
    along = np.stack((np.cos(turns), np.sin(turns), np.zeros(count)), axis=1)
    centres = np.zeros((count, 3))
    for i in range(1, count):
        centres[i] = centres[i - 1] + along[i - 1] * edges[i - 1] / 2 + along[i] * edges[i] / 2
        centres[i] += (along[i - 1] + along[i]) / 2 * gaps[i - 1]
    centres -= (centres.min(axis=0) + centres.max(axis=0)) / 2
    cubes = []
    for i in range(count):
        c, s = along[i, 0], along[i, 1]
        a, b = np.cos(np.radians(spins[i])), np.sin(np.radians(spins[i]))
        own = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, a, -b], [0, b, a]])
        cubes.append(truncated_cube(float(edges[i]), truncation, rotation @ own, rotation @ centres[i]))
    return tuple(cubes)
