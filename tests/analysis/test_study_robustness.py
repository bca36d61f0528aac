"""Which cells lose least, from networks whose answers are known, with scores of scikit-learn."""

import json
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from airybench.analysis.study_figures import robustness_figure
from airybench.analysis.study_robustness import StudyRobustness, study_robustness
from airybench.config import TrialConfig
from airybench.inference.predictions import Predictions
from airybench.inference.stressed import Stressed
from airybench.report.stressed import robustness_html, robustness_lines
from airybench.sweep.records import FinishedTrial

RNG = np.random.default_rng(7)
LABELS = (RNG.random((80, 3)) < 0.4).astype(np.uint8)
LOST = {("log0.2", "counts"): 0.2, ("log0.2", "log1p"): 0.2, ("plain", "counts"): 3.0, ("plain", "log1p"): 3.0}
"""Noise that each strength adds to the logits of a cell."""


def predictions(noise: float, rng: np.random.Generator) -> Predictions:
    logits = (4.0 * LABELS - 2 + noise * rng.normal(size=LABELS.shape)).astype(np.float32)
    return Predictions(np.arange(80), logits, LABELS, ("Round", "Streak", "Bent"), "multilabel")


def trial(number: int, seed: int, **changes: Any) -> FinishedTrial:
    config = TrialConfig().replace({"seed": seed, **changes})
    return FinishedTrial(number, config, {}, f"run{number}", {}, (0.5 + number / 100,))


@pytest.fixture(scope="module")
def trials() -> list[FinishedTrial]:
    cells = [(log, scaling) for log in (True, False) for scaling in ("counts", "log1p")]
    return [
        trial(2 * i + seed, seed, log_activation=log, input_scaling=scaling)
        for i, (log, scaling) in enumerate(cells)
        for seed in (0, 1)
    ]


@pytest.fixture(scope="module")
def kept(trials: list[FinishedTrial]) -> dict[str, tuple[Predictions, Stressed]]:
    found: dict[str, tuple[Predictions, Stressed]] = {}
    for one in trials:
        rng = np.random.default_rng(one.number)
        clean = predictions(0.5, rng)
        lost = LOST[one.config.network.activation, one.config.data.input_scaling]
        found[one.run_id] = (
            clean,
            {
                "offset": {0.0: clean, 10.0: predictions(0.5 + lost, rng), 100.0: predictions(0.5 + 2 * lost, rng)},
                "hot-pixels": {0.0: clean, 40.0: predictions(0.5 + lost / 2, rng)},
            },
        )
    return found


@pytest.fixture(scope="module")
def found(trials: list[FinishedTrial], kept: dict[str, tuple[Predictions, Stressed]]) -> StudyRobustness:
    return study_robustness(trials, 1, lambda one: kept[one.run_id])


def test_losses_are_means_over_changes_strengths_and_seeds(
    found: StudyRobustness, trials: list[FinishedTrial], kept: dict[str, tuple[Predictions, Stressed]]
) -> None:
    assert [cell.config for cell in found.cells] == [trials[i].config for i in (6, 4, 2, 0)], "ordered by val"
    cell = found.cells[0]

    def ap(one: Predictions) -> float:
        return float(average_precision_score(LABELS, one.logits, average="macro"))

    clean, changed = [], []
    for one in trials[6:]:
        plain, stressed = kept[one.run_id]
        clean.append(ap(plain))
        offset = np.mean([ap(stressed["offset"][strength]) for strength in (10.0, 100.0)])
        changed.append((offset + ap(stressed["hot-pixels"][40.0])) / 2)
    assert cell.clean.value == pytest.approx(np.mean(clean), abs=1e-6)
    assert cell.changed.value == pytest.approx(np.mean(changed), abs=1e-6)
    assert cell.loss.value == pytest.approx(np.mean(clean) - np.mean(changed), abs=1e-6)
    assert cell.loss.low < cell.loss.value < cell.loss.high
    assert cell.worst == ("offset", 100.0)
    assert (cell.seeds, found.shots) == (2, 80)


def test_choices_are_compared_between_cells_equal_in_all_else(found: StudyRobustness) -> None:
    activation, scaling = found.effects
    assert (activation.choice.factor, activation.choice.level) == ("activation", "plain")
    assert (activation.choice.reference, activation.choice.pairs) == ("log0.2", 2)
    losses = {(cell.config.network.activation, cell.config.data.input_scaling): cell.loss.value for cell in found.cells}
    expected = np.mean([losses["plain", one] - losses["log0.2", one] for one in ("counts", "log1p")])
    assert activation.difference.value == pytest.approx(expected)
    assert (scaling.choice.factor, scaling.choice.level, scaling.choice.reference) == (
        "input_scaling", "log1p", "counts",
    )  # fmt: skip
    assert activation.verdict == scaling.verdict == "first look", "four cells of two seeds say too little of the seeds"


def test_with_more_seeds_there_is_a_verdict(
    trials: list[FinishedTrial], kept: dict[str, tuple[Predictions, Stressed]]
) -> None:
    further = [trial(one.number, 2, log_activation=one.config.network.log_activation,
                     input_scaling=one.config.data.input_scaling) for one in trials[1::2]]  # fmt: skip
    activation, scaling = study_robustness([*trials, *further], 1, lambda one: kept[one.run_id]).effects
    assert activation.verdict == "loses more"
    assert "activation plain against log0.2: mean loss +0." in activation.sentence
    assert scaling.verdict == "undecided"
    assert scaling.p >= scaling.difference.p


def test_the_worst_change_is_named_with_its_remedy(found: StudyRobustness) -> None:
    assert found.worst[:2] == ("offset", 100.0)
    assert found.advice.startswith("Worst over all cells: offset 100 counts costs 0.")
    assert "subtract the background" in found.advice


def test_it_is_shown_as_table_page_lines_csv_and_data(found: StudyRobustness) -> None:
    lines = found.to_csv().splitlines()
    assert len(lines) == 1 + 4 * (3 + 2 + 2)
    data = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert [one["verdict"] for one in data["effects"]] == ["first look", "first look"]
    assert data["cells"][0]["worst"] == {"change": "offset", "strength": 100.0}
    markdown = "\n".join(robustness_lines(found))
    page = robustness_html(found, "demo")
    for cell in found.cells:
        assert f"| {cell.config.label} | 2 |" in markdown
        assert f'<th scope="row">{cell.config.label}</th>' in page
    assert "data:image/png;base64," in page
    figure = robustness_figure(found, "demo")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["offset", "hot-pixels"]
    drawn = figure.axes[0].containers[0].lines[0].get_ydata()
    np.testing.assert_allclose(drawn, [one.value for one in found.cells[0].curves["offset"].values()])
