"""Far fields of bodies in the first Born approximation: multi-slice at wide angles, projected density at small angles.

    E(q) = dz sum_z exp(-i q_z z) FT2[rho(x, y, z) exp(-d(x, y, z) / 2L)],   q_z = k (1 - cos theta)

with d the length of material in front of the slice and L the absorption length. The field is a scalar. Refraction is
neglected unless it is asked for: then each slice is lit with the phase (m - 1) k d that the beam gathers on its way in.
With this sign of q_z the detector appears rotated by 180 degrees, and that phase enters as exp(-i (m - 1) k d).
Source: Barke et al., Nat. Commun. 6, 6187 (2015).

The slices are lambda/8 or thinner, but are not transformed one by one. With q_z = t q_max, the Jacobi-Anger expansion

    exp(-i q_z z) = sum_m (2 - [m = 0]) (-i)^m J_m(q_max z) T_m(t)

can be cut a few terms after m = q_max |z|. The slices are first summed with the weights J_m; one FT2 per term follows
(two matrix products onto a separable grid of q_perp); the Chebyshev polynomials T_m then restore q_z. The result is the
same sum for a tenth of the work. Each body is computed alone, on a grid of its own size: no shot depends on its batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, cos, hypot, pi, radians, sin

import numpy as np
import torch
from scipy.special import jv
from torch import Tensor
from torch.nn.functional import avg_pool2d

from airybench.physics.optics.bodies import ConvexBody
from airybench.physics.optics.geometry import Geometry, wavelength, wavenumber

SLICES_PER_WAVELENGTH = 8
"""[A] Slices along the beam per wavelength, at least."""

COLUMNS_PER_CELL = 3
"""Columns along each edge of a cell; lines along the beam are traced through the middle of every column."""

CELL = 0.36
"""[A] Size of the lateral cells of the density grid in units of pi / q_max.

