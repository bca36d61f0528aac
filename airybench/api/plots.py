"""Axes with intervals in a notebook."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib import rc_context

from airybench.figures.comparison import Bar, draw_rows
from airybench.figures.style import STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_rows(bars: Sequence[Bar], label: str, title: str, ax: "Axes | None", *, zero: bool = False) -> "Axes":
    """Draw one row per value with its interval.

    Args:
        bars: the rows from top to bottom.
        label: text at the horizontal axis.
        title: text above.
        ax: axes to draw on; new ones in a figure of pyplot where None, so that a notebook shows them.
        zero: draw a line at zero, as for differences.
    """
    if ax is None:
        from matplotlib import pyplot as plt

        with rc_context(STYLE):
            _, ax = plt.subplots(figsize=(7.2, 1.2 + 0.45 * max(2, len(bars))), layout="constrained")
    draw_rows(ax, bars, title=title, zero=zero)
    ax.set_xlabel(label)
    return ax
