"""A figure inside an HTML page."""

import base64
import io
from html import escape

from matplotlib import rc_context
from matplotlib.figure import Figure

from airybench.figures.style import STYLE


def picture(figure: Figure, words: str) -> str:
    """A paragraph with the figure as PNG, which fetches nothing from elsewhere.

    Args:
        figure: to be shown.
        words: that say what it shows to those who cannot see it.
    """
    buffer = io.BytesIO()
    with rc_context(STYLE):
        figure.savefig(buffer, format="png")
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<p class="picture"><img alt="{escape(words)}" src="data:image/png;base64,{data}"></p>'
