"""The best cells of other studies in a new space: which are taken, which are left out, and what is said of it."""

from pathlib import Path
from typing import Any

import pytest

from airybench.config import SweepConfig
from airybench.errors import ConfigError, StudyError
from airybench.provenance import SIMULATOR_VERSION, Provenance
from airybench.sweep.start_cells import StudyStart
from airybench.sweep.start_from import BEST, plan_start
from airybench.sweep.storage import JournalFolder
from airybench.sweep.study import RunningStudy
from airybench.trial.outcome import Outcome

WIDE = {"arch": ["resnet", "vgg"], "log_activation": [True, False], "alpha": [0.1, 0.2], "base_lr": [0.001, 0.01]}


def sweep_of(space: object, base: object = None, **rule: object) -> SweepConfig:
    return SweepConfig.model_validate({"base": base or {}, "space": space, "study": rule})


def ran(folder: Path, name: str, sweep: SweepConfig, scores: dict[tuple[object, ...], float], *axes: str) -> None:
    """A finished study with these scores by the values of some axes; cells without one score 0."""
    provenance = Provenance(name.partition("@")[2], "simulated", "a" * 64, "b" * 64, simulator=SIMULATOR_VERSION)
    one = RunningStudy(folder, name, sweep, provenance)
    one.set_attribute("data_source", "simulated")
    one.plan()
    while (trial := one.ask()) is not None:
        trial.set_attributes(run_id=f"run{trial.number}")
        params = trial.config.params()
        score = scores.get(tuple(params[axis] for axis in axes), 0.0)
        one.complete(trial, Outcome(score, {"macro_ap": score, "loss": score}, {"seconds": 1.0}))


def planned(folder: Path, sweep: SweepConfig, *wanted: str, name: str = "new@helium", **rest: Any) -> StudyStart:
    found = plan_start(wanted, name, sweep, JournalFolder(folder), **rest)
    assert found is not None
    return found


@pytest.fixture
def pilot(tmp_path: Path) -> Path:
    """Eight alphas on another data set, ranked 0.3, 0.1, 0.7, 0.2, 0.8, 0.4, and the rest."""
    order = [0.3, 0.1, 0.7, 0.2, 0.8, 0.4]
    scores: dict[tuple[object, ...], float] = {(alpha,): 0.9 - 0.1 * place for place, alpha in enumerate(order)}
    sweep = sweep_of({"alpha": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]})
    ran(tmp_path, "pilot@cxidb", sweep, scores, "alpha")
    return tmp_path


def test_the_best_cells_come_in_the_order_of_their_study(pilot: Path) -> None:
    found = planned(pilot, sweep_of({"alpha": {"low": 0.01, "high": 1.0}}, sampler="tpe", trials=9), "pilot@cxidb")
    assert [point["alpha"] for point in found.points] == [0.3, 0.1, 0.7, 0.2, 0.8]
    assert len(found.points) == BEST
    assert found.cells[0] == "resnet18-log0.3-leaky0.2"
    assert found.sentence == f"Starts from the best 5 cells of pilot@cxidb: {', '.join(found.cells)}"


def test_an_objective_to_be_lowered_ranks_the_other_way(tmp_path: Path) -> None:
    alphas = {"alpha": [0.1, 0.2, 0.3]}
    scores: dict[tuple[object, ...], float] = {(0.1,): 0.5, (0.2,): 0.1, (0.3,): 0.3}
    ran(tmp_path, "pilot@helium", sweep_of(alphas, objective="loss"), scores, "alpha")
    found = planned(tmp_path, sweep_of(alphas), "pilot")
    assert [point["alpha"] for point in found.points] == [0.2, 0.3, 0.1]


