"""Helium droplets of both versions of the simulator: what their labels leave of nature."""

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from airybench.figures.style import BLUE, GREY, ORANGE, new_figure
from airybench.inference.ceiling import label_ceiling
from airybench.physics.helium.labeller import ODD_SPHEROID, RING_RATIO
from airybench.physics.helium.realise import realise
from airybench.physics.helium.shot import PHOTON_ENERGY
from airybench.physics.helium.visibility import Frame
from airybench.physics.label_bits import pack
from airybench.physics.optics.geometry import Geometry
from airybench.physics.optics.random import Stream, shot_generator
from airybench.physics.populations import HELIUM_CLASSES, draw_helium_labels
from airybench.physics.simulate import simulate
from airybench.physics.stored import stored

SHOTS = 1000
SEED = 1612
STRAY = 0.1
"""Stray photons per pixel, everywhere."""


def natural() -> Figure:
    """Tilt, odd part, ring ratio and photons of the droplets of both versions, same seed."""
    first, second, answers = _first(), *_second()
    given, true = answers
    print(f"natural: {np.mean((given != true).any(axis=1)):.1%} of the shots have other true labels than given ones")
    ceiling = label_ceiling(true, given, HELIUM_CLASSES, "multilabel")
    print(f"natural: label ceiling macro_ap {ceiling['macro_ap']:.3f}, exact match {ceiling['exact_match']:.3f}")
    wrong = {name: f"{share:.2%}" for name, share in zip(HELIUM_CLASSES, (given != true).mean(axis=0), strict=True)}
    print(f"natural: wrong answers by class: {wrong}; {len(np.unique(pack(true)))} true label sets")
    figure = new_figure(7.4, 4.6)
    axes = figure.subplots(2, 2).flatten()
    panels = (
        ("delta", "symmetry axis out of the detector plane, δ (degrees)", np.linspace(0, 90, 31), ()),
        ("odd_part", "odd part A", np.linspace(0, 0.6, 41), (ODD_SPHEROID[0],)),
        ("ring_ratio", "ring axis ratio of spheroids", np.linspace(1, 1.4, 41), (RING_RATIO[0],)),
    )
    for axis, (name, label, edges, thresholds) in zip(axes, panels, strict=False):
        for values, color, version in ((first, ORANGE, "version 1"), (second, BLUE, "version 2")):
            known = values[name][np.isfinite(values[name])]
            axis.hist(known, edges, histtype="step", color=color, label=version)
        for threshold in thresholds:
            axis.axvline(threshold, color=GREY, lw=0.8, ls=":")
        axis.set(xlabel=label, ylabel="shots")
        if name != "delta":
            axis.set_yscale("log")
    for values, color in ((first, ORANGE), (second, BLUE)):
        axes[3].loglog(values["radius"], values["photons"], ".", color=color, ms=2)
    axes[3].set(xlabel="volume-equivalent radius (nm)", ylabel="photons on the sensitive area")
    axes[0].legend(loc="upper left")
    return figure


def _first() -> dict[str, NDArray[np.float64]]:
    truth = simulate("helium", range(SHOTS), SEED, version=1).truth
    return {name: truth[name].astype(np.float64) for name in ("delta", "odd_part", "ring_ratio", "radius", "photons")}


def _second() -> tuple[dict[str, NDArray[np.float64]], tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Truth of version 2, and given and true labels; no detector is needed for either."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    geometry = Geometry()
    frame = Frame(geometry, geometry.radius() >= 0.2, np.full((geometry.size, geometry.size), STRAY, np.float32))
    scenes, given = [], []
    for index in range(SHOTS):
        given.append(draw_helium_labels(shot_generator(SEED, index, Stream.LABELS)))
        energy = stored(shot_generator(SEED, index, Stream.DETECTOR).uniform(*PHOTON_ENERGY))
        scenes.append(realise(given[-1], energy, frame, SEED, index))
    torch.set_num_threads(threads)
    truth = [scene.truth | {"photons": scene.photons} for scene in scenes]
    names = ("delta", "odd_part", "ring_ratio", "radius", "photons")
    return (
        {name: np.array([one[name] for one in truth], dtype=np.float64) for name in names},
        (_table(given), _table([scene.labels for scene in scenes])),
    )


def _table(labels: list[frozenset[str]]) -> NDArray[np.uint8]:
    return np.array([[name in found for name in HELIUM_CLASSES] for found in labels], np.uint8)
