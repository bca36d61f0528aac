"""Draws every figure of docs/physics.md again, and prints the numbers that stand in its text.

    python docs/figures.py [NAME ...] [--output FOLDER]

Without names all of them. Needs the `dev` extra (miepython). The galleries and the counts are those of the simulated
stores of 7264 helium and 1024 cxidb shots, which are made in the data folder when they are not there: six minutes.
"""

import argparse
import io
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import miepython
import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from scipy import stats
from scipy.ndimage import gaussian_filter
from scipy.signal import argrelextrema

from airybench.cli.show.console import ConsoleReporter
from airybench.data.datasets.simulated import simulated_store
from airybench.data.store.store import Store
from airybench.figures.gallery import store_gallery
from airybench.figures.style import BLUE, GREEN, GREY, ORANGE, PATTERN_COLORS, PURPLE, STYLE, new_figure
from airybench.physics.helium import labels as rules
from airybench.physics.optics import detector
from airybench.physics.optics.geometry import THETA_MAX_SMALL, Geometry, wavenumber
from airybench.physics.optics.interference import coherent_sum, incoherent_sum, intensity
from airybench.physics.optics.measures import odd_part
from airybench.physics.optics.particles import CappedCylinder, Ellipsoid, Part, tilted
from airybench.physics.optics.random import Stream, shot_generator
from airybench.physics.optics.scattering import born_field
from airybench.physics.populations import draw_helium_labels, helium_label_sets
from airybench.physics.small_angle.particles import icosahedron, magnetosome_chain, rice_grain

Line = NDArray[np.float64]

FINE = 4
"""Lines through patterns are computed on pixels this many times finer, to place a minimum within one."""

SPHERES = [(200.0, 21.0), (332.0, 21.0), (500.0, 21.0), (200.0, 33.0), (332.0, 33.0), (500.0, 33.0)]
"""Radius in nm and photon energy in eV."""

SEED = 1612
HELIUM_SHOTS, CXIDB_SHOTS = 7264, 1024


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
    """Where a line has local extrema."""
    return argrelextrema(values, kind, order=3)[0]


def sphere() -> Figure:
    """A sphere against the closed form and Mie theory."""
    figure = new_figure(7.4, 3.6)
    left, top, bottom = _one_and_two(figure)
    pixels, found = half_axis(332.0, 21.0)
    expected, exact = closed_form(332.0, 21.0, pixels), mie(332.0, 21.0, pixels)
    scale = expected[1]
    left.semilogy(pixels, expected / scale, color=ORANGE, lw=3.2, alpha=0.55, label="closed form")
    left.semilogy(pixels, exact / exact[1], color=GREEN, lw=1.4, ls=(0, (4, 2)), label="Mie, n = 1.001")
    left.semilogy(pixels, found / scale, color=BLUE, lw=0.9, label="simulated")
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
        pixels, found = half_axis(radius, energy)
        expected, exact = closed_form(radius, energy, pixels), mie(radius, energy, pixels)
        inside = slice(0, -2 * FINE)
        below = np.degrees(angles(pixels)) < 20
        lows = extrema(found[inside], np.less)
        miss = pixels[lows] - pixels[extrema(expected[inside], np.less)]
        miss_mie = pixels[extrema(found[below], np.less)] - pixels[extrema(exact[below], np.less)]
        highs = extrema(expected[inside], np.greater)
        excess = 100 * (found[extrema(found[inside], np.greater)] / expected[highs] - 1)
        look = {"color": BLUE if energy < 25 else ORANGE, "marker": "os^"[number % 3], "ls": "", "ms": 3.5}
        top.plot(pixels[lows], miss, **look, label=f"{radius:g} nm, {energy:g} eV")
        bottom.plot(pixels[highs], excess, **look)
        for name, values in (("minima", miss), ("maxima", excess), ("mie", miss_mie)):
            worst[name] = max(worst[name], float(np.abs(values).max(initial=0)))
    _limit(top, 0.5)
    _limit(bottom, 3.0)
    bottom.set_ylim(-7.5, 4)
    top.set_ylabel("minima off by (px)")
    bottom.set_ylabel("maxima off by (%)")
    bottom.set_xlabel("distance from the centre (px)")
    top.tick_params(labelbottom=False)
    top.set_title("Against the closed form")
    bottom.legend(*top.get_legend_handles_labels(), loc="lower left", fontsize=6.5, ncols=2, handletextpad=0.1)
    print(
        f"sphere: minima within {worst['minima']:.2f} px, maxima within {worst['maxima']:.2f} %, minima of Mie theory "
        f"below 20 degrees within {worst['mie']:.2f} px"
    )
    return figure


