"""The truth of a helium shot (version 2 of the simulator): every parameter that its noise-free pattern depends on."""

import numpy as np

from airybench.physics.helium.draw import SceneDroplet
from airybench.physics.shot import Truth

__all__ = ["PREFIXES", "Truth", "about", "no_truth"]

PREFIXES = ("", "companion_", "double_", "newton_")
"""What the names of the parameters of a droplet begin with: the main one, pill or spheroid beside it, the second
droplets of double rings and of Newton's rings."""

_OF_A_DROPLET = ("radius", "axis_ratio", "middle", "spin", "delta", "azimuth", "odd_part", "ring_ratio")
_OF_A_PLACE = ("x", "y", "z", "field")


def no_truth() -> Truth:
    """The truth of a shot without droplets."""
    return (
        {f"{prefix}shape": 0 for prefix in PREFIXES}
        | {prefix + name: np.nan for prefix in PREFIXES for name in _OF_A_DROPLET}
        | {prefix + name: np.nan for prefix in PREFIXES[1:] for name in _OF_A_PLACE}
        | {"absorption": np.nan, "refraction": np.nan, "aspect": np.nan, "redraws": 0}
        | {"double_coherent": -1, "double_ratio": np.nan, "double_gap": np.nan}
    )


def about(prefix: str, member: SceneDroplet) -> Truth:
    """The parameters of one droplet, by name."""
    droplet = member.droplet
    return {
        f"{prefix}shape": int(droplet.shape),
        f"{prefix}radius": droplet.radius,
        f"{prefix}axis_ratio": droplet.axis_ratio,
        f"{prefix}middle": droplet.middle,
        f"{prefix}spin": droplet.spin,
        f"{prefix}delta": droplet.delta,
        f"{prefix}azimuth": droplet.azimuth,
        f"{prefix}odd_part": member.odd_part,
        f"{prefix}ring_ratio": member.ring_ratio,
    }
