"""Figures inside an HTML page."""

import base64
import io
from collections.abc import Sequence
from html import escape

from matplotlib import rc_context
from matplotlib.artist import Artist
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

    Words lie above the patterns in an image of their own, so that a dark page may turn them white and leave the
    colours of the patterns alone.

    Args:
        figures: to be shown.
        words: that say what they show to those who cannot see it.
    """
    images = [_layers(one, words if place == 0 else "") for place, one in enumerate(figures)]
    return scrolling("".join(images), words, "picture plate")


def _layers(figure: Figure, words: str) -> str:
    patterns = [one for axes in figure.axes for one in (*axes.images, *axes.collections)]
    letters = [*figure.texts, *(axes.xaxis.label for axes in figure.axes)]
    below, above = _image(figure, words, without=letters), _image(figure, "", without=patterns)
    return f'<div class="layers">{below}{above}</div>'


def _image(figure: Figure, words: str, without: Sequence[Artist] = ()) -> str:
    buffer = io.BytesIO()
    for artist in without:
        artist.set_visible(False)
    with rc_context(STYLE):
        figure.savefig(buffer, format="png", transparent=bool(without))
    for artist in without:
        artist.set_visible(True)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="{escape(words)}" src="data:image/png;base64,{data}">'
