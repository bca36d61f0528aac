"""Experiment files: each bad one is refused in one line, each shipped one can run."""

from pathlib import Path

import pytest
from refusals import refusal

from airybench.config import (
    TrialConfig,
)
from airybench.config.experiments import experiments, load_experiment
from airybench.sweep.space import cells, check, finite


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- 1", "contains no keys; expected question, base, space, study"),
        ("", "contains no keys; expected question, base, space, study"),
        ("a: [", "is not YAML: "),
        ("bas: {}", "config bad.yaml: unknown parameter 'bas'; valid: alpha, antialias, "),
        ("base: {network: {alfa: 1}}", "config bad.yaml: unknown parameter 'alfa'; valid: alpha, "),
        ("base: {network: {alfa: 1}}", "Did you mean 'alpha'?"),
        ("base: {network: {depth: 17}}", "config bad.yaml: base.network: resnet has no depth 17; valid: 18, "),
        ("base: {network: 3}", "config bad.yaml: network: found 3; "),
        ("base: {network: {alpha: .nan}}", "config bad.yaml: alpha: found nan; input should be a finite number"),
        ("base: {training: {milestones: [60, 30]}}", "base.training: milestones are (60, 30), expected rising"),
        ("space: 3", "config bad.yaml: space: found 3; "),
        ("space: []", "the space is empty; leave it out to train the base alone"),
        ("space: {alfa: [1]}", "config bad.yaml: unknown parameter 'alfa'; "),
        ("space: {alpha: []}", "config bad.yaml: axis alpha of the space is empty"),
        ("space: {alpha: [0.2, -1]}", "config bad.yaml: alpha: found -1; input should be greater than or equal to 0"),
        ("space: {alpha: [0.2, null]}", "config bad.yaml: alpha: found None; "),
        ("space: {seed: [1, 2]}", "seed is no axis of a space; use --seeds"),
        ("space: {dataset: [helium]}", "dataset is no axis of a space; use --dataset"),
        ("space: {alpha: {low: 2, high: 1}}", "range 2..1 is empty, or logarithmic and not above 0"),
        ("space: {alpha: {low: 1, high: 1}}", "range 1..1 is empty, or logarithmic and not above 0"),
        ("space: {alpha: {low: 0, high: 1, log: true}}", "range 0..1 is empty, or logarithmic and not above 0"),
        ("space: {alpha: {low: 0.1}}", "high: Field required"),
        ("space: {alpha: {low: 0.1, high: .inf}}", "high: found inf; input should be a finite number"),
        (
            "space: {flips: {low: 0, high: 1}}",
            "axis flips is a range, but flips is not a number; give a list of values",
        ),
        (
            "study: {sampler: gird}",
            "config bad.yaml: unknown sampler 'gird'; valid: grid, random, tpe, nsga2. Did you mean 'grid'?",
        ),
        ("study: {seeds: 0}", "config bad.yaml: seeds: found 0; "),
        ("study: {objective: macro_app}", "unknown objective 'macro_app'; valid: macro_ap, "),
        ("study: {objective: 'macro_ap:up'}", "objective direction is 'up', expected max or min"),
        ("study: {objective: [macro_ap, speed]}", "unknown objective 'speed'; valid: macro_ap, "),
        ("study: {objective: images_per_second}", "objective images_per_second is first; name a metric of the val"),
        ("study: {objective: [loss, val/loss]}", "objective 'loss,val/loss' names a metric twice"),
        (
            "study: {objective: [macro_ap, parameters], pruner: median}",
            "pruner is 'median' with 2 objectives, but pruners compare trials by a single one; use --pruner none",
        ),
    ],
)
def test_file_that_cannot_be(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(content, encoding="utf-8")
    assert message in refusal(lambda: load_experiment(str(path)))


def test_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"
    assert (
        refusal(lambda: load_experiment(str(missing))) == f"config {missing} cannot be read: No such file or directory"
    )
    message = refusal(lambda: load_experiment("quik"))
    assert message.startswith("unknown config 'quik'; valid: alpha-medium, alpha-quick, ")
    assert message.endswith(", or a path to a .yaml file. Did you mean 'quick'?")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x01")
    assert "cannot be read: not a text file" in refusal(lambda: load_experiment(str(tmp_path / "binary.yaml")))


@pytest.mark.parametrize("path", experiments().values(), ids=lambda path: path.stem)
def test_shipped_experiment_is_runnable(path: Path) -> None:
    sweep = load_experiment(path.stem)
    assert sweep.question
    assert path.read_text(encoding="utf-8").startswith("# ")
    assert "?" in path.read_text(encoding="utf-8").splitlines()[0]
    check(sweep)
    if finite(sweep):
        found = cells(sweep)
        assert len({cell.config.cell() for cell in found}) == len(found) > 0
    assert load_experiment(str(path)) == sweep


def test_quick_is_six_cells() -> None:
    found = [cell.config.network for cell in cells(load_experiment("quick"))]
    described = [(n.arch, n.depth, n.log_activation, n.alpha, n.leakiness) for n in found]
    assert sorted(described) == [
        ("resnet", 18, False, 0.0, 0.2),
        ("resnet", 18, True, 0.2, 0.0),
        ("resnet", 18, True, 0.2, 0.2),
        ("resnet", 18, True, 0.5, 0.2),
        ("vgg", 11, False, 0.0, 0.2),
        ("vgg", 11, True, 0.2, 0.2),
    ]
    assert {n.head_width for n in found if n.arch == "vgg"} == {256}


def test_paper_is_the_papers_training() -> None:
    sweep = load_experiment("paper")
    assert sweep.base == TrialConfig()
    assert len(cells(sweep)) == 16