Each cell is the mean over 3 x 3 columns, and the factor that this costs is divided out in q: aliases of a sharp edge
stay below 1 % of the field.
"""

FEWEST_CELLS = 24
"""Cells across a body, at least: the straight edges of a thin body all lie on the same grid lines."""

PHASE_STEP = 0.6
"""[A] Largest phase between neighbouring nodes of the q grid, radians; four-point interpolation then errs by 3e-3."""

TERM_TOLERANCE = 1e-6
"""[A] The expansion in q_z ends where its Bessel functions fall below this value."""

VOXELS_AT_ONCE = 1 << 19
"""Voxels in memory at the same time."""


@dataclass(frozen=True)
class Field:
    """The far field of one body on a separable grid of q_perp.

    Attributes:
        values: complex64, shape (2 X + 1, 2 Y + 1), with q = 0 at node (X, Y); first index along x of the body frame.
        step_x: distance of neighbouring nodes along x in units of k.
        step_y: distance of neighbouring nodes along y in units of k.
        azimuth: angle of the x axis of the body frame on the detector, degrees.
    """

    values: Tensor
    step_x: float
    step_y: float
    azimuth: float

    def at(self, geometry: Geometry) -> Tensor:
        """The field at the pixel centres of a detector, complex64, shape (size, size)."""
        device = self.values.device
        sx, sy, _ = geometry.directions()
        c, s = cos(radians(self.azimuth)), sin(radians(self.azimuth))
        rows, columns = self.values.shape
        row, weight_x = _four_points((c * sx + s * sy) / self.step_x + rows // 2, device)
        column, weight_y = _four_points((c * sy - s * sx) / self.step_y + columns // 2, device)
        flat = self.values.reshape(-1)
        corner = row * columns + column
        total = torch.zeros(corner.shape, dtype=torch.complex64, device=device)
        for i in range(4):
            line = torch.zeros_like(total)
            for j in range(4):
                line += flat[corner + (i * columns + j)] * weight_y[j]
            total += line * weight_x[i]
        return total


def _four_points(
    position: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", device: torch.device
) -> tuple[Tensor, Tensor]:
    """First of four nodes and the four Lagrange weights for interpolation at `position`, given in nodes."""
    position_on_device = torch.as_tensor(position, device=device)
    first = torch.floor(position_on_device)
    f = (position_on_device - first).to(torch.float32)
    weights = torch.stack(
        (
            -f * (f - 1) * (f - 2) / 6,
            (f + 1) * (f - 1) * (f - 2) / 2,
            -(f + 1) * f * (f - 2) / 2,
            (f + 1) * f * (f - 1) / 6,
        )
    )
    return first.to(torch.int64) - 1, weights


def born_field(
    bodies: Sequence[ConvexBody],
    photon_energy: float,
    geometry: Geometry,
    *,
    absorption: float = 0.0,
    azimuth: float = 0.0,
    flat_ewald: bool = False,
    refraction: float = 0.0,
    device: str | torch.device = "cpu",
) -> Field:
    """The far field of an object that consists of convex bodies of density 1.

    Args:
        bodies: where they overlap, density counts once; with `flat_ewald` they must not overlap.
        photon_energy: eV.
        geometry: the detector to be covered, with its centre shifted by up to 3 % of the half width.
        absorption: inverse absorption length 1/L in 1/nm; 0 is transparent.
        azimuth: rotation of the object about the beam, degrees. An object that is long along x needs the smallest grid.
        flat_ewald: neglect q_z, so that E = FT2[projected density], without absorption and refraction.
        refraction: m - 1, the real part of the refractive index less 1; 0 neglects refraction.
        device: where to compute.

    >>> from airybench.physics.optics.bodies import Ellipsoid
    >>> detector = Geometry(size=65)
    >>> sphere = [Ellipsoid((100.0, 100.0, 100.0))]
    >>> pattern = born_field(sphere, 21.0, detector).at(detector).abs().square()
    >>> bool(pattern[32, 32] == pattern.max())
    True
    """
    k = wavenumber(photon_energy)
    sine = geometry.largest_sine
    boxes = [body.bounds() for body in bodies]
    low = np.min([box[0] for box in boxes], axis=0)
    high = np.max([box[1] for box in boxes], axis=0)
    reach = np.maximum(np.abs(low), np.abs(high))
    slope = 0.0 if flat_ewald else sine / (1 - sine**2) ** 0.5

    step = CELL * pi / (k * sine)
    x, dx = _midpoints(low[0], high[0], step, device)
    y, dy = _midpoints(low[1], high[1], step, device)
    nodes_x, step_x = _nodes(k * hypot(reach[0], slope * reach[2]), sine, device)
    nodes_y, step_y = _nodes(k * hypot(reach[1], slope * reach[2]), sine, device)

    heights = [body.columns(x[:, None], y[None, :]) for body in bodies]
    if flat_ewald:
        moments = torch.stack([(leave - entry).clamp(min=0) for entry, leave in heights]).sum(dim=0)[None, None]
        farthest = 0.0
    else:
        # The expansion must also hold a little beyond the detector, at the nodes that the interpolation uses.
        farthest = k * (1 - (1 - min(sine + 3 * hypot(step_x, step_y), 0.99) ** 2) ** 0.5)
        slices = _Slices(low[2], high[2], wavelength(photon_energy) / SLICES_PER_WAVELENGTH)
        moments = _moments(heights, slices, absorption, k * refraction, farthest)

    x, y = (line.reshape(-1, COLUMNS_PER_CELL).mean(dim=1) for line in (x, y))
    right = nodes_x[nodes_x.numel() // 2 :]
    phase_x, phase_y = k * right[:, None] * x, k * nodes_y * y[:, None]
    mean_x, mean_y = _mean_over_cell(k * dx * right)[:, None], _mean_over_cell(k * dy * nodes_y)
    on_x = torch.cat((torch.cos(phase_x) / mean_x, torch.sin(phase_x) / mean_x))
    on_y = torch.cos(phase_y) / mean_y, torch.sin(phase_y) / mean_y
    q_z = 1 - torch.sqrt((1 - right[:, None] ** 2 - nodes_y**2).clamp(min=0))
    t = (q_z * k / farthest).clamp(max=1) if farthest else torch.zeros_like(q_z)
    values = []
    for real in moments:
        pooled = avg_pool2d(real, COLUMNS_PER_CELL) * (COLUMNS_PER_CELL**2 * dx * dy)
        even, odd = _transform_and_sum(on_x @ pooled, *on_y, t)
        # The moments are real, so FT2 at -q is the conjugate: only half of the plane was computed.
        values.append(torch.cat(((even.conj() - 1j * odd.conj()).flip(0, 1)[:-1], even - 1j * odd)).resolve_conj())
    return Field(values[0] if len(values) == 1 else values[0] - 1j * values[1], step_x, step_y, azimuth)


def _midpoints(low: float, high: float, cell: float, device: str | torch.device) -> tuple[Tensor, float]:
    """Middles of equal columns between `low` and `high` such that no cell is wider than `cell`; and their width."""
    count = COLUMNS_PER_CELL * max(FEWEST_CELLS, ceil((high - low) / cell))
    width = (high - low) / count
    return torch.as_tensor(low + width * (np.arange(count) + 0.5), dtype=torch.float32, device=device), float(width)


def _mean_over_cell(phase: Tensor) -> Tensor:
    """Mean over the columns of a cell of a wave whose phase advances by `phase` per column."""
    offsets = range(-(COLUMNS_PER_CELL // 2), COLUMNS_PER_CELL // 2 + 1)
    return torch.stack([torch.cos(offset * phase) for offset in offsets]).mean(dim=0)


def _nodes(phase: float, sine: float, device: str | torch.device) -> tuple[Tensor, float]:
    """Nodes along one axis of the q grid in units of k, and their distance, for a body of extent r = `phase` / k."""
    step = min(PHASE_STEP / phase, sine / 24)
    count = ceil(sine / step) + 3
    return torch.as_tensor(step * np.arange(-count, count + 1), dtype=torch.float32, device=device), step


@dataclass(frozen=True)
class _Slices:
    """Slices of a body along the beam, between `low` and `high`, at most `width` thick; nm."""

    low: float
    high: float
    width: float


def _moments(
    heights: Sequence[tuple[Tensor, Tensor]], slices: _Slices, absorption: float, refraction: float, farthest: float
) -> Tensor:
    """Sums over the slices with the weights of the Jacobi-Anger expansion, real, shape (parts, terms, X, Y).

    There is one part without refraction; with it, there are those with the cosine and the sine of its phase.
    """
    low, high = slices.low, slices.high
    count = max(8, ceil((high - low) / slices.width))
    dz = (high - low) / count
    z = low + dz * (np.arange(count) + 0.5)
    largest = farthest * max(abs(low), abs(high))
    orders = np.arange(ceil(largest) + 40)
    terms = int(np.flatnonzero(np.abs(jv(orders, largest)) > TERM_TOLERANCE).max()) + 1
    weights = jv(orders[:terms, None], farthest * z) * np.where(orders[:terms] == 0, 1, 2)[:, None] * dz

    shape, device = heights[0][0].shape, heights[0][0].device
    basis = torch.as_tensor(weights, dtype=torch.float32, device=device)
    middle = torch.as_tensor(z, dtype=torch.float32, device=device)[:, None]
    columns = [(entry.reshape(-1), leave.reshape(-1)) for entry, leave in heights]
    total = torch.empty((2 if refraction else 1, terms, shape.numel()), device=device)
    block = max(1, VOXELS_AT_ONCE // count)
    for start in range(0, shape.numel(), block):
        some = slice(start, start + block)
        filled = _fill([(entry[some], leave[some]) for entry, leave in columns], middle, dz)
        if absorption > 0 or refraction:
            in_front = torch.cumsum(filled, dim=0).sub_(filled, alpha=0.5)
            phase = refraction * dz * in_front if refraction else None
            if absorption > 0:
                filled.mul_(in_front.mul_(-absorption * dz / 2).exp_())
            if phase is not None:
                torch.mm(basis, filled * phase.sin(), out=total[1, :, some])
                filled.mul_(phase.cos())
        torch.mm(basis, filled, out=total[0, :, some])
    return total.reshape(-1, terms, *shape)


def _fill(columns: Sequence[tuple[Tensor, Tensor]], middle: Tensor, dz: float) -> Tensor:
    """Filled share of every slice, shape (slices, columns); bodies that overlap count once."""
    filled: Tensor | None = None
    for entry, leave in columns:
        share = torch.minimum(leave, middle + dz / 2).sub_(torch.maximum(entry, middle - dz / 2)).clamp_(min=0)
        share.mul_(1 / dz)
        filled = share if filled is None else torch.maximum(filled, share, out=filled)
    assert filled is not None
    return filled


def _transform_and_sum(on_x: Tensor, cosine: Tensor, sine: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """The transform along y of every term, and the sum of the terms with the Chebyshev polynomials.

    Args:
        on_x: moments after the cosine transform along x, then after the sine transform, shape (terms, 2 X, Y).
        cosine: matrix of the cosine transform along y, shape (Y, Q).
        sine: matrix of the sine transform along y, shape (Y, Q).
        t: q_z over its largest value, shape (X, Q).

    Returns:
        Sums over even and over odd orders m of i^(m mod 2) (-i)^m T_m(t) F_m, each complex64, (X, Q).
    """
    half = t.shape[0]
    sums = [torch.zeros((2, *t.shape), device=t.device) for _ in range(2)]
    before, now = t, torch.ones_like(t)
    for order, term in enumerate(on_x):
        sign = -1.0 if order % 4 in (2, 3) else 1.0
        by_cosine, by_sine = term @ cosine, term @ sine
        # exp(-i(a + b)) = (cos a cos b - sin a sin b) - i (sin a cos b + cos a sin b)
        sums[order % 2][0].addcmul_(now, by_cosine[:half] - by_sine[half:], value=sign)
        sums[order % 2][1].addcmul_(now, by_cosine[half:] + by_sine[:half], value=-sign)
        before, now = now, 2 * t * now - before
    return torch.complex(sums[0][0], sums[0][1]), torch.complex(sums[1][0], sums[1][1])
