"""Figures inside an HTML page."""

import base64
import io
from collections.abc import Sequence
from html import escape

from matplotlib import rc_context
from matplotlib.figure import Figure

from airybench.figures.scrolling import scrolling
from airybench.figures.style import STYLE


def picture(figure: Figure, words: str) -> str:
    """A plot as PNG, which fetches nothing from elsewhere; a dark page may turn its black and white round.

    Args:
        figure: to be shown.
        words: that say what it shows to those who cannot see it.
    """
    return scrolling(_image(figure, words), words, "picture plot")


def plate(figures: Sequence[Figure], words: str) -> str:
    """Patterns, one figure below the other; a printed page may end between two of them.

    Args:
        figures: to be shown.
        words: that say what they show to those who cannot see it.
    """
    images = [_image(one, words if place == 0 else "") for place, one in enumerate(figures)]
    return scrolling("".join(images), words, "picture plate")


def _image(figure: Figure, words: str) -> str:
    buffer = io.BytesIO()
    with rc_context(STYLE):
        figure.savefig(buffer, format="png")
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="{escape(words)}" src="data:image/png;base64,{data}">'
