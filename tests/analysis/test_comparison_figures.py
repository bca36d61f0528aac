"""A comparison as figures: every row is named after what was compared."""

import pytest

from airybench.analysis.compare import CellResult, Comparison, DatasetComparison, Pair
from airybench.analysis.comparison_figures import cells_figure, heading, log_activation_figure, write_figures
from airybench.analysis.estimate import Estimate
from airybench.analysis.verdicts import Judgement
from airybench.config import TrialConfig
from airybench.provenance import Provenance
from airybench.sweep.records import FinishedTrial

CLEAR = Judgement("better", 0.01, 0.01)
SIMULATED = Provenance("helium", "simulated", "d", "s")


def config(**changes: object) -> TrialConfig:
    return TrialConfig().replace(changes)


def trial(**changes: object) -> FinishedTrial:
    return FinishedTrial(0, config(**changes), {}, "run", {}, (0.5,))


def compared(*pairs: Pair, studies: tuple[str, ...] = ("a@helium",)) -> Comparison:
    cell = CellResult(studies[0], config().label, config(), 2, 0.5, Estimate(0.55, 0.5, 0.6, seeds=(2,)), ("run",))
    mean = pairs[0].difference if pairs else None
    return Comparison(
        "macro_ap", (DatasetComparison("helium", studies, SIMULATED, 60, (cell,), 3, pairs, mean, CLEAR, False),)
    )


def pair(**on: object) -> Pair:
    off = {name: value for name, value in on.items() if name not in ("alpha", "learn_alpha")}
    return Pair(trial(**on), trial(**off, log_activation=False), Estimate(0.1, 0.05, 0.2), CLEAR)


@pytest.mark.parametrize(
    ("on", "name"),
    [
        ({"alpha": 0.00005}, "resnet18-leaky0.2 (log5e-05)"),
        ({"alpha": 0.5, "leakiness": 0.00001}, "resnet18-leaky1e-05 (log0.5)"),
        ({"alpha": 0.5, "learn_alpha": True, "arch": "vgg", "depth": 11}, "vgg11-leaky0.2 (log0.5learned)"),
        ({"alpha": 0.5, "arch": "timm:net-plain-v2"}, "net-plain-v2 (log0.5)"),
        ({"alpha": 0.5, "noise": "max"}, "resnet18-leaky0.2-noise-max (log0.5)"),
    ],
)
def test_a_pair_is_named_after_its_network_and_its_alpha(on: dict[str, object], name: str) -> None:
    """A title was once taken apart at its hyphens, and `log5e-05` became `log5e`."""
    figure = log_activation_figure(compared(pair(**on)))
    assert figure is not None
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [name, "mean of these"]


def test_nothing_is_drawn_of_an_activation_that_was_never_off(tmp_path) -> None:
    assert log_activation_figure(compared()) is None
    names = ["compare.pdf", "compare.png", "compare.svg"]
    assert sorted(path.name for path in write_figures(compared(), tmp_path)) == names
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_a_row_shows_its_value_and_its_interval() -> None:
    (axes,) = cells_figure(compared()).axes
    over_both, point = (line.get_xdata() for line in axes.lines)
    assert list(over_both) == [0.5, 0.6]
    assert list(point) == [0.55]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["resnet18-log0.2-leaky0.2 (n=2)"]
    title = heading(compared().datasets[0])
    assert title == axes.get_title(loc="left") == "helium (simulated, 60 test shots, 1 of 3 cells, a@helium)"


def test_cells_of_several_studies_name_theirs() -> None:
    (axes,) = cells_figure(compared(studies=("a@helium", "b@helium"))).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["resnet18-log0.2-leaky0.2 (n=2, a)"]