def test_cells_outside_are_left_out_by_name_and_the_next_ones_taken(pilot: Path) -> None:
    found = planned(pilot, sweep_of({"alpha": [0.1, 0.2, 0.4, 0.9]}), "pilot@cxidb")
    assert [point["alpha"] for point in found.points] == [0.1, 0.2, 0.4]
    assert "; left out of pilot@cxidb: resnet18-log0.3-leaky0.2 (alpha 0.3 is not in the space), " in found.sentence
    assert found.sentence.endswith(", 2 more")
    assert "\n" not in found.sentence


def test_what_the_new_space_does_not_vary_is_said_with_its_value(tmp_path: Path) -> None:
    scores: dict[tuple[object, ...], float] = {
        ("vgg", 0.1, 0.01): 0.9, ("resnet", 0.2, 0.01): 0.8, ("resnet", 0.2, 0.001): 0.7, ("resnet", 0.0, 0.001): 0.6,
    }  # fmt: skip
    ran(tmp_path, "pilot@helium", sweep_of({**WIDE, "depth": [18, 11]}), scores, "arch", "alpha", "base_lr")
    space = {"arch": ["resnet"], "log_activation": [True, False], "alpha": [0.1, 0.2], "depth": [18, 34]}
    found = planned(tmp_path, sweep_of(space, {"training": {"base_lr": 0.005}}), "pilot")
    # The two learning rates of the best network are one cell here.
    assert found.cells[:2] == ("resnet18-log0.2-leaky0.2", "resnet18-plain-leaky0.2")
    assert len(set(found.cells)) == len(found.cells)
    assert (
        "left out of pilot@helium: vgg11-log0.1-leaky0.2-base_lr0.01 (arch vgg is not in the space)" in found.sentence
    )
    assert found.sentence.endswith("pilot@helium varied what is fixed here: base_lr 0.005")
    assert found.points[1] == {"arch": "resnet", "log_activation": False, "resnet_depth": 18}


def test_of_several_grids_that_is_taken_which_has_the_cell(tmp_path: Path) -> None:
    scores: dict[tuple[object, ...], float] = {("vgg", False): 0.9, ("resnet", True): 0.8}
    ran(
        tmp_path, "pilot@helium", sweep_of({**WIDE, "alpha": [0.2], "base_lr": [0.1]}), scores, "arch", "log_activation"
    )
    space = [{"arch": ["resnet"], "alpha": {"low": 0.1, "high": 0.5}}, {"arch": ["vgg"], "log_activation": [False]}]
    sweep = sweep_of(space, sampler="random", trials=5)
    found = planned(tmp_path, sweep, "pilot")
    assert found.points[0] == {"grid": 1, "arch@1": "vgg", "log_activation@1": False}
    assert found.points[1] == {"grid": 0, "arch@0": "resnet", "alpha@0": 0.2}
    assert [cell.config.network.title for cell in found.cells_in(sweep)] == list(found.cells)
    # A plain ResNet is in neither grid; the reason is that of the grid which has the rest.
    assert "resnet18-plain-leaky0.2 (alpha 0 is not in the space)" in found.sentence


def test_several_studies_take_turns_and_share_cells(pilot: Path) -> None:
    scores: dict[tuple[object, ...], float] = {(0.5,): 0.9, (0.3,): 0.8, (0.6,): 0.7}
    ran(pilot, "other@helium", sweep_of({"alpha": [0.3, 0.5, 0.6]}), scores, "alpha")
    sweep = sweep_of({"alpha": {"low": 0.01, "high": 1.0}}, sampler="tpe", trials=20)
    found = planned(pilot, sweep, "pilot@cxidb", "other", "pilot@cxidb")
    assert found.studies == ("pilot@cxidb", "other@helium")
    assert [point["alpha"] for point in found.points] == [0.3, 0.5, 0.1, 0.7, 0.6, 0.2, 0.8]


