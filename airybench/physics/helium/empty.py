"""Shots without a hit (version 2 of the simulator): stray light alone, or with it a droplet below the hit threshold.

Far from the axis of the focus there is more room and less light, dN/du ~ 1/u, and nothing in nature ends at the hit
threshold: below it droplets are as frequent in every decade of photons as above. A person calls such a shot Empty.
"""

import numpy as np

from airybench.physics.helium import natural
from airybench.physics.helium.brightness import PHOTON_RANGE
from airybench.physics.helium.draw import Illumination, SceneDroplet, illuminate
from airybench.physics.helium.truth import Truth, about
from airybench.physics.helium.visibility import apparent_aspect
from airybench.physics.optics.random import log_uniform
from airybench.physics.stored import stored

DIM_SHARE = 0.5
"""[A] Share of Empty shots that hold a droplet below the hit threshold."""

DIM_FROM = 30.0
"""[A] Fewest photons of such a droplet on the sensitive area; log-uniform up to the hit threshold."""


def draw_empty(radius: float, light: Illumination, rng: np.random.Generator) -> tuple[tuple[SceneDroplet, ...], float]:
    """The droplet of a shot without a hit, if there is one, and its photons.

    Args:
        radius: volume-equivalent, of the droplet, nm.
        light: the beam and its absorption.
        rng: of all parameters.

    Returns:
        One droplet and its photons on the sensitive area; or no droplet and NaN.
    """
    if rng.random() >= DIM_SHARE:
        return (), np.nan
    photons = stored(log_uniform(rng, DIM_FROM, PHOTON_RANGE[0]))
    return (illuminate(natural.droplet_of(natural.draw_spheroids(rng, radius, count=1), 0, rng), light),), photons


def about_empty(members: tuple[SceneDroplet, ...]) -> Truth:
    """The parameters of the droplet of a shot without a hit, by name; none without a droplet."""
    return {
        name: value
        for member in members
        for name, value in (about("", member) | {"aspect": stored(apparent_aspect(member.droplet))}).items()
    }
