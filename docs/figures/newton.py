"""Newton's rings: where their centre lies, predicted and measured."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter

from airybench.figures.style import BLUE, GREY, ORANGE, PATTERN_COLORS, new_figure
from airybench.physics.optics.bodies import Ellipsoid
from airybench.physics.optics.geometry import Geometry
from airybench.physics.optics.interference import coherent_sum, incoherent_sum
from airybench.physics.optics.scattering import born_field


def newton() -> Figure:
    """Predicted and measured centres of Newton's rings."""
    rng = np.random.default_rng(3)
    geometry, energy = Geometry(), 25.0
    field = born_field([Ellipsoid((300.0,) * 3)], energy, geometry).at(geometry)
    predicted, measured, shown = [], [], None
    for _ in range(10):
        dz = rng.uniform(5_000, 20_000) * rng.choice([-1, 1])
        angle, turn = np.radians(rng.uniform(5, 20)), rng.uniform(0, 2 * np.pi)
        dx, dy = (-dz * np.tan(angle) * value for value in (np.cos(turn), np.sin(turn)))
        both = coherent_sum([field, field], [(0, 0, 0), (dx, dy, dz)], energy, geometry)
        fringes = (both / incoherent_sum([field, field]) - 1).numpy().astype(np.float64)
        # A pattern even about c has its self-convolution peak at 2 c; only the wide inner rings are exact circles.
        peak = np.fft.ifft2(np.fft.fft2(gaussian_filter(fringes, 4), (520, 520)) ** 2).real
        row, column = (value / 2 for value in np.unravel_index(peak.argmax(), peak.shape))
        measured.append((column - 129, row - 129))
        predicted.append((-dx / dz * geometry.distance, -dy / dz * geometry.distance))
        if shown is None:
            shown = both.numpy()
    error = np.array(measured) - np.array(predicted)
    figure = new_figure(7.4, 2.9)
    left, middle, right = figure.subplots(1, 3)
    assert shown is not None
    left.imshow(
        shown, cmap=PATTERN_COLORS, norm=LogNorm(*np.percentile(shown, (3, 99.5))), extent=(-129, 129, 129, -129)
    )
    left.plot(*predicted[0], "+", color="white", ms=13, mew=1.2)
    left.set_title("One of the ten")
    left.set_xticks([-100, 0, 100])
    left.set_yticks([-100, 0, 100])
    middle.plot(*np.array(predicted).T, "+", color=ORANGE, ms=9, mew=1.5, label="predicted")
    middle.plot(*np.array(measured).T, "o", color=BLUE, ms=5, mfc="none", label="measured")
    for degrees in (5, 20):
        _circle(middle, geometry.distance * np.tan(np.radians(degrees)), f"{degrees}°")
    middle.set_xlim(-100, 100)
    middle.set_ylim(100, -100)
    middle.set_aspect("equal")
    middle.legend(loc="upper left", fontsize=7, handletextpad=0.1)
    middle.set_title("Ring centres (px)")
    _circle(right, 2.0, "2 px")
    right.plot(*error.T, "o", color=BLUE, ms=4)
    right.plot(0, 0, "+", color=ORANGE, ms=9, mew=1.5)
    right.set_xlim(-2.4, 2.4)
    right.set_ylim(2.4, -2.4)
    right.set_aspect("equal")
    right.set_title("Difference (px)")
    print(
        f"newton: ten centres within {np.hypot(*error.T).max():.2f} px, {np.hypot(*error.T).mean():.2f} px on average"
    )
    return figure


def _circle(axes: Axes, radius: float, name: str) -> None:
    turn = np.linspace(0, 2 * np.pi, 200)
    axes.plot(radius * np.cos(turn), radius * np.sin(turn), color=GREY, lw=0.7, ls="--")
    axes.text(0, radius, name, color=GREY, fontsize=7, ha="center", va="top")
