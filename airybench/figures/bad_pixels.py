"""The picture of the bad pixels of a store: the median over shots with what was found circled."""

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure

from airybench.data.store.bad_pixels import KINDS, BadPixels
from airybench.figures.gallery import HIDDEN
from airybench.figures.style import BLUE, GREEN, ORANGE, PATTERN_COLORS, STYLE, new_figure

COLORS = dict(zip(KINDS, ("#FFFFFF", GREEN, BLUE, ORANGE, "#F0E442"), strict=True))
"""Colour of the circles of each kind."""

REGIONS = "#FF5555"
"""Colour of the outlines of larger regions that hold one value."""

_MOST = 5000  # circles of a kind


def bad_pixel_figure(found: BadPixels, name: str) -> Figure:
    """Median counts over the shots on a logarithmic scale, masked pixels grey, bad pixels circled, regions outlined.

    Args:
        found: the bad pixels.
        name: of the store, for the title.
    """
    with rc_context(STYLE):
        figure = new_figure(6.4, 5.6)
        axes = figure.add_subplot()
        shown = np.ma.masked_array(found.median, ~found.known)
        colors = colormaps[PATTERN_COLORS].with_extremes(bad=HIDDEN)
        sound = found.median[found.known & (found.kinds == 0)]
        top = max(10.0, float(sound.max(initial=0)))
        picture = axes.imshow(shown, cmap=colors, norm=SymLogNorm(1, vmin=0, vmax=top), interpolation="nearest")
        for number, kind in enumerate(KINDS, 1):
            rows, columns = np.nonzero(found.kinds == number)
            if len(rows):
                axes.scatter(
                    columns[:_MOST], rows[:_MOST], s=36, facecolors="none", edgecolors=COLORS[kind], linewidths=1,
                    label=f"{kind}: {len(rows)}",
                )  # fmt: skip
        if found.regions.any():
            axes.contour(found.regions, [0.5], colors=[REGIONS], linewidths=1)
            axes.plot([], [], color=REGIONS, linewidth=1, label=f"regions: {found.region_count}")
        if found.count or found.regions.any():
            figure.legend(loc="outside lower center", ncols=3, facecolor=HIDDEN, frameon=True)
        axes.set_title(f"{name}\n{found}")
        axes.set_xlabel("column / px")
        axes.set_ylabel("row / px")
        figure.colorbar(picture, ax=axes, label=f"median counts over {found.shots} shots", extend="max")
    return figure
