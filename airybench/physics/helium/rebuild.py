"""From the stored truth of a helium shot back to its noise-free pattern (version 2 of the simulator)."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.physics.helium import natural, shapes
from airybench.physics.helium.draw import Illumination, SceneDroplet, illuminate, render
from airybench.physics.helium.neighbours import place
from airybench.physics.helium.shapes import DropletShape
from airybench.physics.optics.geometry import Geometry


def scene_from_truth(
    truth: Mapping[str, float], photon_energy: float, device: str | torch.device = "cpu"
) -> list[SceneDroplet]:
    """The droplets of a shot, the main one first; none if it is empty.

    Args:
        truth: one value for each parameter, as in `/truth`.
        photon_energy: eV, as in the store.
        device: where fields are computed; another kind than that of the simulation may differ in the last bits.
    """
    optical = float(truth["absorption"]), torch.device(device), float(truth["refraction"])
    light = Illumination(photon_energy, *optical)
    scene: list[SceneDroplet] = []
    if not int(truth["shape"]):
        return scene
    scene.append(_droplet("", truth, light))
    for prefix in ("companion_", "double_", "newton_"):
        if not int(truth[f"{prefix}shape"]):
            continue
        if prefix == "double_":
            twin = illuminate(shapes.scaled(scene[0].droplet, float(truth["double_ratio"])), light)
            member = replace(twin, coherent=bool(truth["double_coherent"]))
        else:
            member = _droplet(prefix, truth, light)
        position = np.array([truth[f"{prefix}{axis}"] for axis in "xyz"], dtype=np.float64)
        place(scene, prefix, member, position, float(truth[f"{prefix}field"]), {})
    return scene


def pattern_from_truth(
    truth: Mapping[str, float], photon_energy: float, device: str | torch.device = "cpu"
) -> NDArray[np.float32]:
    """The noise-free pattern of a shot, on the pixels of its image; arguments as for `scene_from_truth`.

    Returns:
        Intensity on the scale of the field, float32, shape (259, 259); zero for an empty shot.
    """
    scene = scene_from_truth(truth, photon_energy, device)
    geometry = Geometry(row_shift=float(truth["row_shift"]), column_shift=float(truth["column_shift"]))
    return render(scene, photon_energy, geometry)


def _droplet(prefix: str, truth: Mapping[str, float], light: Illumination) -> SceneDroplet:
    names = ("radius", "axis_ratio", "delta", "azimuth", "middle", "spin")
    numbers = (float(truth[prefix + name]) for name in names)
    return illuminate(natural.make_droplet(DropletShape(int(truth[f"{prefix}shape"])), *numbers), light)
