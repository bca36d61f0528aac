"""A real browser that shows a page of its own making, in the sizes at which pages are looked at."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from docs.browser import FOUND, new_page

WIDE, NARROW = 1500, 400
"""Widths of a screen and of a telephone, pixels."""


@contextmanager
def opened(width: int, height: int = 1000, **look: Any) -> Iterator[Any]:
    """An empty page in Chromium; skips the test where there is none."""
    if FOUND is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs chromium: apt-get install chromium")
    with new_page(width, height, **look) as page:
        yield page


def keep_picture(page: Any, name: str) -> None:
    """Keep a screenshot in AIRYBENCH_SCREENSHOTS, if set, to look at what is asserted."""
    folder = os.environ.get("AIRYBENCH_SCREENSHOTS")
    if folder:
        page.screenshot(path=os.path.join(folder, name), full_page=True)


@contextmanager
def shown(path: Path, width: int, **look: Any) -> Iterator[Any]:
    """An HTML file in Chromium; skips the test where there is none."""
    with opened(width, **look) as page:
        page.goto(path.as_uri())
        page.wait_for_timeout(300)
        keep_picture(page, f"{path.stem}-{width}.png")
        yield page
