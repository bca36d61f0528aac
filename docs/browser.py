"""Chromium, as the distribution has it, for pictures of pages and for tests of them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

FOUND = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
"""The program; None where there is none."""

ARGUMENTS = (
    "--no-sandbox",
    "--use-angle=swiftshader",  # WebGL by software, as parallel coordinates need it
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",  # no calls home
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

_ASSISTANT = "mlflow.assistant."
_WITHOUT_ASSISTANT = f"""
localStorage.setItem("{_ASSISTANT}fab.autoOpenedOnFirstLoad_v1", "true");
localStorage.setItem("{_ASSISTANT}panelOpen_v1", "false");
"""
"""MLflow opens a pane beside its first page, and remembers that somebody closed it."""


@contextmanager
def new_page(width: int, height: int, **look: Any) -> Iterator[Any]:
    """A page of a new browser, in which MLflow's assistant is closed.

    Args:
        width: of the window, pixels.
        height: of the window, pixels.
        look: what else Playwright's `new_context` takes, such as `color_scheme`.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=FOUND, args=list(ARGUMENTS))
        context = browser.new_context(viewport={"width": width, "height": height}, **look)
        context.add_init_script(f"if (location.protocol.startsWith('http')) {{{_WITHOUT_ASSISTANT}}}")
        yield context.new_page()
        browser.close()


def choose(page: Any, box: int, name: str) -> None:
    """Tick a name in one of the lists of MLflow's comparison, which draw only what is scrolled into view.

    Raises:
        LookupError: the list has no such name.
    """
    from playwright.sync_api import Error

    chosen = page.locator(".du-bois-light-select").nth(box).locator(".du-bois-light-select-selection-item-content")
    option = page.locator(f'.du-bois-light-select-item-option[title="{name}"]:visible')
    opener = page.get_by_role("combobox").nth(box)
    for _ in range(60):
        # A slow page may take a click and still report it as lost; a second one would take the name away again.
        if name in chosen.all_inner_texts():
            page.keyboard.press("Escape")
            page.wait_for_timeout(500)
            return
        try:
            if opener.get_attribute("aria-expanded") != "true":
                opener.click(force=True, timeout=2000)
            page.wait_for_timeout(300)  # a list that closes and one that opens are both on the page for a moment
            if option.count():
                option.last.click(timeout=5000)
                page.wait_for_timeout(500)
            else:
                lists = page.locator(".rc-virtual-list-holder:visible")
                lists.last.evaluate("list => list.scrollBy(0, 150)", timeout=2000)
        except Error:
            continue
    raise LookupError(f"the page offers no {name}")
