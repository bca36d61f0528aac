"""The disk that a sweep takes: by hand for a grid with seeds, a sampler, and each rule for weights."""

import math
from pathlib import Path
from typing import Any

import pytest

from airybench.config import SweepConfig
from airybench.errors import StudyError
from airybench.networks.cost import Cost
from airybench.sweep import disk as module
from airybench.sweep.disk import disk_plan

MILLION = [Cost(1_000_000, 1)]
WEIGHTS = 4e6
NOWHERE = "http://host"


def plan(trials: tuple[int, int], workers: int = 1, uri: str = NOWHERE, **rule: Any) -> module.DiskPlan:
    space = {"alpha": [0.1, 0.2, 0.3, 0.4, 0.5]}
    return disk_plan(SweepConfig.model_validate({"space": space, "study": rule}), MILLION, (0, 5), trials, workers, uri)


def weights(found: module.DiskPlan, trials: int, *, model: bool = True) -> tuple[float, float]:
    """How many trials have weights, at most and at the end."""
    rest = trials * module.BYTES_PER_TRIAL + module.BYTES_PER_STUDY
    rest += (WEIGHTS + module.BYTES_PER_MODEL) if model else 0
    return (found.most - rest) / WEIGHTS, (found.after - rest) / WEIGHTS


@pytest.mark.parametrize(
    ("rule", "trials", "workers", "most", "after"),
    [
        ({"keep": "all"}, (5, 0), 1, 5, 5),
        ({}, (5, 0), 1, 4, 3),  # the default: three, and the one that runs
        ({"keep": "best 1"}, (5, 0), 2, 3, 1),
        ({"keep": "best 9"}, (5, 0), 2, 5, 5),
        ({"keep": "none"}, (5, 0), 2, 2, 0),
        ({"keep": "best 1", "seeds": 3}, (15, 0), 1, 15, 3),  # no cell is complete before the last seed
        ({"keep": "best 1", "seeds": 3, "sampler": "tpe"}, (15, 0), 2, 9, 3),
        ({"keep": "best 1", "confirm": 2}, (5, 2), 1, 4, 3),
        ({"keep": "best 1", "objective": "macro_ap,parameters"}, (5, 0), 1, 5, 5),  # all may be on the front
    ],
)
def test_weights_at_most_and_at_the_end(rule, trials, workers, most, after) -> None:
    found = plan(trials, workers, **rule)
    assert weights(found, sum(trials), model=after > 0) == (pytest.approx(most), pytest.approx(after))
    assert (found.free, found.folder, found.fits) == (math.inf, None, True)


def test_logits_of_val_and_test_are_kept_whatever_the_rule() -> None:
    sweep = SweepConfig.model_validate({"study": {"keep": "none"}})
    more, less = (disk_plan(sweep, MILLION, (shots, 5), (4, 0), 1, NOWHERE).after for shots in (1000, 0))
    assert more - less == pytest.approx(4 * 1000 * 0.3 * 5 * 4)


def test_a_disk_that_is_too_small_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "free_bytes", lambda folder: 10**7)
    found = plan((5, 0), uri=f"sqlite:///{tmp_path}/m.db", keep="all")
    assert not found.fits
    with pytest.raises(StudyError, match=r"0\.01 GB free, about 0\.04 GB needed for 5 trials; free some space, keep"):
        found.refuse(5)
    plan((5, 0), keep="all").refuse(5)
    assert found.sentence() == "0.04 GB of disk (keep all), 0.01 GB are free"
