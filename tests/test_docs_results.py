"""The published answers, the page that tells them and README say the same, and can be drawn again."""

import re
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from published_answers import answers, searched

from airybench.config.experiments import load_experiment, questions
from airybench.report.results import Results, experiment_digest, published, read_results
from docs.figures.answers import cell_titles, effect_title, picture
from docs.figures.results import END, PAGE, all_results, interval_text, tables, with_tables

ROOT = Path(__file__).parents[1]
MOST_BYTES = 200_000
NUMBER = re.compile(r"[+-]?\d\.\d{3} \[[+-]?\d\.\d{3} \.\. [+-]?\d\.\d{3}\]")
"""A value with its interval, as every page writes it."""


@pytest.mark.parametrize("question", ["headline", "fraction", "robustness", "noise-ccf", "architecture", "alpha"])
def test_every_kind_of_answer_is_drawn_and_told(question: str, tmp_path: Path) -> None:
    found = answers(question)
    assert isinstance(picture(found), Figure)
    text = tables(found)
    heads = [line for line in text.splitlines() if line.startswith("| ---")]
    assert len(heads) == 2
    for block in text.split("\n\n")[:2]:
        assert len({line.count("|") for line in block.splitlines()}) == 1, "every row has every column"
    assert f"`airybench reproduce {question} --size small`: 2048 shots of each set at 40 px" in text
    path = tmp_path / "x.json"
    path.write_text(found.to_json(), encoding="utf-8")
    assert read_results(path) == found


def test_tables_hold_the_numbers_and_cells_are_called_by_what_they_are() -> None:
    found = answers("headline")
    names = list(cell_titles(found.datasets[0].cells).values())
    assert sorted(names) == sorted(
        [f"plain on {scale}" for scale in ("[0, 1]", "counts", "ln(1 + counts)")]
        + [f"log activation on {scale}" for scale in ("counts", "ln(1 + counts)")]
    )
    text = tables(found)
    for claim in found.datasets[0].claims:
        shown = interval_text(claim.difference, "+")
        assert f"| {claim.statement} | {shown} | {claim.verdict} (p 0.040) | {shown} |" in text
    curves = tables(answers("fraction"))
    assert re.search(r"^\| 5% \| 0\.\d{3} \[", curves, re.M)
    assert "helium: support vectors on features" in curves
    assert set(cell_titles(answers("noise-ccf").datasets[0].cells).values()) == {
        f"{what}, {noise}" for what in ("images", "correlation maps") for noise in ("no noise", "noise up to the max")
    }
    assert list(cell_titles(answers("architecture").datasets[0].cells).values()) == [
        "ResNet-18", "ResNet-34", "ResNet-50", "VGG-11"
    ]  # fmt: skip
    assert list(cell_titles(answers("alpha").datasets[0].cells).values()) == [
        *(f"log activation on counts, alpha {alpha}" for alpha in ("0.05", "0.2", "1")), "plain on [0, 1]"
    ]  # fmt: skip
    assert list(cell_titles(answers("leakiness").datasets[0].cells).values()) == [
        "plain ReLU", *(f"leakiness {slope}" for slope in ("0.1", "0.2", "0.4"))
    ]  # fmt: skip


def test_searches_are_drawn_trial_by_trial_and_told_with_what_they_found(tmp_path: Path) -> None:
    found = searched()
    drawn = picture(found)
    curves, scores = drawn.axes[:2]
    thick = {line.get_label(): line.get_ydata() for line in curves.lines if not str(line.get_label()).startswith("_")}
    assert set(thick) == {"TPE", "random search"}
    assert list(thick["TPE"]) == pytest.approx([0.3, 0.3, 0.41, 0.5])
    assert len(curves.lines) == 2 * 4
    assert [label.get_text() for label in scores.get_yticklabels()] == ["TPE", "random search"]
    text = tables(found)
    assert "| helium | TPE | 0 | 0.500 | 0.500 | log activation on [0, 1], alpha 0.12, learning rate 0.0012 |" in text
    assert "| cxidb | random search | 2 | 0.500 | 0.500 | plain on [0, 1], learning rate 0.0012 |" in text
    assert "24 trainings" not in text
    assert f"{2 * 2 * 3 * 4} trainings" in text
    path = tmp_path / "x.json"
    path.write_text(found.to_json(), encoding="utf-8")
    assert read_results(path) == found


def test_effects_are_said_in_words_and_no_p_value_is_called_nothing() -> None:
    found = read_results(published()["robustness"])
    effects = {effect_title(effect): effect for effect in found.datasets[0].stress.effects}
    assert set(effects) == {
        "no logarithmic activation against the logarithmic activation",
        "ln(1 + counts) against counts",
        "[0, 1] against counts",
    }
    text = tables(found)
    for one in found.datasets:
        for effect in one.stress.effects:
            p = "p < 0.001" if effect.p_holm < 0.001 else f"p {effect.p_holm:.3f}"
            assert f"{interval_text(effect.loss, '+')} | {effect.verdict} ({p})" in text
    assert "p 0.000" not in text


def test_tables_are_written_between_their_marks_alone() -> None:
    found = answers("headline")
    page = f"before\n<!-- results: headline -->\nold\n{END}\nbetween\n<!-- results: alpha -->\nkept\n{END}\n"
    new = with_tables(page, [found])
    assert new == page.replace("old", tables(found))
    assert with_tables(new, [found]) == new
    assert with_tables("no marks", [found]) == "no marks"


def test_what_is_published_is_of_a_shipped_experiment_small_and_drawn() -> None:
    for name, path in published().items():
        found = read_results(path)
        assert found.question == name
        assert name in questions()
        assert found.config_sha256 == experiment_digest(load_experiment(found.experiment)), "run it again"
        assert path.stat().st_size < MOST_BYTES
        assert path.read_text(encoding="utf-8") == found.to_json()
        assert (ROOT / "docs" / "reproduction" / f"{name}.png").is_file()


def test_the_page_has_the_tables_of_every_published_answer() -> None:
    text = PAGE.read_text(encoding="utf-8")
    found = all_results()
    assert set(re.findall(r"<!-- results: (\S+) -->", text)) == found.keys()
    assert with_tables(text, found.values()) == text, "python -m docs.figures results"
    for name in found:
        assert f"](reproduction/{name}.png)" in text


def test_numbers_in_the_prose_of_page_and_readme_are_published_ones() -> None:
    known = {shown for found in all_results().values() for shown in numbers(found)}
    prose = re.sub(r"<!-- results: .*?<!-- end -->", "", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    prose += "".join(part for part in readme.split("\n\n") if "docs/reproduction" in part)
    assert set(NUMBER.findall(prose)) <= known


def numbers(found: Results) -> set[str]:
    """Every value with its interval, with and without a sign."""
    parts = [part for one in found.datasets for part in (*one.cells, *one.baselines)]
    values = [part.test for part in parts] + [claim.difference for one in found.datasets for claim in one.claims]
    for one in found.datasets:
        if one.stress:
            values += [part for cell in one.stress.cells for part in (cell.clean, cell.changed, cell.loss)]
            values += [part for effect in one.stress.effects for part in (effect.loss, effect.changed)]
    return {interval_text(value, sign) for value in values for sign in ("", "+")}


def test_a_number_that_is_not_published_would_be_seen() -> None:
    found = answers("headline")
    (one, *_) = found.datasets[0].claims
    assert interval_text(one.difference, "+") in numbers(found)
    assert NUMBER.findall(f"It helps by {interval_text(one.difference, '+')}.") == [interval_text(one.difference, "+")]
    assert "+0.999 [+0.998 .. +1.000]" not in numbers(found)
