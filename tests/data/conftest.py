"""Every test of data has a data folder of its own."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_folder(folder: Path) -> None:
    """A data folder of its own for every test."""
