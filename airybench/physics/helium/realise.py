"""From a label set to a scene in a given run (version 2 of the simulator)."""

import torch

from airybench.errors import AirybenchError
from airybench.physics.helium import label_rules
from airybench.physics.helium.absorption import draw_absorption
from airybench.physics.helium.draw import Illumination, UnfitError
from airybench.physics.helium.scene import HeliumScene, Request, draw_scene
from airybench.physics.helium.visibility import Frame
from airybench.physics.optics.random import Stream, shot_generator
from airybench.physics.stored import stored

REFRACTION = 0.0
"""[A] m - 1, the refractive index of the droplets less 1; 0 leaves refraction out."""

RADII_TRIED = 40
"""Radii drawn for one label set; over the second half of them the person sees whatever the labels name."""


def realise(
    labels: frozenset[str],
    photon_energy: float,
    frame: Frame,
    seed: int,
    index: int,
    *,
    size: float = 1.0,
    device: str | torch.device = "cpu",
) -> HeliumScene:
    """Draw the droplets of a shot.

    Args:
        labels: the given label set.
        photon_energy: eV; a number that float32 holds, so that the stored one makes the same pattern again.
        frame: where the pattern falls, and how much stray light is there.
        seed: of the series of shots.
        index: number of the shot in the series.
        size: factor on the radii of the run.
        device: where fields are computed.

    Raises:
        AirybenchError: no droplets show the labels that were drawn, which has not happened for any label set.
    """
    rng = shot_generator(seed, index, Stream.PARAMETERS)
    law = label_rules.radius_law(labels)
    for tried in range(RADII_TRIED):
        radius = stored(size * label_rules.draw_radius(rng, law))
        light = Illumination(photon_energy, draw_absorption(rng, photon_energy), torch.device(device), REFRACTION)
        try:
            scene = draw_scene(Request(labels, light, frame, insist=tried >= RADII_TRIED // 2), radius, rng)
        except UnfitError:
            continue
        scene.truth["law_radius"] = radius if scene.members else float("nan")
        scene.truth["redraws_of_radius"] = tried
        return scene
    raise AirybenchError(
        f"shot {index} of seed {seed}: no droplet of {RADII_TRIED} radii shows {'+'.join(sorted(labels))}. "
        "This is a defect of the simulator: please report it, and use another seed."
    )
