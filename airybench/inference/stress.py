"""Changes of a detector between training and use, made to the counts of shots in a given strength.

Every change depends on (seed, shot, strength) only, and strength 0 leaves the counts as they are. Pixels and modules
are those of the detector, the same for every shot; a larger strength has the faults of a smaller one and more. All
ranges and strengths are ours [A]. A brighter pulse keeps the relative shot noise of the recorded one, of which a real
one has less, and cuts off at saturation as a real one does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, exp, log, radians, sin, sqrt
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from airybench.config import SEED
from airybench.data.store.ids import ShotIds, id_number
from airybench.errors import ConfigError, unknown
from airybench.physics.fixed_frame import HOT_COUNTS
from airybench.physics.optics.detector_stages import LARGEST_COUNT
from airybench.physics.optics.random import Stream, shot_generator

Counts = NDArray[np.uint16]

STRAY_WIDTH = 0.2
"""Standard deviation of the halo of stray light, in sides of the image [A]."""

METRIC = "macro_ap"
"""The metric of tables and figures."""

T = TypeVar("T", float, Tensor)

_HOT, _MODULE, _BEAM = 1, 2, 3  # purposes of the random numbers of the detector


@dataclass(frozen=True)
class Fault:
    """How strong a change is, and where its random numbers come from.

    Attributes:
        strength: in the unit of the change, not negative.
        ids: identifiers of the shots, shape (N,).
        seed: of the random numbers.
    """

    strength: float
    ids: ShotIds
    seed: int = SEED

    def of_detector(self, purpose: int) -> np.random.Generator:
        """Random numbers that are the same for all shots."""
        return np.random.default_rng([self.seed, purpose])

    def of_shot(self, row: int) -> np.random.Generator:
        """Random numbers of one shot."""
        return shot_generator(self.seed, id_number(self.ids[row : row + 1].tolist()[0]), Stream.ROBUSTNESS)


@dataclass(frozen=True)
class Change:
    """One kind of change.

    Attributes:
        meaning: what happens to the detector.
        unit: of a strength.
        strengths: that are tried, the first is 0.
        most: largest strength that makes sense.
        remedy: what an experimenter does about it.
    """

    meaning: str
    unit: str
    strengths: tuple[float, ...]
    most: float
    remedy: str


@dataclass(frozen=True)
class CountsChange(Change):
    """A change that is made to the counts of a shot.

    Attributes:
        apply: counts (N, H, W) and a fault to new counts of the same shape.
        orderly: whether it does the same to every shot and never swaps larger and smaller counts of a pixel, so that
            the median of changed shots is the changed median.
    """

    apply: Callable[[Counts, Fault], Counts]
    orderly: bool = True

    def __call__(self, counts: Counts, ids: ShotIds, strength: float, seed: int = SEED) -> Counts:
        """Counts after the change.

        Args:
            counts: shape (N, H, W).
            ids: identifiers of the shots, shape (N,).
            strength: in its unit; 0 returns the counts themselves.
            seed: of its random numbers.
        """
        return self.apply(counts, Fault(strength, ids, seed)) if strength else counts


def _hot_pixels(counts: Counts, fault: Fault) -> Counts:
    number, size = int(fault.strength), counts[0].size
    places = fault.of_detector(_HOT).permutation(size)[:number]
    low, high = (log(value) for value in HOT_COUNTS)
    levels = np.exp(low + (high - low) * np.random.default_rng([fault.seed, _HOT, 1]).random(len(places)))
    changed = counts.reshape(len(counts), -1).copy()
    changed[:, places] = np.maximum(changed[:, places], levels.astype(np.uint16))
    return changed.reshape(counts.shape)


def _dead_module(counts: Counts, fault: Fault) -> Counts:
    height, width = counts.shape[1:]
    share = sqrt(fault.strength / 100)
    right, down = fault.of_detector(_MODULE).integers(0, 2, 2)
    tall, wide = round(share * height), round(share * width)
    top = min(height // 2, height - tall) if down else max(height // 2 - tall, 0)
    left = min(width // 2, width - wide) if right else max(width // 2 - wide, 0)
    changed = counts.copy()
    changed[:, top : top + tall, left : left + wide] = 0
    return changed


def _offset(counts: Counts, fault: Fault) -> Counts:
    room = np.uint16(LARGEST_COUNT - min(round(fault.strength), LARGEST_COUNT))
    added: Counts = np.minimum(counts, room) + np.uint16(LARGEST_COUNT - room)
    return added


def _stray_light(counts: Counts, fault: Fault) -> Counts:
    height, width = counts.shape[1:]
    rows, columns = np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2
    scale = 2 * (STRAY_WIDTH * min(height, width)) ** 2
    halo = np.exp(-(rows[:, None] ** 2 + columns**2) / scale)
    halo /= halo.mean()
    changed = np.empty_like(counts)
    for row, image in enumerate(counts):
        light = fault.of_shot(row).poisson(fault.strength * image.mean() * halo)
        changed[row] = np.minimum(image + light, LARGEST_COUNT)
    return changed


def _scaled(counts: Counts, factor: float) -> Counts:
    changed = np.empty_like(counts)
    for row, image in enumerate(counts):
        changed[row] = np.minimum(np.rint(image * factor), LARGEST_COUNT)
    return changed


def _lower_gain(counts: Counts, fault: Fault) -> Counts:
    return _scaled(counts, exp(-fault.strength * log(2)))


def _more_photons(counts: Counts, fault: Fault) -> Counts:
    return _scaled(counts, exp(fault.strength * log(10)))


def _shifted_beam(counts: Counts, fault: Fault) -> Counts:
    height, width = counts.shape[1:]
    turn = radians(fault.of_detector(_BEAM).uniform(0, 360))
    far = max(1, fault.strength / 100 * min(height, width))
    down, right = round(far * sin(turn)), round(far * cos(turn))
    changed = np.zeros_like(counts)
    changed[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = counts[
        :, max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)
    ]
    return changed


_OFFSET_REMEDY = "subtract the background of each run (train with --background all), or train with --offset-jitter"
_GAIN_REMEDY = "train with --gain-jitter, or use --input-scaling standardised, which knows no gain"

CHANGES: Mapping[str, CountsChange] = {
    "hot-pixels": CountsChange(
        "pixels that always show 1 000 to 40 000 counts",
        "pixels",
        (0, 10, 40, 160),
        1_000_000,
        "mask them (train with --input-mask median --find-bad-pixels), or train with --hot-pixels",
        _hot_pixels,
    ),
    "dead-module": CountsChange(
        "a rectangle beside the centre that counts nothing",
        "% of the area",
        (0, 2, 5, 10, 25),
        100,
        "train on patterns with the same module masked (`data import --mask`), or replace the module",
        _dead_module,
    ),
    "offset": CountsChange(
        "counts added to every pixel", "counts", (0, 10, 100, 1000), LARGEST_COUNT, _OFFSET_REMEDY, _offset
    ),
    "stray-light": CountsChange(
        "a halo about the centre with Poisson noise",
        "x the mean of the shot",
        (0, 0.3, 1, 3),
        1000,
        "subtract the background of each run (train with --background empty, or all where most shots are misses)",
        _stray_light,
        orderly=False,
    ),
    "lower-gain": CountsChange(
        "counts divided by 2 for each step, and rounded", "halvings", (0, 1, 2, 3), 16, _GAIN_REMEDY, _lower_gain
    ),
    "more-photons": CountsChange(
        "a brighter pulse: counts multiplied, and cut off at saturation",
        "decades",
        (0, 0.3, 0.5, 1),
        5,
        "attenuate the beam, or train with --gain-jitter",
        _more_photons,
    ),
    "shifted-beam": CountsChange(
        "the pattern moves, always in one direction; pixels that come into sight are 0",
        "% of the side",
        (0, 1, 2, 5),
        50,
        "centre the patterns of each run before import, or train on runs with several beam positions",
        _shifted_beam,
    ),
}

ANOTHER_RUN = "another-run"

ALL_CHANGES: Mapping[str, Change] = {
    **CHANGES,
    ANOTHER_RUN: Change(
        "the same particles in a later run of the same series: another beam, gain, offset, blur and stray light",
        "runs on",
        (0, 1),
        1000,
        "train on shots of more runs, subtract the background of each run (--background), or train with --gain-jitter",
    ),
}
"""With the one change that is no change of counts: a simulated shot is detected again, see `OtherRuns`."""


def stress_plan(asked: Mapping[str, tuple[float, ...]] | None = None) -> dict[str, tuple[float, ...]]:
    """The strengths of each change to try.

    Args:
        asked: strengths by change; all changes of counts with their own strengths if left out or empty.

    Returns:
        By change, rising, beginning with 0.

    Raises:
        ConfigError: no such change, or a strength that it cannot have.

    >>> stress_plan({"offset": (100, 20)})
    {'offset': (0.0, 20.0, 100.0)}
    """
    plan = {}
    for name, strengths in (asked or {name: change.strengths for name, change in CHANGES.items()}).items():
        if name not in ALL_CHANGES:
            raise unknown("detector change", name, ALL_CHANGES)
        change = ALL_CHANGES[name]
        for strength in strengths:
            if not 0 <= strength <= change.most:
                raise ConfigError(f"{name} {strength:g}: expected 0 to {change.most:g} {change.unit}")
            if name == ANOTHER_RUN and strength % 1:
                raise ConfigError(f"{name} {strength:g}: expected a whole number of {change.unit}")
        plan[name] = tuple(sorted({0.0, *map(float, strengths)}))
    return plan


def mean_over_changes(values: Mapping[str, Mapping[float, T]]) -> T:
    """Mean over the strengths of each change, then over the changes; strength 0 is left out.

    >>> mean_over_changes({"offset": {0.0: 1.0, 10.0: 0.4, 100.0: 0.2}, "dead-module": {2.0: 0.5}})
    0.4
    """
    means = []
    for by_strength in values.values():
        changed = [value for strength, value in by_strength.items() if strength]
        means.append(sum(changed[1:], changed[0]) / len(changed))
    return sum(means[1:], means[0]) / len(means)
