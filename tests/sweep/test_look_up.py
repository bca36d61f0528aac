"""A study is found by its short name where that is clear; studies of other programs are not."""

from pathlib import Path

import optuna
import pytest

from airybench.config import SweepConfig
from airybench.errors import StudyError
from airybench.provenance import Provenance
from airybench.sweep.look_up import find_studies, find_study
from airybench.sweep.storage import JournalFolder
from airybench.sweep.study import RunningStudy


def test_a_study_is_found_by_its_short_name_where_that_is_clear(tmp_path: Path) -> None:
    optuna.create_study(study_name="foreign", storage=JournalFolder(tmp_path).optuna_storage("foreign"))
    sweep = SweepConfig.model_validate({"space": {"alpha": [0.1]}})
    RunningStudy(tmp_path, "s@helium", sweep, Provenance("helium", "simulated", "a" * 64, "b" * 64))
    assert find_study("s", str(tmp_path)).name == "s@helium"
    RunningStudy(tmp_path, "s@cxidb", sweep, Provenance("cxidb", "simulated", "a" * 64, "b" * 64))
    assert find_study("s@cxidb", str(tmp_path)).name == "s@cxidb"
    assert [one.name for one in find_studies("s", str(tmp_path))] == ["s@cxidb", "s@helium"]
    for name in ("s", "t", "foreign"):
        with pytest.raises(StudyError, match="s@helium"):
            find_study(name, str(tmp_path))