def newton() -> Figure:
    """Where the centre of Newton's rings lies, predicted and found."""
    rng = np.random.default_rng(3)
    geometry, energy = Geometry(), 25.0
    field = born_field([Ellipsoid((300.0,) * 3)], energy, geometry).at(geometry)
    predicted, found, shown = [], [], None
    for _ in range(10):
        dz = rng.uniform(5_000, 20_000) * rng.choice([-1, 1])
        angle, turn = np.radians(rng.uniform(5, 20)), rng.uniform(0, 2 * np.pi)
        dx, dy = (-dz * np.tan(angle) * value for value in (np.cos(turn), np.sin(turn)))
        both = coherent_sum([field, field], [(0, 0, 0), (dx, dy, dz)], energy, geometry)
        fringes = (both / incoherent_sum([field, field]) - 1).numpy().astype(np.float64)
        # A pattern even about c has its self-convolution peak at 2 c; only the wide inner rings are quite circles.
        peak = np.fft.ifft2(np.fft.fft2(gaussian_filter(fringes, 4), (520, 520)) ** 2).real
        row, column = (value / 2 for value in np.unravel_index(peak.argmax(), peak.shape))
        found.append((column - 129, row - 129))
        predicted.append((-dx / dz * geometry.distance, -dy / dz * geometry.distance))
        if shown is None:
            shown = both.numpy()
    away = np.array(found) - np.array(predicted)
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
    middle.plot(*np.array(found).T, "o", color=BLUE, ms=5, mfc="none", label="found")
    for degrees in (5, 20):
        _circle(middle, geometry.distance * np.tan(np.radians(degrees)), f"{degrees}°")
    middle.set_xlim(-100, 100)
    middle.set_ylim(100, -100)
    middle.set_aspect("equal")
    middle.legend(loc="upper left", fontsize=7, handletextpad=0.1)
    middle.set_title("Ring centres (px)")
    _circle(right, 2.0, "2 px")
    right.plot(*away.T, "o", color=BLUE, ms=4)
    right.plot(0, 0, "+", color=ORANGE, ms=9, mew=1.5)
    right.set_xlim(-2.4, 2.4)
    right.set_ylim(2.4, -2.4)
    right.set_aspect("equal")
    right.set_title("Found - predicted (px)")
    print(f"newton: ten centres within {np.hypot(*away.T).max():.2f} px, {np.hypot(*away.T).mean():.2f} px on average")
    return figure


def odd() -> Figure:
    """The odd part against the tilt."""
    geometry, energy = Geometry(size=129), 25.0
    deltas = np.arange(0, 91, 5.0)

    def measured(part: Callable[[float], Part], absorption: float) -> list[float]:
        found = []
        for delta in deltas:
            field = born_field([part(delta)], energy, geometry, azimuth=30.0, absorption=absorption).at(geometry)
            found.append(odd_part(intensity(field).numpy(), geometry))
        return found

    def prolate(delta: float) -> Part:
        return CappedCylinder(211.0, 422.0, tilted(delta))

    def oblate(delta: float) -> Part:
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
        (rules.SYMMETRIC, "Round, Elliptical: below"), (rules.ASYMMETRIC, "Asymmetric, Bent: above"),
        (rules.STRONGLY_ASYMMETRIC, "both at once: above"),
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