def test_cells_that_become_one_take_one_turn(pilot: Path) -> None:
    scores: dict[tuple[object, ...], float] = {(0.5, 0.001): 0.9, (0.5, 0.01): 0.8, (0.6, 0.01): 0.7}
    ran(pilot, "other@helium", sweep_of({"alpha": [0.5, 0.6], "base_lr": [0.001, 0.01]}), scores, "alpha", "base_lr")
    found = planned(pilot, sweep_of({"alpha": [0.1, 0.2, 0.3, 0.5, 0.6]}), "pilot@cxidb", "other")
    assert [point["alpha"] for point in found.points] == [0.3, 0.5, 0.1, 0.6, 0.2]


def test_values_are_those_that_were_set_not_what_they_amount_to(tmp_path: Path) -> None:
    scalings = {"input_scaling": ["paper", "log1p"]}
    ran(tmp_path, "pilot@helium", sweep_of(scalings), {("counts",): 0.9, ("log1p",): 0.8}, "input_scaling")
    found = planned(tmp_path, sweep_of({"input_scaling": ["log1p", "paper"]}), "pilot")
    assert [point["input_scaling"] for point in found.points] == ["paper", "log1p"]


def test_no_cell_inside_is_refused_with_the_reason(pilot: Path) -> None:
    with pytest.raises(ConfigError, match=r"new@helium cannot start from pilot@cxidb: .*alpha 0.3 is not in the space"):
        planned(pilot, sweep_of({"alpha": [0.55]}), "pilot@cxidb")


def test_an_unknown_study_is_refused_and_the_known_ones_named(pilot: Path) -> None:
    with pytest.raises(StudyError, match=r"unknown study 'pilot@helium'; valid: pilot@cxidb\."):
        planned(pilot, sweep_of({"alpha": [0.1]}), "pilot")
    with pytest.raises(StudyError, match=r"unknown study 'pilots@cxidb'.*Did you mean 'pilot@cxidb'"):
        planned(pilot, sweep_of({"alpha": [0.1]}), "pilots@cxidb")


def test_a_study_without_a_finished_trial_is_refused(tmp_path: Path) -> None:
    sweep = sweep_of({"alpha": [0.1, 0.2]})
    RunningStudy(tmp_path, "empty@helium", sweep, Provenance("helium", "simulated", "a" * 64, "b" * 64, simulator=2))
    with pytest.raises(StudyError, match="empty@helium has no finished trial to start from"):
        planned(tmp_path, sweep, "empty")


def test_a_study_that_has_begun_keeps_its_cells_whatever_became_of_the_others(pilot: Path) -> None:
    sweep, home = sweep_of({"alpha": [0.1, 0.2, 0.3, 0.4]}), JournalFolder(pilot)
    start = planned(pilot, sweep, "pilot@cxidb")
    provenance = Provenance("helium", "simulated", "a" * 64, "b" * 64, simulator=SIMULATOR_VERSION)
    RunningStudy(pilot, "new@helium", sweep, provenance, start).plan()
    home.delete("pilot@cxidb")
    assert plan_start(["pilot@cxidb"], "new@helium", sweep, home) == start
    with pytest.raises(StudyError, match=r"has begun with --start-from pilot@cxidb; leave the option out"):
        plan_start(["other"], "new@helium", sweep, home)
    assert plan_start([], "new@helium", sweep, home) is None


def test_a_study_that_has_begun_without_is_refused_and_so_is_the_study_itself(pilot: Path) -> None:
    sweep, home = sweep_of({"alpha": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]}), JournalFolder(pilot)
    with pytest.raises(StudyError, match=r"study pilot@cxidb has begun with no --start-from; .*--fresh"):
        plan_start(["pilot"], "pilot@cxidb", sweep, home)
    with pytest.raises(StudyError, match="is the study itself"):
        plan_start(["new"], "new@helium", sweep, home)
    again = plan_start(["pilot"], "pilot@cxidb", sweep, home, fresh=True)
    assert again is not None
    assert again.points[0] == {"alpha": 0.3}, "with --fresh, the study that is archived is what it starts from"
