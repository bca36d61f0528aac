"""A plate of patterns: one row per class, each pattern in logarithmic colours of its own range."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill, wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from airybench.config import SEED
from airybench.figures.style import GREY, PATTERN_COLORS, STYLE

if TYPE_CHECKING:
    from airybench.data.store.store import Store

HIDDEN = "#7F8790"
"""Dead or masked pixels: a grey that does not occur among the colours of the patterns."""

LOOKED = "#4DD0E1"
"""The contour around what a network looked at: a colour that does not occur in the patterns."""

HALF = 0.5

BRIGHTEST = 99.9
"""Percentile of the counts above background at which the colours end."""

DARKEST = 2.0
"""Colours begin this many standard deviations of the noise above the background."""

FEWEST_DECADES = 1.5
"""The colours span at least this many decades, so that a background without signal stays dark."""

LETTERS = 8.5
"""Size of the captions in points: six patterns beside one another are read on a page that is 750 pixels wide."""

_FOOT = 0.9
"""Size of the note at the foot over that of the captions."""

_GAP, _NAMES, _TOP = 0.05, 1.42, 0.36
"""Inches: between panels, for the names at the left, and above all rows."""

_LINE, _LETTER = 0.017, 0.0084
"""Inches of a line and of the width of a letter, for each point of its size."""


@dataclass(frozen=True)
class ShotPanel:
    """One pattern of a plate.

    Attributes:
        counts: float, shape (H, W).
        visible: pixels that were measured, bool, shape (H, W).
        caption: lines below the pattern.
        attention: what a network looked at, in [0, 1], shape (H, W), NaN outside its input; the half height is drawn
            as a contour.
    """

    counts: NDArray[np.float32]
    visible: NDArray[np.bool_]
    caption: tuple[str, ...]
    attention: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class ShotRow:
    """One class: its name, the number of shots that carry it, and any number of examples."""

    name: str
    count: int
    panels: Sequence[ShotPanel]


def choose(labels: NDArray[np.uint8], columns: int, seed: int) -> list[NDArray[np.int64]]:
    """Shots to show for every class, drawn at random; no shot twice while a class has others.

    Args:
        labels: 0 or 1, shape (N, C).
        columns: most shots of each class.
        seed: another seed gives other shots.

    Returns:
        Rows of `labels` for each of the C classes, ascending; fewer than `columns` where a class has no more.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    chosen: dict[int, NDArray[np.int64]] = {}
    used = np.zeros(len(labels), dtype=np.bool_)
    for column in np.argsort(labels.sum(axis=0), kind="stable"):  # the rarest class has the first choice
        carriers = order[labels[order, column] == 1]
        fresh_first = np.concatenate((carriers[~used[carriers]], carriers[used[carriers]]))[:columns]
        used[fresh_first] = True
        chosen[int(column)] = np.sort(fresh_first)
    return [chosen[column] for column in range(labels.shape[1])]


