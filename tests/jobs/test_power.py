"""What a sweep is told before it starts: from the data set, its runs, its space and a pilot study."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pilot_studies import pilot, sweep

from airybench.analysis.power import SEED_SD, ExpectedTest, detectable, detectable_on_folds
from airybench.config import DataConfig, SweepConfig
from airybench.data.datasets.outline import Outline, outline
from airybench.jobs.power import SweepPower, planned_power
from airybench.sweep.storage import as_storage


def test_the_data_set_gives_the_test_split(tmp_path: Path) -> None:
    found = planned_power(sweep(), "helium", outline("helium", DataConfig(simulator=1)), as_storage(tmp_path))
    assert found.test is not None
    assert (found.test.shots, found.test.runs, len(found.test.positives)) == (1090, 0, 11)
    assert found.test.positives[0] == pytest.approx(0.15 * 6589, rel=0.001)
    assert (found.cells, found.claims, found.sd, found.pilot) == (3, 2, SEED_SD, None)
    assert found.smallest == detectable(found.test, 3, claims=2)
    said = found.sentence()
    assert "3 seeds and 1090 test shots can tell two cells apart that differ by 0." in said
    assert "seed sd 0.020 assumed" in said
    assert "times the test shots" in said
    many = replace(found, delta=0.001)
    assert many.needed is None
    assert re.search(r"and about \d+0 times the test shots", many.sentence()), "no 4.2e+03"
    folds = planned_power(sweep(folds=5), "helium", outline("helium", DataConfig(simulator=1)), as_storage(tmp_path))
    assert folds.test is not None
    assert folds.test.shots == 1453
    assert folds.smallest == detectable_on_folds(folds.test, 5, 3, cells=3, claims=2)
    assert (
        "5 folds of 1453 test shots and 3 seeds on each can tell two cells apart that differ by 0." in folds.sentence()
    )
    one = planned_power(sweep(1, folds=5), "helium", outline("helium", DataConfig(simulator=1)), as_storage(tmp_path))
    assert 0 < folds.smallest < one.smallest < 1
    assert "and 1 seed on each can tell" in one.sentence(), "folds are repeats as well: no first look"


def test_runs_are_counted_as_the_split_draws_them(tmp_path: Path) -> None:
    known = Outline(1000, ("hit", "miss"), np.array([500.0, 500.0]), runs=20)
    apart = planned_power(sweep(), "helium", known, as_storage(tmp_path)).test
    together = planned_power(sweep(split_by="group"), "helium", known, as_storage(tmp_path))
    assert apart is not None
    assert together.test is not None
    assert (apart.runs, together.test.runs) == (20, 3)
    assert "150 test shots in 3 runs" in together.sentence()
    assert "times the test runs" in together.sentence()
    few = planned_power(sweep(split_by="group"), "helium", Outline(90, known.class_names, known.positives / 11, 4),
                        as_storage(tmp_path))  # fmt: skip
    assert math.isinf(few.smallest)
    assert few.sentence() == "helium: the test split holds 1 run: no difference can be judged; add runs"


def test_a_pilot_study_of_the_same_space_gives_the_seed_spread(tmp_path: Path) -> None:
    known = outline("helium", DataConfig(simulator=1))
    scores = {0.1: [0.50, 0.60, 0.55], 0.2: [0.60, 0.68, 0.64], 0.0: [0.40, 0.46, 0.43]}
    pilot(tmp_path, "first@helium", scores, sweep(count=4000))
    other = SweepConfig.model_validate({"space": {"alpha": [0.3, 0.4]}, "study": {"seeds": 2}})
    pilot(tmp_path, "other@helium", {0.3: [0.1, 0.9], 0.4: [0.1, 0.9]}, other)
    pilot(tmp_path, "first@cxidb", {alpha: [0.1, 0.9, 0.9] for alpha in scores}, sweep(count=4000))
    found = planned_power(sweep(), "helium", known, as_storage(tmp_path))
    assert found.pilot is not None
    assert (found.pilot.study, found.pilot.freedom, found.pilot.shots) == ("first@helium", 6, 600)
    variance = np.mean([np.var(values, ddof=1) for values in scores.values()])
    assert found.pilot.sd == pytest.approx(math.sqrt(variance))
    assert found.test is not None
    there = ExpectedTest(600, tuple(600 / 1090 * count for count in found.test.positives))
    assert found.sd == pytest.approx(math.sqrt(variance - there.variance / 8))
    assert "from first@helium, 6 degrees of freedom" in found.sentence()


def test_what_cannot_be_judged_is_said() -> None:
    test = ExpectedTest(154, (40.0, 20.0))
    assert "1 seed gives a first look without verdicts" in SweepPower("helium", test, 1, 6, 3).sentence()
    assert (
        "2 seeds of 4 cells give no verdicts, which takes 3 seeds or 6 cells"
        in SweepPower("helium", test, 2, 4, 3).sentence()
    )
    assert SweepPower("helium", test, 2, 6, 3).smallest < math.inf
    nothing = SweepPower("helium", None, 3, 6, 3)
    assert (nothing.smallest, nothing.needed) == (math.inf, None)
    assert nothing.sentence() == "helium: no class has 5 positive test shots: no difference can be judged"
