"""The frame of version 2: what stays the same on the detector for a whole data set, whatever the run.

Hole or beam stop, gap, pixel gains, hot and dead pixels, and the level and row noise of the camera are drawn once for a
seed. The pattern moves behind them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from airybench.physics.optics.detector_stages import Image, Mask, outside_gap, outside_hole
from airybench.physics.optics.geometry import Geometry
from airybench.physics.stored import stored

HOLE_SHIFT = (0.0, 3.0)
"""[A] Distance of the middle of hole or beam stop from the middle of the frame, px."""

FLAT_FIELD_SPREAD = (0.05, 0.15)
"""[A] Standard deviation of the gain of the pixels, relative; drawn for a data set."""

HOT_PIXELS = (0, 40)
"""[A] Number of hot pixels of a data set."""

HOT_COUNTS = (1e3, 4e4)
"""[A] Counts that a hot pixel adds to every shot, log-uniform."""

HOT_FLICKER = 0.1
"""[A] Relative standard deviation of the counts of a hot pixel from shot to shot."""

DEAD_SHARE = (0.0, 0.002)
"""[A] Share of pixels that read 0 in every shot."""

OFFSET = (0.0, 1000.0)
"""[A] Counts of the camera without light; drawn for a data set."""

ROW_NOISE = (0.0, 10.0)
"""[A] Counts, standard deviation of what all pixels of a row share in a shot; drawn for a data set."""


@dataclass(frozen=True)
class FixedFrame:
    """What a data set has on all its frames; arrays have the shape (size, size).

    Attributes:
        sensitive: pixels that see light.
        opaque_rows: False on the rows of the gap, where no charge passes either.
        flat: gain of each pixel relative to the mean.
        hot: counts that each pixel adds on its own, 0 for most.
        dead: pixels that read 0.
        offset: counts without light.
        row_noise: counts, standard deviation.
        hole: radius of hole or beam stop, half widths.
        hole_row: its middle, px below that of the frame.
        hole_column: its middle, px right of that of the frame.
        gap: px rows.
        flat_spread: standard deviation of `flat`, as drawn.
    """

    sensitive: Mask
    opaque_rows: Mask
    flat: Image
    hot: Image
    dead: Mask
    offset: float
    row_noise: float
    hole: float
    hole_row: float
    hole_column: float
    gap: int
    flat_spread: float

    def truth(self) -> dict[str, float | int]:
        """The numbers of the frame as they are stored with each shot."""
        return {
            "hole": self.hole,
            "hole_row": self.hole_row,
            "hole_column": self.hole_column,
            "gap": self.gap,
            "flat_spread": self.flat_spread,
            "hot_pixels": int((self.hot > 0).sum()),
            "dead_pixels": int(self.dead.sum()),
            "row_noise": self.row_noise,
        }


def draw_frame(
    rng: np.random.Generator, geometry: Geometry, hole: tuple[float, float], gap: tuple[int, int]
) -> FixedFrame:
    """Draw the frame of a data set.

    Args:
        rng: of the data set.
        geometry: of the detector, without shift.
        hole: range of the radius of hole or beam stop, half widths.
        gap: range of the number of rows of the gap, px.

    >>> frame = draw_frame(np.random.default_rng(0), Geometry(), (0.2, 0.2), (0, 0))
    >>> bool(frame.sensitive[129, 129]), bool(frame.sensitive[0, 0]), round(float(frame.flat.mean()), 2)
    (False, True, 1.0)
    """
    size = geometry.size
    radius, rows = stored(rng.uniform(*hole)), int(rng.integers(gap[0], gap[1] + 1))
    away, turn = rng.uniform(*HOLE_SHIFT), rng.uniform(0, 2 * np.pi)
    row, column = stored(away * np.sin(turn)), stored(away * np.cos(turn))
    outside = outside_gap(geometry, rows)
    sensitive = outside_hole(Geometry(size, geometry.theta_max, row, column), radius) & outside
    spread = stored(rng.uniform(*FLAT_FIELD_SPREAD))
    flat = np.clip(1 + spread * rng.standard_normal((size, size)), 0.1, None).astype(np.float32)
    places = np.flatnonzero(sensitive)
    hot, dead = np.zeros(size**2, np.float32), np.zeros(size**2, np.bool_)
    burning = rng.choice(places, int(rng.integers(HOT_PIXELS[0], HOT_PIXELS[1] + 1)), replace=False)
    hot[burning] = np.exp(rng.uniform(np.log(HOT_COUNTS[0]), np.log(HOT_COUNTS[1]), len(burning)))
    dead[rng.choice(places, round(rng.uniform(*DEAD_SHARE) * len(places)), replace=False)] = True
    hot[dead] = 0
    return FixedFrame(
        sensitive=sensitive,
        opaque_rows=outside,
        flat=flat,
        hot=hot.reshape(size, size),
        dead=dead.reshape(size, size),
        offset=stored(rng.uniform(*OFFSET)),
        row_noise=stored(rng.uniform(*ROW_NOISE)),
        hole=radius,
        hole_row=row,
        hole_column=column,
        gap=rows,
        flat_spread=spread,
    )


def camera(
    counts: Image, frame: FixedFrame, rng: np.random.Generator, *, offset: float, noise: float
) -> NDArray[np.float32]:
    """Level, row noise and read noise of the camera, its hot and dead pixels, and 0 where no light comes.

    Args:
        counts: of light, after gains.
        frame: of the data set.
        rng: of the noise.
        offset: counts without light.
        noise: counts, standard deviation of the read noise.
    """
    size = len(counts)
    rows = frame.row_noise * rng.standard_normal((size, 1), dtype=np.float32)
    flicker = 1 + HOT_FLICKER * rng.standard_normal(counts.shape, dtype=np.float32)
    read = counts + offset + rows + noise * rng.standard_normal(counts.shape, dtype=np.float32)
    read = read + frame.hot * flicker
    return np.where(frame.sensitive & ~frame.dead, read, 0).astype(np.float32)


def bloom(counts: Image, frame: FixedFrame, full: float) -> Image:
    """Charge above the full well flows along the columns, half to either side, until there is room for it.

    Args:
        counts: of light.
        frame: whose gap lets no charge through.
        full: counts that a pixel holds.

    >>> frame = draw_frame(np.random.default_rng(0), Geometry(size=9), (0.0, 0.0), (0, 0))
    >>> column = bloom(np.float32(40 * np.eye(9)[4][:, None] * np.eye(9)[4]), frame, 10)[:, 4]
    >>> bool(column.max() < 11), round(float(column.sum()), 3)
    (True, 40.0)
    """
    held = counts.astype(np.float32)
    for _ in range(4 * len(counts)):
        excess = np.maximum(held - np.float32(full), 0)
        if excess.max() < 1:
            break
        held = held - excess
        held[1:] += excess[:-1] / 2
        held[:-1] += excess[1:] / 2
        held = np.where(frame.opaque_rows, held, 0)
    return held