def limits(counts: NDArray[np.float32], visible: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Background and the ends of the colours for one pattern, all in counts.

    The background is the 2nd percentile. The noise is estimated from the differences between neighbouring pixels where
    the pattern is dark, so that rings and gradients do not count as noise.

    Args:
        counts: shape (H, W).
        visible: pixels that were measured, shape (H, W).

    Returns:
        Background to subtract, then the lowest and highest value of the logarithmic scale.
    """
    seen = counts[visible]
    if seen.size == 0:
        return 0.0, 1.0, 10.0**FEWEST_DECADES
    background, bright = (float(value) for value in np.percentile(seen, (2, BRIGHTEST)))
    pairs = visible[:, 1:] & visible[:, :-1]
    left, right = counts[:, :-1][pairs], counts[:, 1:][pairs]
    dark = left + right <= np.percentile(left + right, 30) if left.size else pairs[pairs]
    # The median of |a - b| is 0.954 standard deviations for normal noise.
    noise = float(np.median(np.abs(left - right)[dark])) / 0.954 if dark.any() else 0.0
    low = DARKEST * max(noise, 0.5)
    return background, low, max(bright - background, low * 10.0**FEWEST_DECADES)


def gallery(
    rows: Sequence[ShotRow],
    *,
    columns: int,
    title: str,
    note: str,
    panel: float = 1.3,
    dpi: int = 200,
    letters: float = LETTERS,
) -> Figure:
    """Draw a plate.

    Args:
        rows: the classes from top to bottom.
        columns: panels that fit into a row.
        title: heading; says whether the patterns are simulated. None, and no room for one, where it is empty.
        note: text at the foot, beside the colour scale. No foot where it is empty.
        panel: edge of a pattern in inches.
        dpi: resolution of the file; patterns with more pixels than a panel are averaged over blocks.
        letters: size of the captions in points.
    """
    line, head, small = _LINE * letters, _TOP if title else 0.0, _FOOT * letters
    lines = [max((len(shown.caption) for shown in row.panels), default=0) for row in rows]
    heights = [panel + line * count + 2 * _GAP for count in lines]
    width = _NAMES + columns * (panel + _GAP) + 0.05
    colours = f"log of counts above background, each pattern from its noise to its {BRIGHTEST:g}th percentile; "
    foot = wrap(f"{colours}grey: not measured. {note}", max(20, int((width - 1.3) / (_LETTER * small)))) if note else []
    down = 1.15 * _LINE * small
    height = head + sum(heights) + (down * (len(foot) + 0.5) if foot else 0)
    with rc_context(STYLE):
        figure = Figure(figsize=(width, height), dpi=dpi)
        if title:
            _write(figure, 0.08, 0.2, title, fontweight="bold", fontsize=10, va="center")
        for number, row in enumerate(rows):
            top = head + sum(heights[:number])
            name = fill(row.name, 17)
            _write(figure, 0.08, top + panel / 2, name, fontsize=9, va="bottom", fontweight="bold")
            shots = f"{row.count} shot" + ("" if row.count == 1 else "s")
            _write(figure, 0.08, top + panel / 2 + 0.03, shots, fontsize=8, va="top", color=GREY)
            for column, shown in enumerate(row.panels[:columns]):
                left = _NAMES + column * (panel + _GAP)
                box = (left / width, 1 - (top + panel) / height, panel / width, panel / height)
                draw_panel(figure, box, shown, round(panel * dpi), letters)
        if foot:
            _foot(figure, foot, down, small)
    return figure


def store_gallery(
    store: "Store",
    *,
    columns: int = 6,
    seed: int = SEED,
    panel: float = 1.3,
    dpi: int = 200,
    letters: float = LETTERS,
    classes: slice = slice(None),
) -> Figure:
    """The plate of a store: random examples of every class, from bright to weak.

    A pixel that is 0 in the shot or masked in the store counts as not measured. Below each pattern: its row in the
    store, the photon energy, and its other labels.

    Args:
        store: labelled or not; an unlabelled one becomes one row.
        columns: examples of each class.
        seed: another seed gives other shots.
        panel: as in `gallery`.
        dpi: as in `gallery`.
        letters: as in `gallery`.
        classes: which rows to draw; all when left out.
    """
    labels = store.labels() if store.labelled else np.ones((store.count, 1), np.uint8)
    names = store.class_names if store.labelled else ("all shots",)
    energy = store.photon_energy()
    rows = []
    for column, shots in enumerate(choose(labels, columns, seed)):
        panels = []
        good = visible_pixels(store, shots)
        for shot, image, visible in zip(shots.tolist(), store.read_images(shots), good, strict=True):
            others = ", ".join(names[i] for i in np.flatnonzero(labels[shot]) if i != column)
            caption = (f"{shot} · {energy[shot]:.4g} eV", *wrap(others, round(panel / (_LETTER * letters))))
            panels.append(ShotPanel(image.astype(np.float32), visible, caption))
        panels.sort(key=_brightness, reverse=True)
        rows.append(ShotRow(names[column], int(labels[:, column].sum()), panels))
    origin = "simulated" if store.simulated else f"source: {store.source}"
    title = f"{store.name} - {origin}, {store.count} shots" + (f", seed {store.seed}" if store.seed is not None else "")
    height, width = store.image_shape
    note = (
        f"{width} x {height} px. Below each: its row in the store, photon energy, other labels. "
        "Drawn at random, from bright to weak."
    )
    return gallery(rows[classes], columns=columns, title=title, note=note, panel=panel, dpi=dpi, letters=letters)


def visible_pixels(store: "Store", rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where the detector sees: pixels with a count that the store does not mask, bool, shape (n, H, W)."""
    visible: NDArray[np.bool_] = store.read_images(rows) > 0
    mask = store.mask()
    if mask is not None:
        visible &= (mask if mask.ndim == 2 else mask[rows]) == 1
    return visible


def _brightness(panel: ShotPanel) -> float:
    background, _, _ = limits(panel.counts, panel.visible)
    return float((panel.counts - background)[panel.visible].mean()) if panel.visible.any() else 0.0


def _block_mean(shown: ShotPanel, edge: int) -> ShotPanel:
    """The panel averaged over the measured pixels of whole blocks, to about `edge` pixels."""
    height, width = shown.counts.shape
    block = max(1, round(max(height, width) / edge))
    if block == 1:
        return shown
    rows, columns = height // block * block, width // block * block
    shape = (rows // block, block, columns // block, block)
    seen = shown.visible[:rows, :columns].reshape(shape)
    share = seen.sum(axis=(1, 3))
    total = np.where(seen, shown.counts[:rows, :columns].reshape(shape), 0).sum(axis=(1, 3))
    counts = (total / np.maximum(share, 1)).astype(np.float32)
    attention = shown.attention
    if attention is not None:
        attention = attention[:rows, :columns].reshape(shape).mean(axis=(1, 3))
    return ShotPanel(counts, share * 2 >= block * block, shown.caption, attention)


def draw_panel(
    figure: Figure, box: tuple[float, float, float, float], shown: ShotPanel, edge: int, letters: float = LETTERS
) -> None:
    """One pattern with its caption.

    Args:
        figure: where to draw.
        box: left, bottom, width and height as shares of the figure.
        shown: the pattern.
        edge: pixels that it has room for; larger patterns are averaged over whole blocks.
        letters: size of the caption in points.
    """
    shown = _block_mean(shown, edge)
    axes = figure.add_axes(box)
    background, low, high = limits(shown.counts, shown.visible)
    above = np.ma.masked_array(np.maximum(shown.counts - background, low), ~shown.visible)
    colors = colormaps[PATTERN_COLORS].with_extremes(bad=HIDDEN)
    axes.imshow(above, cmap=colors, norm=LogNorm(low, high), interpolation="nearest")
    if shown.attention is not None and np.nanmax(shown.attention) > HALF:
        axes.contour(shown.attention, levels=[HALF], colors=[LOOKED], linewidths=0.8)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    caption = "\n".join(shown.caption)
    axes.set_xlabel(caption, fontsize=letters, labelpad=2, linespacing=1.15, parse_math=False)


def _write(figure: Figure, x: float, y: float, text: str, **look: Any) -> None:
    """Text at inches from the left and the top. Names come from files, so `$` does not start mathematics."""
    width, height = figure.get_size_inches()
    figure.text(x / width, 1 - y / height, text, parse_math=False, **look)


def _foot(figure: Figure, lines: Sequence[str], step: float, letters: float) -> None:
    """The colour scale and the note, whose lines are some inches apart."""
    width, height = figure.get_size_inches()
    scale = figure.add_axes((0.08 / width, (step * len(lines) - 0.08) / height, 1.1 / width, 0.07 / height))
    scale.imshow(np.linspace(0, 1, 256)[None], cmap=PATTERN_COLORS, aspect="auto")
    scale.set_axis_off()
    for number, line in enumerate(lines):
        down = height - step * (len(lines) - number)
        _write(figure, 1.26, down, line, fontsize=letters, va="center", color="#333333")
