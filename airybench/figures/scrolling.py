"""What may be wider than the page: it scrolls by itself, and says so where it does."""

from html import escape

HINT = "Wider than this page: scroll it sideways."

CSS = """
.scroll { overflow-x: auto; max-width: 100%; } .hint { color: #d55e00; font-size: .87rem; margin: .4rem 0 0; }
@media print { .hint { display: none; } .scroll { overflow: visible; } }
"""

SCRIPT = """
const hints = () => document.querySelectorAll(".hint").forEach(hint => {
  const box = hint.nextElementSibling; hint.hidden = box.scrollWidth <= box.clientWidth + 1;
});
addEventListener("load", hints); addEventListener("resize", hints); hints();
"""
"""Shows a hint where what follows it is wider than its place. Without the script there is no hint."""


def scrolling(content: str, label: str, kind: str = "scroll") -> str:
    """A place of its own for something wide, below a hint that `SCRIPT` shows where it is needed.

    Args:
        content: HTML.
        label: what it is, for readers who cannot see it; the arrow keys scroll it.
        kind: class of the place.
    """
    named = escape(label, quote=True)
    return (
        f'<p class="hint" hidden>{HINT}</p>'
        f'<div class="{kind}" role="region" tabindex="0" aria-label="{named}">{content}</div>'
    )
