"""The pattern of a sphere against the closed form and against Mie theory."""

from collections.abc import Callable

import miepython
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.signal import argrelextrema

from airybench.figures.style import BLUE, GREEN, GREY, ORANGE, new_figure
from airybench.physics.optics.bodies import Ellipsoid
from airybench.physics.optics.geometry import Geometry, wavenumber
from airybench.physics.optics.interference import intensity
from airybench.physics.optics.scattering import born_field

Line = NDArray[np.float64]

FINE = 4
"""Lines through patterns are computed on pixels this many times finer, to locate minima within a pixel."""

SPHERES = [(200.0, 21.0), (332.0, 21.0), (500.0, 21.0), (200.0, 33.0), (332.0, 33.0), (500.0, 33.0)]
"""Radius in nm and photon energy in eV."""


def half_axis(radius: float, energy: float) -> tuple[Line, Line]:
    """Distance from the centre in pixels, and the simulated intensity of a transparent sphere there."""
    fine = Geometry(size=258 * FINE + 1)
    pattern = intensity(born_field([Ellipsoid((radius,) * 3)], energy, Geometry()).at(fine)).numpy()
    middle = 129 * FINE
    return np.arange(middle + 1) / FINE, pattern[middle, middle:].astype(np.float64)


def angles(pixels: Line) -> Line:
    """Scattering angle in radians."""
    return np.arctan(pixels / 129 * np.tan(np.radians(30)))


def closed_form(radius: float, energy: float, pixels: Line) -> Line:
    """|V 3 (sin u - u cos u) / u^3|^2, u = 2 k R sin(theta/2)."""
    u = np.maximum(2 * wavenumber(energy) * radius * np.sin(angles(pixels) / 2), 1e-2)
    return (4 / 3 * np.pi * radius**3) ** 2 * (3 * (np.sin(u) - u * np.cos(u)) / u**3) ** 2


def mie(radius: float, energy: float, pixels: Line) -> Line:
    """Mean of both polarisations of a sphere of index 1.001, the factor 1 + cos^2 divided out."""
    theta = angles(pixels)
    first, second = miepython.S1_S2(1.001, wavenumber(energy) * radius, np.cos(theta))
    return (np.abs(first) ** 2 + np.abs(second) ** 2) / (1 + np.cos(theta) ** 2)


def extrema(values: Line, kind: Callable[..., NDArray[np.bool_]]) -> NDArray[np.int64]:
    """Indices of the local extrema of a line."""
    return argrelextrema(values, kind, order=3)[0]


def sphere() -> Figure:
    """A sphere against the closed form and Mie theory."""
    figure = new_figure(7.4, 3.6)
    left, top, bottom = _one_and_two(figure)
    pixels, simulated = half_axis(332.0, 21.0)
    expected, exact = closed_form(332.0, 21.0, pixels), mie(332.0, 21.0, pixels)
    scale = expected[1]
    left.semilogy(pixels, expected / scale, color=ORANGE, lw=3.2, alpha=0.55, label="closed form")
    left.semilogy(pixels, exact / exact[1], color=GREEN, lw=1.4, ls=(0, (4, 2)), label="Mie, n = 1.001")
    left.semilogy(pixels, simulated / scale, color=BLUE, lw=0.9, label="simulated")
    for minimum in (28.6, 49.8, 71.6, 94.7, 119.9):
        left.axvline(minimum, color=GREY, lw=0.5, ls=":")
    left.set_ylim(1e-9, 2)
    left.set_xlim(0, 129)
    left.set_xlabel("distance from the centre (px)")
    left.set_ylabel("intensity / forward")
    left.legend(loc="upper right")
    left.set_title("Sphere, R = 332 nm, 21 eV")
    worst = {"minima": 0.0, "maxima": 0.0, "mie": 0.0}
    for number, (radius, energy) in enumerate(SPHERES):
        pixels, simulated = half_axis(radius, energy)
        expected, exact = closed_form(radius, energy, pixels), mie(radius, energy, pixels)
        inside = slice(0, -2 * FINE)
        below = np.degrees(angles(pixels)) < 20
        lows = extrema(simulated[inside], np.less)
        miss = pixels[lows] - pixels[extrema(expected[inside], np.less)]
        miss_mie = pixels[extrema(simulated[below], np.less)] - pixels[extrema(exact[below], np.less)]
        highs = extrema(expected[inside], np.greater)
        excess = 100 * (simulated[extrema(simulated[inside], np.greater)] / expected[highs] - 1)
        look = {"color": BLUE if energy < 25 else ORANGE, "marker": "os^"[number % 3], "ls": "", "ms": 3.5}
        top.plot(pixels[lows], miss, **look, label=f"{radius:g} nm, {energy:g} eV")
        bottom.plot(pixels[highs], excess, **look)
        for name, values in (("minima", miss), ("maxima", excess), ("mie", miss_mie)):
            worst[name] = max(worst[name], float(np.abs(values).max(initial=0)))
    _limit(top, 0.5)
    _limit(bottom, 3.0)
    bottom.set_ylim(-7.5, 4)
    top.set_ylabel("error of minima (px)")
    bottom.set_ylabel("error of maxima (%)")
    bottom.set_xlabel("distance from the centre (px)")
    top.tick_params(labelbottom=False)
    top.set_title("Against the closed form")
    bottom.legend(*top.get_legend_handles_labels(), loc="lower left", fontsize=6.5, ncols=2, handletextpad=0.1)
    print(
        f"sphere: minima within {worst['minima']:.2f} px, maxima within {worst['maxima']:.2f} %, minima of Mie theory "
        f"below 20 degrees within {worst['mie']:.2f} px"
    )
    return figure


def _one_and_two(figure: Figure) -> tuple[Axes, Axes, Axes]:
    grid = figure.add_gridspec(2, 2, width_ratios=(1.15, 1))
    top = figure.add_subplot(grid[0, 1])
    return figure.add_subplot(grid[:, 0]), top, figure.add_subplot(grid[1, 1], sharex=top)


def _limit(axes: Axes, limit: float) -> None:
    axes.axhline(0, color=GREY, lw=0.6)
    for side in (-limit, limit):
        axes.axhline(side, color=GREY, lw=0.8, ls="--")
    axes.set_ylim(-1.25 * limit, 1.25 * limit)
    axes.set_xlim(0, 129)