def poisson() -> Figure:
    """Variance over mean of the Poisson stage."""
    rng = np.random.default_rng(0)
    expected = np.exp(rng.uniform(np.log(0.2), np.log(2000), (64, 64))).astype(np.float32)
    shots = np.array([detector.detect_photons(expected, rng) for _ in range(2000)])
    ratio = (shots.var(axis=0, ddof=1) / shots.mean(axis=0)).ravel()
    figure = new_figure(7.4, 2.7)
    left, right = figure.subplots(1, 2, width_ratios=(1.6, 1))
    left.semilogx(expected.ravel(), ratio, ".", color=BLUE, ms=1.5, alpha=0.4, rasterized=True)
    edges = np.geomspace(0.2, 2000, 9)
    bins = np.digitize(expected.ravel(), edges) - 1
    means = np.array([ratio[bins == b].mean() for b in range(8)])
    left.plot(np.sqrt(edges[1:] * edges[:-1]), means, "o", color=ORANGE, ms=5, label="mean of an eighth")
    for limit in (0.97, 1.03):
        left.axhline(limit, color=GREY, lw=0.8, ls="--")
    left.set_xlabel("photons expected in a pixel")
    left.set_ylabel("variance / mean over 2000 shots")
    left.legend(loc="upper right")
    left.set_title("Poisson stage, 64 x 64 pixels")
    # (n - 1) var / mean is chi-square distributed with n - 1 degrees of freedom where counts are large.
    grid = np.linspace(0.88, 1.12, 200)
    right.hist(ratio, bins=40, range=(0.88, 1.12), density=True, color=BLUE, alpha=0.6)
    right.plot(grid, stats.chi2.pdf(grid * 1999, 1999) * 1999, color=ORANGE, lw=1.5, label="chi-square law")
    right.set_xlabel("variance / mean")
    right.set_yticks([])
    right.legend(loc="upper right", fontsize=7)
    right.set_title("Spread as it must be")
    print(f"poisson: variance/mean {ratio.mean():.4f} on average, {means.min():.4f} to {means.max():.4f} by eighth")
    return figure


def population() -> Figure:
    """Drawn label sets against the table, and radii against their laws."""
    sets, counts = helium_label_sets()
    draws = 20_000
    drawn = Counter(draw_helium_labels(shot_generator(SEED, i, Stream.LABELS)) for i in range(draws))
    expected = np.array(counts) * draws / sum(counts)
    found = np.array([drawn[labels] for labels in sets])
    large = expected >= 5
    chi = stats.chisquare([*found[large], found[~large].sum()], [*expected[large], expected[~large].sum()])
    figure = new_figure(7.4, 3.2)
    left, *rest = figure.subplots(1, 4, width_ratios=(2.3, 1, 1, 1))
    line = np.geomspace(1, 2e4, 100)
    left.fill_between(
        line, np.maximum(line - 2 * np.sqrt(line), 0.5), line + 2 * np.sqrt(line), color=BLUE, alpha=0.15, lw=0,
        label="± 2 standard deviations",
    )  # fmt: skip
    left.loglog(line, line, color=GREY, lw=0.8)
    left.loglog(expected, np.maximum(found, 0.6), "o", color=BLUE, ms=4, label="the 43 label sets")
    left.set_xlabel("expected in 20 000 draws")
    left.set_ylabel("drawn")
    left.legend(loc="upper left", fontsize=7)
    left.set_title(f"Label sets: χ² p = {chi.pvalue:.2f}")
    print(f"population: chi-square {chi.statistic:.1f} over {large.sum()} sets and the rest, p = {chi.pvalue:.3f}")
    for axes, (law, (median, sigma)), color, number in zip(
        rest, rules.RADIUS_LAWS.items(), (PURPLE, ORANGE, GREEN), (7, 8, 9), strict=True
    ):
        radii = np.array([rules.draw_radius(shot_generator(number, i, Stream.PARAMETERS), law) for i in range(5000)])
        inside = radii[(radii > 50) & (radii < 1000)]
        low, high = (np.log(edge / median) / sigma for edge in rules.RADIUS_RANGE)
        truncated = stats.truncnorm(low, high, loc=np.log(median), scale=sigma)
        p = stats.kstest(np.log(inside), truncated.cdf).pvalue
        grid = np.linspace(50, 1000, 300)
        axes.hist(inside, bins=38, range=(50, 1000), density=True, color=color, alpha=0.55)
        axes.plot(grid, truncated.pdf(np.log(grid)) / grid, color="black", lw=1)
        axes.set_yticks([])
        axes.set_xlim(50, 1000)
        axes.set_xticks([200, 600, 1000])
        axes.set_xlabel("radius (nm)")
        axes.set_title(f"{law}\nKS p = {p:.2f}", fontsize=8.5)
        print(f"population: radii of {law}: KS p = {p:.3f}, clipped {1 - len(inside) / len(radii):.2%}")
    return figure


