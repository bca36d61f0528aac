"""What a notebook displays, without a notebook."""

from types import SimpleNamespace
from typing import Any

import pytest

from airybench.api import reporting


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What is displayed: one entry per output of the cell, its states in order."""
    shown: list[list[str]] = []

    def display(page: str, handle: Any = None) -> Any:
        if handle is None:
            shown.append([page])
            return SimpleNamespace(states=shown[-1])
        handle.states.append(page)
        return handle

    monkeypatch.setattr(reporting, "_display", display)
    monkeypatch.setattr(reporting, "REDRAW_SECONDS", 0.0)
    return shown
