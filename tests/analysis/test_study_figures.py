"""A study's figures: drawn where its space supports them, left out with a reason where it does not."""

import re

import pytest
from PIL import Image
from plotly.offline import get_plotlyjs

from airybench.analysis.study_figures import study_figures, write_figures
from airybench.config import Objective, TrialConfig
from airybench.sweep.records import FinishedTrial

ONE = [Objective.of("macro_ap")]
TWO = [*ONE, Objective.of("images_per_second")]


def trial(*values: float, **changes: object) -> FinishedTrial:
    return FinishedTrial(0, TrialConfig().replace(changes), {}, "", {}, values)


@pytest.fixture(scope="module")
def grid() -> list[FinishedTrial]:
    """A full grid whose objective is known in closed form: alpha decides, leakiness and depth matter little."""
    found = []
    for depth in (18, 34):
        for leakiness in (0.0, 0.2):
            small = 0.01 * (depth == 34) + 0.02 * leakiness
            found.append(trial(0.4 + small, 90.0 - depth, depth=depth, leakiness=leakiness, log_activation=False))
            found += [
                trial(0.4 + alpha / 2 + small, 60.0 - depth, depth=depth, leakiness=leakiness, alpha=alpha)
                for alpha in (0.1, 0.2, 0.5)
            ]
    return found


def test_everything_is_drawn_where_the_space_supports_it(grid, tmp_path) -> None:
    drawn, left_out = study_figures(grid, TWO, "study@helium")
    assert left_out == {}
    write_figures(drawn, left_out, "study@helium", tmp_path)
    names = {"parallel-coordinates", "importance", "alpha-leakiness", "depth", "pareto"}
    assert {path.name for path in tmp_path.iterdir()} == {"not-drawn.txt", "interactive.html"} | {
        f"{name}.{kind}" for name in names for kind in ("png", "pdf", "svg")
    }
    page = (tmp_path / "interactive.html").read_text(encoding="utf-8")
    assert not re.search(r"<(script|link)[^>]+(src|href)=", page), "the page needs something from outside"
    assert len(page) < 1.1 * len(get_plotlyjs())  # which stands there once
    for name in names:
        own = page.partition(f'<section id="{name}">')[2].partition("</section>")[0]
        assert "study@helium" in own
        assert own.count("Plotly.newPlot(") == 1
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert len(picture.convert("L").getcolors(256) or range(256)) > 20


REASONS = {
    "parallel-coordinates": ([trial(0.5)], "a single cell has nothing to be compared with"),
    "importance": ([trial(0.1 * a, alpha=0.1 * a, leakiness=0.1 * a) for a in (1, 2)],
                   "2 finished trials are too few to weigh parameters by, at least 12"),
    "alpha-leakiness": ([trial(0.5, alpha=0.1), trial(0.6, alpha=0.2)], "leakiness has a single value"),
    "depth": ([trial(0.5, alpha=0.1), trial(0.6, alpha=0.2)], "no architecture was trained at several depths"),
    "pareto": ([trial(0.5), trial(0.6)], "the study has a single objective"),
}  # fmt: skip


@pytest.mark.parametrize("name", REASONS)
def test_what_the_space_does_not_support_is_left_out_with_a_reason(name, tmp_path) -> None:
    trials, reason = REASONS[name]
    drawn, left_out = study_figures(trials, ONE, "study")
    assert left_out[name] == reason
    assert name not in [one.name for one in drawn]
    write_figures(drawn, left_out, "study", tmp_path)
    assert (tmp_path / "interactive.html").exists() == bool(drawn)
    assert f"{name}: {reason}\n" in (tmp_path / "not-drawn.txt").read_text(encoding="utf-8")


def test_axes_of_scores_are_the_same_in_every_study(grid) -> None:
    drawn, _ = study_figures(grid, TWO, "study")
    plots = {one.name: one.picture.axes[0] for one in drawn}
    assert plots["depth"].get_ylim() == plots["pareto"].get_xlim() == (0, 1)
    costs = [trial(one.values[0], -one.values[0], depth=18 + 16 * place) for place, one in enumerate(grid[:2])]
    (depth,) = [one for one in study_figures(costs, [Objective.of("loss")], "study")[0] if one.name == "depth"]
    assert depth.picture.axes[0].get_ylim() != (0, 1), "a loss has no greatest value"


def test_a_range_is_no_heat_map(grid) -> None:
    trials = [trial(0.5, alpha=0.1 + index / 100, leakiness=0.1 * (index % 2)) for index in range(20)]
    assert study_figures(trials, ONE, "study")[1]["alpha-leakiness"].startswith("alpha has 20 values, as of a range")


def test_heat_maps_hold_the_means(grid, monkeypatch) -> None:
    seen = []
    monkeypatch.setattr("airybench.analysis.study_figures.pictures.heat_maps", lambda panels, **_: seen.extend(panels))
    monkeypatch.setattr("airybench.analysis.study_figures.interactive.heat_maps", lambda panels, **_: "")
    twice = [*grid, trial(0.9, depth=34, leakiness=0.2, alpha=0.5, seed=2)]
    study_figures(twice, ONE, "study")
    best = seen[0]
    assert (best.title, best.rows, best.columns) == ("resnet34", ("off", "0.1", "0.2", "0.5"), ("0", "0.2"))
    assert best.means[0, 1] == pytest.approx(0.414)
    assert best.means[3, 1] == pytest.approx((0.9 + 0.4 + 0.25 + 0.014) / 2)
    assert best.counts[3, 1] == 2
    assert best.counts.sum() == 9
