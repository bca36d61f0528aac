"""Options of a split: refused early, applied, and without effect on the names of cells that do not use them."""

from pathlib import Path
from typing import Any

import pytest
import torch

from airybench.config import DataConfig, SweepConfig, TrialConfig, validated
from airybench.errors import ConfigError, DataError
from airybench.trial.prepare import prepare


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"folds": 2}, "fold 0 of 2 folds; expected at least 3 folds"),
        ({"folds": 5, "fold": 5}, "fold 5 of 5 folds; expected at least 3 folds and a fold below"),
        ({"fold": 1}, "fold 1 of 0 folds; expected"),
        ({"split_by": "run"}, "unknown split_by 'run'; valid: shot, group"),
    ],
)
def test_impossible_options_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TrialConfig().replace(changes)


def test_cells_of_earlier_versions_keep_their_names() -> None:
    assert TrialConfig().replace({"simulator": 1, "split_version": 1}).cell() == "4a795c1967fc19a7"
    cells = {TrialConfig().replace(changes).cell() for changes in ({}, {"split_by": "group"}, {"folds": 3})}
    cells.add(TrialConfig().replace({"folds": 3, "fold": 1}).cell())
    assert len(cells) == 4
    assert TrialConfig().params()["split_by"] == "shot"


def test_a_split_is_no_axis() -> None:
    for axis in ({"fold": [0, 1]}, {"split_by": ["group"]}, {"count": {"low": 20, "high": 90}}):
        with pytest.raises(ConfigError, match="is no axis of a space: a study has one split"):
            validated(SweepConfig, {"base": {"data": {"folds": 3}}, "space": axis})


def test_the_options_reach_the_split(tmp_path: Path, write_store: Any) -> None:
    path = write_store(tmp_path / "a.h5", 40).path
    device = torch.device("cpu")
    digests = {
        prepare(str(path), TrialConfig(data=DataConfig(dataset=str(path), **options)), device).split.digest  # type: ignore[arg-type]
        for options in ({}, {"folds": 4}, {"folds": 4, "fold": 2})
    }
    assert len(digests) == 3
    with pytest.raises(DataError, match="every shot has group 0"):
        prepare(str(path), TrialConfig(data=DataConfig(dataset=str(path), split_by="group")), device)
