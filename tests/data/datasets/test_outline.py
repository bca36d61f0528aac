"""Data sets in numbers, before anything of them is made."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from airybench.config import DataConfig
from airybench.data.datasets.outline import outline
from airybench.errors import ConfigError
from airybench.physics.populations import HELIUM_CLASSES

Make = Callable[..., Any]


def test_a_data_set_is_known_without_making_it(
    tmp_path: Path, folder: Path, quick_simulator: SimpleNamespace, write_store: Make, write_deposit: Make
) -> None:
    few = DataConfig(count=70)
    assert outline("helium", few).size == (70, 11)
    assert outline("cxidb", few).size == (70, 5)
    source = write_deposit(tmp_path / "d.cxi", [np.ones((6, 6), np.uint16)] * 2, [(1, 0, 0, 0, 0), (0, 1, 0, 0, 0)])
    found = outline(str(source), few)
    assert (found.size, found.positives.tolist()) == ((2, 5), [1, 1, 0, 0, 0])
    assert not list(folder.iterdir())
    write_store(folder / "helium.h5")
    assert outline("helium", few).size == (10, 2)
    with pytest.raises(ConfigError, match="unknown data set"):
        outline("heliun", few)
    assert quick_simulator.shots == 0


def test_simulated_shots_are_expected_as_often_as_in_the_experiment() -> None:
    found = outline("helium", DataConfig(count=7264, simulator=2))
    expected = dict(zip(HELIUM_CLASSES, found.positives.round().astype(int).tolist(), strict=True))
    assert (expected["Empty"], expected["NewtonRings"], expected["Prolate"]) == (211, 460, 453)
    assert found.runs > 20
    assert outline("helium", DataConfig(count=7264, simulator=1)).runs == 1
