"""The style of every figure, safe for colour-blind readers."""

from io import BytesIO
from pathlib import Path
from textwrap import wrap
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

# Okabe and Ito's palette: distinct for every common type of colour vision, and in grey by lightness.
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#6E6E6E"
PATTERN_COLORS = "magma"  # log-scaled diffraction patterns
RATE_COLORS = "Blues"  # shares from 0 to 1
ERROR_COLORS = "Oranges"  # shares of wrong answers
VALUE_COLORS = "cividis"  # an objective; orange stands out against it

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,  # text stays text: journals ask for it, and it can be edited
    "svg.fonttype": "none",
    "svg.hashsalt": "airybench",
}

FORMATS: dict[str, dict[str, None] | None] = {".png": None, ".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
"""Endings of pictures, with what is left out of each so that the same figure gives the same bytes."""

LARGEST = 200_000
"""Bytes of a PDF or SVG; one that holds thousands of points is kept as PNG alone."""

_LETTER = 7.0
"""Points of an average letter of a title."""


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, sizes in inches; outside pyplot, which keeps global state."""
    return Figure(figsize=(width, height), dpi=150, layout="constrained")


def heading(figure: Figure, title: str) -> None:
    """A title above the whole figure, in lines that fit its width."""
    longest = max(10, int(figure.get_figwidth() * 72 / _LETTER))
    lines = [line for part in title.split("\n") for line in wrap(part, longest) or [""]]
    figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=10, fontweight="bold", parse_math=False)


def save(figure: Figure, path: Path) -> list[Path]:
    """Write a picture in this style, in the format of `FORMATS` that its name ends in; returns what was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with rc_context(STYLE):
        figure.savefig(path, metadata=FORMATS[path.suffix.lower()])
    return [path]


def save_for_print(figure: Figure, path: Path) -> list[Path]:
    """Write a PNG, and beside it PDF and SVG for papers and slides, each where it is no larger than `LARGEST`.

    The same figure gives the same bytes.
    """
    written = save(figure, path)
    for suffix in (".pdf", ".svg"):
        content = BytesIO()
        with rc_context(STYLE):
            figure.savefig(content, format=suffix[1:], metadata=FORMATS[suffix])
        if content.tell() <= LARGEST:
            path.with_suffix(suffix).write_bytes(content.getvalue())
            written.append(path.with_suffix(suffix))
    return written
