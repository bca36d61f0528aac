"""Figures that a notebook shows."""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def showable(figure: "Figure") -> "Figure":
    """The same figure; in IPython, one that was made without pyplot is now shown as a picture as well."""
    if "IPython" in sys.modules:
        shell: Any = sys.modules["IPython"].get_ipython()
        if shell is not None:
            from IPython.core.pylabtools import select_figure_formats

            select_figure_formats(shell, {"png"})
    return figure