def ewald() -> Figure:
    """What dropping q_z costs for compact particles and for long chains along the beam."""
    geometry = Geometry(size=129, theta_max=THETA_MAX_SMALL)

    def chain(cubes: int) -> Callable[[float], Sequence[Part]]:
        edges, gaps = np.full(cubes, 47.0), np.full(cubes - 1, 8.0)
        return lambda delta: magnetosome_chain(edges, gaps, 0.0, 0.12, np.full(cubes, 20.0), tilted(delta))

    kinds: list[tuple[str, Callable[[float], Sequence[Part]], str, str]] = [
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


def helium_store() -> Store:
    """The store behind the plates and the counts."""
    return simulated_store("helium", count=HELIUM_SHOTS, seed=SEED, reporter=ConsoleReporter())


def gallery_helium_round() -> Figure:
    """The plate of helium, the first six classes."""
    return store_gallery(helium_store(), columns=4, panel=0.86, dpi=120, classes=slice(0, 6))


def gallery_helium_more() -> Figure:
    """The plate of helium, the other five classes."""
    return store_gallery(helium_store(), columns=4, panel=0.86, dpi=120, classes=slice(6, 11))


def gallery_cxidb() -> Figure:
    """The plate of cxidb."""
    store = simulated_store("cxidb", count=CXIDB_SHOTS, seed=SEED, reporter=ConsoleReporter())
    return store_gallery(store, columns=4, panel=0.86, dpi=120)


def counts() -> None:
    """Print the tables of label counts in Markdown: the 7264 simulated shots against the published ones."""
    store, (sets, published) = helium_store(), helium_label_sets()
    labels = store.labels()
    names = np.array(store.class_names)
    simulated = Counter(frozenset(names[row == 1].tolist()) for row in labels)
    print("| class | published | simulated | off by (standard deviations) |\n|---|---:|---:|---:|")
    for column, name in enumerate(store.class_names):
        wanted = sum(count for label_set, count in zip(sets, published, strict=True) if name in label_set)
        got = int(labels[:, column].sum())
        share = wanted / sum(published)
        print(f"| {name} | {wanted} | {got} | {(got - wanted) / (store.count * share * (1 - share)) ** 0.5:+.1f} |")
    print("\n| label set | published | simulated |\n|---|---:|---:|")
    for label_set, count in zip(sets, published, strict=True):
        print(f"| {', '.join(name for name in names if name in label_set)} | {count} | {simulated[label_set]} |")
    wanted = np.array(published, dtype=float)
    got = np.array([simulated[label_set] for label_set in sets])
    large = wanted >= 5
    chi = stats.chisquare([*got[large], got[~large].sum()], [*wanted[large], wanted[~large].sum()])
    print(f"\nchi-square {chi.statistic:.1f} over {large.sum()} sets and the rest, p = {chi.pvalue:.3f}")
    truth = store.columns("truth")
    laws = np.array([rules.radius_law(frozenset(names[row == 1].tolist())) for row in labels])
    for law, (median, sigma) in rules.RADIUS_LAWS.items():
        radii = truth["law_radius"][(laws == law) & ~np.isnan(truth["law_radius"])].astype(np.float64)
        inside = radii[(radii > 50) & (radii < 1000)]
        low, high = (np.log(edge / median) / sigma for edge in rules.RADIUS_RANGE)
        truncated = stats.truncnorm(low, high, loc=np.log(median), scale=sigma)
        p = stats.kstest(np.log(inside), truncated.cdf).pvalue
        print(f"radii of the {len(inside)} shots after {law}: median {np.median(inside):.0f} nm, KS p = {p:.3f}")
    print(
        f"redraws a shot: {truth['redraws'].mean():.2f}; another radius: {(truth['redraws_of_radius'] > 0).mean():.2%}"
    )


FIGURES = (sphere, newton, odd, poisson, population, ewald, gallery_helium_round, gallery_helium_more, gallery_cxidb)


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


def _circle(axes: Axes, radius: float, name: str) -> None:
    turn = np.linspace(0, 2 * np.pi, 200)
    axes.plot(radius * np.cos(turn), radius * np.sin(turn), color=GREY, lw=0.7, ls="--")
    axes.text(0, radius, name, color=GREY, fontsize=7, ha="center", va="top")


def _write(figure: Figure, path: Path) -> None:
    """A PNG of few colours, so that the page stays light."""
    content = io.BytesIO()
    figure.savefig(content, format="png")
    image = Image.open(content).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Draw the figures named on the command line, or all."""
    known = {figure.__name__: figure for figure in FIGURES}
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(known)} or counts (default: all)")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "physics", help="folder of the figures")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or [*known, "counts"]:
        if name == "counts":
            counts()
            continue
        with rc_context(STYLE):
            _write(known[name](), arguments.output / f"{name.replace('_', '-')}.png")


if __name__ == "__main__":
    main()
