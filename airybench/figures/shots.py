"""A few shots of a store side by side, with the classes that each one carries."""

from math import ceil
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from numpy.typing import NDArray

from airybench.figures.gallery import ShotPanel, choose, draw_panel, visible_pixels
from airybench.figures.style import STYLE

if TYPE_CHECKING:
    from airybench.data.store.store import Store

COLUMNS = 6
PANEL, GAP, LINE, HEADING = 1.3, 0.08, 0.15, 0.35
"""Inches: edge of a pattern, space between two, a line of its caption, and the heading."""

LINES = 4
"""Lines of a caption at most."""


def pick(store: "Store", count: int, seed: int) -> NDArray[np.int64]:
    """Rows of `count` shots, ascending: drawn at random, from every class in turn where there are labels."""
    count = min(count, store.count)
    rng = np.random.default_rng(seed)
    if not store.labelled:
        return np.sort(rng.permutation(store.count)[:count])
    by_class = choose(store.labels(), count, seed)
    turns = [rows[turn] for turn in range(count) for rows in map(rng.permutation, by_class) if turn < len(rows)]
    return np.sort(np.array(list(dict.fromkeys(turns)), np.int64)[:count])


def shots_figure(store: "Store", rows: NDArray[np.int64], *, dpi: int = 100) -> Figure:
    """Patterns in logarithmic colours, six in a line; below each its row and its classes.

    Args:
        store: where the shots are.
        rows: which ones, shape (n,), at least one.
        dpi: dots per inch of the figure.
    """
    columns, lines = min(COLUMNS, len(rows)), ceil(len(rows) / COLUMNS)
    cell = PANEL + GAP, PANEL + GAP + LINES * LINE
    width, height = columns * cell[0] + GAP, lines * cell[1] + HEADING
    labels = store.labels() if store.labelled else np.zeros((store.count, 0), np.uint8)
    made = ", simulated" if store.simulated else ""
    with rc_context(STYLE):
        figure = Figure(figsize=(width, height), dpi=dpi)
        title = f"{store.name}{made}: {len(rows)} of {store.count} shots, counts in logarithmic colours"
        figure.text(GAP / width, 1 - 0.17 / height, title, fontsize=9, va="center", parse_math=False)
        good = visible_pixels(store, rows)
        for place, (row, image, seen) in enumerate(zip(rows.tolist(), store.read_images(rows), good, strict=True)):
            left = GAP + place % columns * cell[0]
            top = HEADING + place // columns * cell[1]
            box = (left / width, 1 - (top + PANEL) / height, PANEL / width, PANEL / height)
            names = ", ".join(store.class_names[i] for i in np.flatnonzero(labels[row]))
            caption = (f"row {row}", *wrap(names, 18)[: LINES - 1])
            draw_panel(figure, box, ShotPanel(image.astype(np.float32), seen, caption), round(PANEL * dpi))
    return figure
