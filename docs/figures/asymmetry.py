"""What makes a pattern uneven: the tilt of a droplet, and dropping q_z."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from airybench.figures.style import BLUE, GREEN, GREY, ORANGE, PATTERN_COLORS, PURPLE, new_figure
from airybench.physics.helium import label_rules
from airybench.physics.optics.bodies import CappedCylinder, ConvexBody, Ellipsoid, tilted
from airybench.physics.optics.geometry import THETA_MAX_SMALL, Geometry
from airybench.physics.optics.interference import intensity
from airybench.physics.optics.measures import odd_part
from airybench.physics.optics.scattering import born_field
from airybench.physics.small_angle.particles import icosahedron, magnetosome_chain, rice_grain


def odd() -> Figure:
    """The odd part against the tilt."""
    geometry, energy = Geometry(size=129), 25.0
    deltas = np.arange(0, 91, 5.0)

    def measured(part: Callable[[float], ConvexBody], absorption: float) -> list[float]:
        found = []
        for delta in deltas:
            field = born_field([part(delta)], energy, geometry, azimuth=30.0, absorption=absorption).at(geometry)
            found.append(odd_part(intensity(field).numpy(), geometry))
        return found

    def prolate(delta: float) -> ConvexBody:
        return CappedCylinder(211.0, 422.0, tilted(delta))

    def oblate(delta: float) -> ConvexBody:
        return Ellipsoid((300 * 0.7 ** (2 / 3), *(300 * 0.7 ** (-1 / 3),) * 2), tilted(delta))

    figure = new_figure(7.4, 3.3)
    grid = figure.add_gridspec(3, 2, width_ratios=(4, 1))
    curve = figure.add_subplot(grid[:, 0])
    kinds = (("prolate, long/short 2", prolate, "o", BLUE), ("oblate, c/a 0.7", oblate, "s", ORANGE))
    for name, part, marker, color in kinds:
        for absorption, line, how in ((0.0, "-", "transparent"), (1 / 80, (0, (3, 2)), "L = 80 nm")):
            values = measured(part, absorption)
            curve.plot(deltas, values, marker, color=color, ls=line, ms=3.5, label=f"{name}, {how}")
            print(f"odd: {name}, {how}: A({deltas[6]:g} deg) = {values[6]:.3f}, largest {max(values):.3f}")
    thresholds = (
        (label_rules.SYMMETRIC, "Round, Elliptical: below"), (label_rules.ASYMMETRIC, "Asymmetric, Bent: above"),
        (label_rules.STRONGLY_ASYMMETRIC, "both at once: above"),
    )  # fmt: skip
    for level, meaning in thresholds:
        curve.plot((0, 90), (level, level), color=GREY, lw=0.8, ls=":")
        curve.text(91, level, meaning, color=GREY, fontsize=7, va="center")
    curve.set_xlim(0, 124)
    curve.set_xticks(range(0, 91, 15))
    curve.set_ylim(0, None)
    curve.set_xlabel("symmetry axis out of the detector plane, δ (degrees)")
    curve.set_ylabel("odd part A")
    curve.legend(loc="upper left", fontsize=7)
    curve.set_title("Tilt and the curved Ewald sphere make the odd part")
    for row, delta in enumerate((0.0, 30.0, 55.0)):
        pattern = intensity(born_field([prolate(delta)], energy, Geometry(), azimuth=30.0).at(Geometry())).numpy()
        picture = figure.add_subplot(grid[row, 1])
        picture.imshow(pattern, cmap=PATTERN_COLORS, norm=LogNorm(*np.percentile(pattern, (20, 99.5))))
        picture.set_axis_off()
        picture.set_title(f"prolate, δ = {delta:g}°", fontsize=7, fontweight="normal", loc="center", pad=2)
    return figure


def ewald() -> Figure:
    """What dropping q_z costs for compact particles and for long chains along the beam."""
    geometry = Geometry(size=129, theta_max=THETA_MAX_SMALL)

    def chain(cubes: int) -> Callable[[float], Sequence[ConvexBody]]:
        edges, gaps = np.full(cubes, 47.0), np.full(cubes - 1, 8.0)
        return lambda delta: magnetosome_chain(edges, gaps, 0.0, 0.12, np.full(cubes, 20.0), tilted(delta))

    kinds: list[tuple[str, Callable[[float], Sequence[ConvexBody]], str, str]] = [
        ("Magnetosome, 8 cubes, 432 nm", chain(8), "o", ORANGE),
        ("Magnetosome, 4 cubes, 212 nm", chain(4), "s", PURPLE),
        ("Nanorice, 200 nm", lambda delta: rice_grain(200.0, 50.0, tilted(delta)), "^", GREEN),
        ("PBCV-1, 190 nm", lambda delta: icosahedron(190.0, tilted(delta)), "D", BLUE),
    ]
    deltas = np.array([0.0, 15, 30, 45, 60, 75, 90])
    figure = new_figure(7.4, 3.2)
    grid = figure.add_gridspec(1, 3, width_ratios=(2.2, 1, 1))
    axes = figure.add_subplot(grid[0])
    pictures: list[NDArray[np.float32]] = []
    for name, body, marker, color in kinds:
        errors = []
        for delta in deltas:
            flat, curved = (
                intensity(born_field(body(delta), 1200.0, geometry, flat_ewald=drop).at(geometry)).numpy()
                for drop in (True, False)
            )
            seen = (geometry.radius() >= 0.5) & (geometry.radius() <= 1)
            errors.append(np.abs(flat - curved)[seen].sum() / (flat + curved)[seen].sum())
            if not pictures and delta == 90:
                pictures = [flat, curved]
        axes.plot(deltas, errors, marker, color=color, ls="-", ms=4, lw=1, label=name)
        print(
            f"ewald: {name}: {errors[0]:.3f} across the beam, {errors[3]:.3f} at 45 degrees, {errors[-1]:.3f} along it"
        )
    axes.set_xlabel("long axis out of the detector plane (degrees)")
    axes.set_xticks(range(0, 91, 15))
    axes.set_ylabel("Σ|flat - curved| / Σ(flat + curved)\nover 1.5° to 3°")
    axes.set_ylim(0, None)
    axes.legend(loc="upper left", fontsize=7)
    axes.set_title("Dropping $q_z$ at 1200 eV, 3°")
    norm = LogNorm(*np.percentile(pictures[0], (15, 99.8)))
    for column, (picture, name) in enumerate(zip(pictures, ("flat (as simulated)", "curved"), strict=True)):
        panel = figure.add_subplot(grid[column + 1])
        panel.imshow(picture, cmap=PATTERN_COLORS, norm=norm)
        panel.set_axis_off()
        panel.set_title(f"8 cubes along the beam:\n{name}", fontsize=7.5, fontweight="normal")
    return figure
