"""Comparisons on journals and predictions made by hand: which cells and pairs, and the report's own estimator."""

import contextlib
import json

import numpy as np
import optuna
import pytest
from reporters import CollectingReporter
from sklearn.metrics import average_precision_score

from airybench.analysis.compare import compare
from airybench.analysis.comparison_figures import cells_figure
from airybench.analysis.intervals import difference, score
from airybench.analysis.verdicts import judged
from airybench.cli.main import run
from airybench.cli.show.comparison import comparison_json, print_comparison
from airybench.config import SweepConfig, TrialConfig
from airybench.errors import AirybenchError, ConfigError, NothingFinishedError, StudyError
from airybench.inference.predictions import Predictions
from airybench.sweep.journal import open_journal
from airybench.sweep.saved_studies import names, read

CLASSES = ("round", "bent", "empty")
SHOTS = 60


class Shelf:
    """A folder of journals, with the predictions that their runs would have kept."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.kept: dict[str, Predictions] = {}
        self.labels = (np.random.default_rng(5).random((SHOTS, 3)) < 0.4).astype(np.uint8)

    def study(self, name, trials, *, data="d" * 64, split="s" * 16, objective="macro_ap", classes=CLASSES) -> None:
        """Write a finished study; a trial is (changes, val macro_ap, how much its logits know, whether it confirms)."""
        definition = SweepConfig(study={"objective": objective}).model_dump(mode="json")
        made = optuna.create_study(storage=open_journal(self.folder / f"{name}.journal"), study_name=name)
        made.set_user_attr("definition", {**definition, "data_sha256": data, "split_digest": split})
        for number, (changes, val, signal, *again) in enumerate(trials):
            run_id = f"{name}-{number}"
            noise = np.random.default_rng(len(self.kept)).normal(size=self.labels.shape)
            logits = (signal * self.labels + noise).astype(np.float32)
            self.kept[run_id] = Predictions(np.arange(SHOTS), logits, self.labels, classes, "multilabel")
            trial = made.ask()
            for key, value in {"config": TrialConfig().replace(changes).model_dump(mode="json"), "run_id": run_id,
                               "scores": {"macro_ap": val, "macro_f1": val / 2}, "facts": {}}.items():  # fmt: skip
                trial.set_user_attr(key, value)
            if again:
                trial.set_user_attr("confirmation", True)
            made.tell(trial, val)

    def of(self, run_ids) -> list[Predictions]:
        """Predictions of runs."""
        return [self.kept[run_id] for run_id in run_ids]

    def compare(self, *wanted, **options):
        """Compare studies on this shelf."""
        return compare(wanted, self.folder, lambda _, record: self.kept[record.run_id], **options)


@pytest.fixture
def shelf(tmp_path) -> Shelf:
    return Shelf(tmp_path)


def reference(shelf, run_ids, counts) -> float:
    """Macro-AP on rows repeated as often as drawn, mean over runs."""
    rows = np.repeat(np.arange(SHOTS), counts.astype(int))
    scores = []
    for run_id in run_ids:
        kept = shelf.kept[run_id]
        truth, logits = kept.labels[rows], kept.logits[rows]
        scores.append(np.mean([average_precision_score(truth[:, c], logits[:, c]) for c in range(3)]))
    return float(np.mean(scores))


PLAIN = {"log_activation": False}


def test_a_difference_is_over_all_seeds_and_by_the_estimator_of_reports(shelf) -> None:
    shelf.study("a@helium", [
        ({"alpha": 0.2, "seed": 1}, 0.6, 1.5), ({"alpha": 0.2, "seed": 2}, 0.7, 1.2),
        ({"alpha": 0.5, "seed": 1}, 0.3, 9),
        ({**PLAIN, "seed": 1}, 0.5, 0.5), ({**PLAIN, "seed": 2}, 0.5, 0.8), ({**PLAIN, "seed": 3}, 0.9, 9),
    ])  # fmt: skip
    (side,) = shelf.compare("a").datasets
    (pair,) = side.pairs
    # Of the alphas val takes 0.2, however good 0.5 is on test.
    assert (pair.on.config.network.title, pair.off.config.network.title) == (
        "resnet18-log0.2-leaky0.2",
        "resnet18-plain-leaky0.2",
    )
    on, off = ["a@helium-0", "a@helium-1"], ["a@helium-3", "a@helium-4", "a@helium-5"]
    once = np.ones(SHOTS)
    assert pair.difference.value == pytest.approx(reference(shelf, on, once) - reference(shelf, off, once), abs=1e-6)
    pool = [shelf.of(on), shelf.of(["a@helium-2"]), shelf.of(off)]
    assert pair.difference == difference(shelf.of(on), shelf.of(off), "macro_ap", pool=pool)
    assert pair.judgement.verdict == judged([pair.difference])[0].verdict == "first look"
    best = next(cell for cell in side.cells if cell.config.network.alpha == 0.2 and cell.config.network.log_activation)
    assert best.test == score(shelf.of(on), "macro_ap", pool=pool)
    assert side.mean.value == pytest.approx(pair.difference.value)
    assert side.verdict is pair.judgement


def test_cells_on_other_data_have_names_of_their_own(shelf) -> None:
    """Noise once left no trace in the names that were printed, and four cells shared two names."""
    shelf.study("a@helium", [
        ({"noise": noise, **activation, "seed": 1}, 0.5, 1.0) for noise in ("none", "max") for activation in ({}, PLAIN)
    ])  # fmt: skip
    plain = ["resnet18-log0.2-leaky0.2", "resnet18-plain-leaky0.2"]
    noisy = [f"{name}-noise-max" for name in plain]
    content = comparison_json(shelf.compare("a"))["datasets"][0]
    assert sorted(row["name"] for row in content["rows"]) == sorted(plain + noisy)
    pairs = [(pair["name"], pair["on"], pair["off"]) for pair in content["log_activation"]["pairs"]]
    assert pairs == [("resnet18-leaky0.2", *plain), ("resnet18-leaky0.2-noise-max", *noisy)]
    assert [trial["cell"] for trial in read(shelf.folder, "a@helium").trials()] == plain + noisy
    picture = cells_figure(shelf.compare("a")).axes[0]
    assert len({label.get_text() for label in picture.get_yticklabels()}) == 4


def test_the_mean_is_over_networks_and_pairs_cross_studies(shelf) -> None:
    shelf.study("with@helium", [({"depth": d, "seed": 1}, 0.6, 2.0) for d in (18, 34)])
    shelf.study("without@helium", [({"depth": d, "seed": 1, **PLAIN}, 0.5, 0.5) for d in (18, 34, 50)])
    (side,) = shelf.compare("with", "without").datasets
    assert [pair.on.config.network.depth for pair in side.pairs] == [18, 34]
    assert side.mean.value == pytest.approx(np.mean([pair.difference.value for pair in side.pairs]))
    assert side.mean.low > 0
    assert side.verdict.verdict == "first look"
    assert side.cell_count == 5
    assert side.scaled


def test_seeds_of_one_cell_may_come_from_several_studies(shelf) -> None:
    shelf.study("one@helium", [({"seed": 1}, 0.6, 2.0), ({**PLAIN, "seed": 1}, 0.5, 0.5)])
    shelf.study("two@helium", [({"seed": s}, 0.5, 2.0) for s in (1, 2)] + [({**PLAIN, "seed": 2}, 0.5, 0.5)])
    (side,) = shelf.compare().datasets
    (pair,) = side.pairs
    assert pair.difference.seeds == (2, 2)
    once = np.ones(SHOTS)
    expected = reference(shelf, ["one@helium-0", "two@helium-1"], once)
    expected -= reference(shelf, ["one@helium-1", "two@helium-2"], once)
    assert pair.difference.value == pytest.approx(expected, abs=1e-6)


def test_cells_are_ordered_by_val_and_cut_at_top(shelf) -> None:
    shelf.study("a@helium", [({"alpha": 0.1 * k}, 0.1 * k, 10 - k) for k in range(1, 8)])
    (side,) = shelf.compare(top=3).datasets
    assert [line.val for line in side.cells] == pytest.approx([0.7, 0.6, 0.5])
    assert (side.cell_count, side.shots, side.mean) == (7, SHOTS, None)


def test_classes_that_differences_leave_out_are_named(shelf, capsys) -> None:
    shelf.labels[:, 2] = 0
    shelf.labels[:4, 2] = 1
    trials = [({"log_activation": on}, 0.5, 1.0) for on in (True, False)]
    shelf.study("rare@helium", trials)
    print_comparison(shelf.compare("rare"))
    sentence = "Differences leave out the classes with fewer than 5 positive test shots: empty."
    assert sentence in capsys.readouterr().out
    print_comparison(shelf.compare("rare", metric="exact_match"))
    assert sentence not in capsys.readouterr().out


def test_both_data_sets_stand_side_by_side(shelf) -> None:
    for name, data in (("a@helium", "1" * 64), ("a@cxidb", "2" * 64), ("b@cxidb", "2" * 64)):
        shelf.study(name, [({}, 0.5, 1.0)], data=data)
    assert [(side.dataset, side.studies) for side in shelf.compare().datasets] == [
        ("cxidb", ("a@cxidb", "b@cxidb")), ("helium", ("a@helium",)),
    ]  # fmt: skip
    assert [side.dataset for side in shelf.compare("a@helium").datasets] == ["helium"]
    assert names(shelf.folder, ["a"]) == ["a@cxidb", "a@helium"]


OTHERS = {
    "data": ({"data": "e" * 64}, r"test shots differ \(content of the data: dddddddddddd and eeeeeeeeeeee\)"),
    "split": ({"split": "t" * 16}, r"test shots differ \(split: ssssssssssss and tttttttttttt\)"),
    "classes": ({"classes": ("round", "bent", "blank")}, "their classes differ"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_is_not_comparable_is_refused_by_name(shelf, case) -> None:
    other, message = OTHERS[case]
    shelf.study("a@helium", [({}, 0.5, 1.0)])
    shelf.study("b@helium", [({}, 0.5, 1.0)], **other)
    with pytest.raises(StudyError, match="studies a@helium and b@helium are not comparable") as caught:
        shelf.compare()
    assert caught.match(message)
    assert caught.value.exit_code == 2
    assert len(shelf.compare("a").datasets) == 1


def test_a_study_without_finished_trials_is_left_out_with_a_line(shelf) -> None:
    shelf.study("empty@helium", [])
    with pytest.raises(NothingFinishedError, match="no trial is finished"):
        shelf.compare("empty")
    shelf.study("full@helium", [({}, 0.5, 1.0)])
    reporter = CollectingReporter()
    (side,) = shelf.compare(reporter=reporter).datasets
    assert side.studies == ("full@helium",)
    assert reporter.notices == ["study empty@helium has no finished trial; left out"]


def test_other_objectives_are_compared_by_macro_ap(shelf) -> None:
    shelf.study("a@helium", [({}, 0.5, 1.0)], objective="macro_f1")
    assert shelf.compare().metric == "macro_f1"
    shelf.study("b@helium", [({}, 0.5, 1.0)])
    assert shelf.compare().metric == "macro_ap"
    assert shelf.compare(metric="micro_f1").metric == "micro_f1"
    with pytest.raises(ConfigError, match="unknown metric 'loss'; valid: macro_ap"):
        shelf.compare(metric="loss")


def test_names_that_are_not_there(shelf) -> None:
    with pytest.raises(AirybenchError, match="run a sweep first"):
        shelf.compare()
    shelf.study("alpha@helium", [({}, 0.5, 1.0)])
    with pytest.raises(StudyError, match=r"unknown study 'alpa@helium'; valid: alpha@helium\. Did you mean"):
        shelf.compare("alpa@helium")


def test_the_command_on_a_real_sweep(finished, tmp_path, capsys) -> None:
    with contextlib.chdir(tmp_path):  # not where mlflow.db is: the study knows its own
        assert run(["compare", "--study", "both", "--json", "--output", "pictures"]) == 0
        found = json.loads(capsys.readouterr().out)
        kinds = ("png", "pdf", "svg")
        names = {f"{stem}.{kind}" for stem in ("compare", "log-activation") for kind in kinds}
        assert {path.name for path in tmp_path.glob("pictures/*")} == names
        assert not list(tmp_path.glob("mlflow.db*"))
        assert run(["compare", "--study", "both@helium"]) == 0
    printed = capsys.readouterr()
    assert "helium: test macro_ap with the log activation minus without" in printed.out
    assert printed.err == ""
    assert found["metric"] == "macro_ap"
    assert [side["dataset"] for side in found["datasets"]] == ["cxidb", "helium"]
    for side in found["datasets"]:
        assert len(side["rows"]) == 3
        (pair,) = side["log_activation"]["pairs"]
        assert {pair["on"], pair["off"]} < {row["name"] for row in side["rows"]}
        assert pair["low"] <= pair["value"] <= pair["high"]
        assert (pair["verdict"], pair["p_holm"], pair["seeds"]) == ("first look", None, [1, 1])
        assert side["log_activation"]["input_scaling_differs"]
    assert "both@helium" in finished.printed


def test_the_command_says_in_one_line_what_is_missing(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path))
    assert run(["compare"]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "there is no study" in message


def test_the_best_of_several_alphas_counts_as_several_claims_or_is_judged_by_fresh_seeds(shelf) -> None:
    search = [
        ({"alpha": alpha, "seed": seed}, alpha, 1.0) for seed in range(3) for alpha in (0.1, 0.2, 0.3, 0.4)
    ] + [({**PLAIN, "seed": seed}, 0.5, 0.3) for seed in range(3)]  # fmt: skip
    shelf.study("a@helium", search)
    (pair,) = shelf.compare("a").datasets[0].pairs
    assert (pair.on.config.network.alpha, pair.tried, pair.fresh) == (0.4, (4, 1), False)
    assert pair.judgement == judged([pair.difference], chosen_among=[4])[0]
    fresh = [({"alpha": 0.4, "seed": 1000 + seed}, 0.1, 1.0, "again") for seed in range(3)]
    shelf.study("b@helium", [*search, *fresh])
    (side,) = shelf.compare("b").datasets
    (pair,) = side.pairs
    assert (pair.on.config.network.alpha, pair.tried, pair.fresh) == (0.4, (4, 1), True)
    again = shelf.of([f"b@helium-{number}" for number in (15, 16, 17)])
    plain = shelf.of([f"b@helium-{number}" for number in (12, 13, 14)])
    assert pair.difference.value == pytest.approx(difference(again, plain, "macro_ap").value)
    assert pair.judgement == judged([pair.difference])[0]
    assert [cell.seeds for cell in side.cells] == [3] * 5
    content = comparison_json(shelf.compare("b"))["datasets"][0]["log_activation"]["pairs"][0]
    assert (content["tried"], content["fresh_seeds"]) == ([4, 1], True)
