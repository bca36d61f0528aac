"""Far fields of bodies in first Born approximation: multi-slice wide angle, projected density small angle.

    E(q) = dz sum_z exp(-i q_z z) FT2[rho(x, y, z) exp(-d(x, y, z) / 2L)],   q_z = k (1 - cos theta)

with d the length of material in front of the slice and L the absorption length; scalar, no refraction. With this sign
of q_z the detector is seen rotated by 180 degrees. Source: Barke et al., Nat. Commun. 6, 6187 (2015).

The slices are lambda/8 or thinner, but they are not transformed one by one: with q_z = t q_max,

    exp(-i q_z z) = sum_m (2 - [m = 0]) (-i)^m J_m(q_max z) T_m(t)        (Jacobi and Anger)

ends after a few terms more than q_max |z|. So the slices are first summed with weights J_m, then one FT2 is done a term
(two matrix products onto a separable grid of q_perp), and the polynomials T_m put q_z back: the same sum for a tenth of
the work. Bodies are done one by one, each on a grid of its own size, so that no shot depends on the batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, cos, hypot, pi, radians, sin

import numpy as np
import torch
from scipy.special import jv
from torch import Tensor
from torch.nn.functional import avg_pool2d

from airybench.physics.optics.geometry import Geometry, wavelength, wavenumber
from airybench.physics.optics.particles import Part

SLICES_PER_WAVELENGTH = 8
COLUMNS_PER_CELL = 3
CELL = 0.36
"""Lateral cells of the density grid in units of pi / q_max. Each is the mean over 3 x 3 columns, which is undone in q:
aliases of a sharp edge stay below 1 % of the field."""

FEWEST_CELLS = 24
"""Cells across a thin body, whose straight edges all lie on the same grid lines."""

PHASE_STEP = 0.6
"""Largest phase in radians between neighbouring nodes of the q grid; four-point interpolation then errs by 3e-3."""

TERM_TOLERANCE = 1e-6
VOXELS_AT_ONCE = 1 << 19


@dataclass(frozen=True)
class Field:
    """The scattered field of one body on a separable grid of q_perp.

    Attributes:
        values: complex64, shape (2 X + 1, 2 Y + 1), node (X, Y) at q = 0; first index along the body frame's x.
        step_x: distance of the nodes along x in units of k.
        step_y: the same along y.
        azimuth: angle of the body frame's x axis on the detector, degrees.
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
    """First node and the four Lagrange weights for interpolation at `position` in nodes."""
    where = torch.as_tensor(position, device=device)
    first = torch.floor(where)
    f = (where - first).to(torch.float32)
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
    parts: Sequence[Part],
    photon_energy: float,
    geometry: Geometry,
    *,
    absorption: float = 0.0,
    azimuth: float = 0.0,
    flat_ewald: bool = False,
    device: str | torch.device = "cpu",
) -> Field:
    """The far field of a body made of convex parts of density 1.

    Args:
        parts: overlapping parts count once (wide angle); with `flat_ewald` they must not overlap.
        photon_energy: eV.
        geometry: the detector that has to be covered, wherever its centre within 3 %.
        absorption: 1/L in 1/nm; 0 is transparent.
        azimuth: the body is turned by this angle about the beam, degrees. Long bodies along x need the smallest grid.
        flat_ewald: drop q_z: |FT2[projected density]|^2, without absorption.
        device: where to compute.
    """
    k = wavenumber(photon_energy)
    sine = geometry.largest_sine
    boxes = [part.bounds() for part in parts]
    low = np.min([box[0] for box in boxes], axis=0)
    high = np.max([box[1] for box in boxes], axis=0)
    reach = np.maximum(np.abs(low), np.abs(high))
    slope = 0.0 if flat_ewald else sine / (1 - sine**2) ** 0.5

    step = CELL * pi / (k * sine)
    x, dx = _midpoints(low[0], high[0], step, device)
    y, dy = _midpoints(low[1], high[1], step, device)
    nodes_x, step_x = _nodes(k * hypot(reach[0], slope * reach[2]), sine, device)
    nodes_y, step_y = _nodes(k * hypot(reach[1], slope * reach[2]), sine, device)

    heights = [part.columns(x[:, None], y[None, :]) for part in parts]
    if flat_ewald:
        moments = torch.stack([(leave - entry).clamp(min=0) for entry, leave in heights]).sum(dim=0)[None]
        farthest = 0.0
    else:
        # The polynomials must hold a little beyond the detector, where the interpolation still reaches.
        farthest = k * (1 - (1 - min(sine + 3 * hypot(step_x, step_y), 0.99) ** 2) ** 0.5)
        moments = _moments(
            heights, low[2], high[2], wavelength(photon_energy) / SLICES_PER_WAVELENGTH, absorption, farthest
        )

    moments = avg_pool2d(moments, COLUMNS_PER_CELL) * (COLUMNS_PER_CELL**2 * dx * dy)
    x, y = (line.reshape(-1, COLUMNS_PER_CELL).mean(dim=1) for line in (x, y))
    right = nodes_x[nodes_x.numel() // 2 :]
    phase_x, phase_y = k * right[:, None] * x, k * nodes_y * y[:, None]
    mean_x, mean_y = _mean_over_cell(k * dx * right)[:, None], _mean_over_cell(k * dy * nodes_y)
    on_x = torch.cat((torch.cos(phase_x) / mean_x, torch.sin(phase_x) / mean_x)) @ moments
    q_z = 1 - torch.sqrt((1 - right[:, None] ** 2 - nodes_y**2).clamp(min=0))
    t = (q_z * k / farthest).clamp(max=1) if farthest else torch.zeros_like(q_z)
    even, odd = _transform_and_sum(on_x, torch.cos(phase_y) / mean_y, torch.sin(phase_y) / mean_y, t)
    # The moments are real, so FT2 at -q is the conjugate: only half of the plane was computed.
    values = torch.cat(((even.conj() - 1j * odd.conj()).flip(0, 1)[:-1], even - 1j * odd))
    return Field(values.resolve_conj(), step_x, step_y, azimuth)


def _midpoints(low: float, high: float, cell: float, device: str | torch.device) -> tuple[Tensor, float]:
    """Middles of equal columns between `low` and `high`, some to a cell and no cell wider than `cell`; their width."""
    count = COLUMNS_PER_CELL * max(FEWEST_CELLS, ceil((high - low) / cell))
    width = (high - low) / count
    return torch.as_tensor(low + width * (np.arange(count) + 0.5), dtype=torch.float32, device=device), float(width)


def _mean_over_cell(phase: Tensor) -> Tensor:
    """What the mean over the columns of a cell makes of a wave that advances by `phase` a column."""
    offsets = range(-(COLUMNS_PER_CELL // 2), COLUMNS_PER_CELL // 2 + 1)
    return torch.stack([torch.cos(offset * phase) for offset in offsets]).mean(dim=0)


def _nodes(phase: float, sine: float, device: str | torch.device) -> tuple[Tensor, float]:
    """Nodes along one axis of the q grid in units of k, and their distance, for a body that reaches `phase` = k r."""
    step = min(PHASE_STEP / phase, sine / 24)
    count = ceil(sine / step) + 3
    return torch.as_tensor(step * np.arange(-count, count + 1), dtype=torch.float32, device=device), step


def _moments(
    heights: Sequence[tuple[Tensor, Tensor]],
    low: float,
    high: float,
    slice_width: float,
    absorption: float,
    farthest: float,
) -> Tensor:
    """Slices summed with the Jacobi-Anger weights, shape (terms, X, Y), real."""
    count = max(8, ceil((high - low) / slice_width))
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
    total = torch.empty((terms, shape.numel()), device=device)
    block = max(1, VOXELS_AT_ONCE // count)
    for start in range(0, shape.numel(), block):
        some = slice(start, start + block)
        filled = _fill([(entry[some], leave[some]) for entry, leave in columns], middle, dz)
        if absorption > 0:
            in_front = torch.cumsum(filled, dim=0).sub_(filled, alpha=0.5)
            filled.mul_(in_front.mul_(-absorption * dz / 2).exp_())
        torch.mm(basis, filled, out=total[:, some])
    return total.reshape(terms, *shape)


def _fill(columns: Sequence[tuple[Tensor, Tensor]], middle: Tensor, dz: float) -> Tensor:
    """Share of every slice that is filled, shape (slices, columns); parts that overlap count once."""
    filled: Tensor | None = None
    for entry, leave in columns:
        part = torch.minimum(leave, middle + dz / 2).sub_(torch.maximum(entry, middle - dz / 2)).clamp_(min=0)
        part.mul_(1 / dz)
        filled = part if filled is None else torch.maximum(filled, part, out=filled)
    assert filled is not None
    return filled


def _transform_and_sum(on_x: Tensor, cosine: Tensor, sine: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Second half of every FT2, put together with the polynomials.

    Args:
        on_x: moments after the cosine transform along x, then after the sine transform, shape (terms, 2 X, Y).
        cosine: to transform along y, shape (Y, Q).
        sine: the same.
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
