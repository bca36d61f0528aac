"""A real browser that shows a page of its own making, in the sizes at which pages are looked at."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FOUND = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

WIDE, NARROW = 1500, 400
"""Widths of a screen and of a telephone, pixels."""


@contextmanager
def shown(path: Path, width: int, **look: Any) -> Iterator[Any]:
    """An HTML file in Chromium; skips the test where there is none. Screenshots go to AIRYBENCH_SCREENSHOTS if set."""
    if FOUND is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=FOUND, args=["--no-sandbox", "--no-first-run"])
        page = chromium.new_page(viewport={"width": width, "height": 1000}, **look)
        page.goto(path.as_uri())
        page.wait_for_timeout(300)
        folder = os.environ.get("AIRYBENCH_SCREENSHOTS")
        if folder:
            page.screenshot(path=os.path.join(folder, f"{path.stem}-{width}.png"), full_page=True)
        yield page
        chromium.close()
