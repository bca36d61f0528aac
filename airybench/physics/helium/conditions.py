"""One helium shot of version 2 under the conditions of its run."""

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.physics.helium.draw import render
from airybench.physics.helium.realise import realise
from airybench.physics.helium.visibility import Frame
from airybench.physics.label_bits import TRUE_LABELS, packed
from airybench.physics.optics.random import Stream, shot_generator
from airybench.physics.populations import HELIUM_CLASSES
from airybench.physics.shot import Shot, Truth


class HeliumConditions(Protocol):
    """What data set, run and shot decide before there is a droplet.

    Numbers that the noise-free pattern depends on (energy, shifts) must be ones that float32 holds.
    """

    @property
    def photon_energy(self) -> float:
        """Of the run, eV."""
        ...

    @property
    def size(self) -> float:
        """Factor of the run on the radii of droplets."""
        ...

    @property
    def frame(self) -> Frame:
        """Where the pattern falls, what is sensitive, and the stray light."""
        ...

    def detect(self, pattern: NDArray[np.float32], photons: float, rng: np.random.Generator) -> NDArray[np.uint16]:
        """The counts of a noise-free pattern that holds `photons` on the sensitive area; NaN stands for none."""
        ...

    def truth(self) -> Truth:
        """Parameters of data set, run and shot as they are stored; `row_shift` and `column_shift` among them."""
        ...


def helium_shot(
    labels: frozenset[str], conditions: HeliumConditions, seed: int, index: int, device: str | torch.device = "cpu"
) -> Shot:
    """Simulate a shot below which a person writes `labels`.

    Args:
        labels: the given label set.
        conditions: of the run and the shot.
        seed: of the series of shots.
        index: number of the shot in the series.
        device: where fields are computed.

    Returns:
        The shot with its given labels; its truth holds the true ones as the bits of `true_labels`, class c in bit c,
        and everything that `rebuild.pattern_from_truth` needs.

    Raises:
        AirybenchError: as `realise`.
    """
    energy, frame = conditions.photon_energy, conditions.frame
    scene = realise(labels, energy, frame, seed, index, size=conditions.size, device=device)
    pattern = render(scene.members, energy, frame.geometry)
    image = conditions.detect(pattern, scene.photons, shot_generator(seed, index, Stream.NOISE))
    bits = packed(scene.labels, HELIUM_CLASSES)
    truth = conditions.truth() | scene.truth | {"photons": scene.photons, TRUE_LABELS: bits}
    return Shot(image, labels, energy, truth)
