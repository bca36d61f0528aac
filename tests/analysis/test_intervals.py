"""Scores and differences: points and resamples by scikit-learn, intervals by their coverage."""

import math
import time
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from airybench.analysis.calibration_draw import Setting, draw_benchmark
from airybench.analysis.intervals import combination, difference, rare_classes, resampled, score
from airybench.analysis.verdicts import judged
from airybench.errors import StudyError
from airybench.inference.bootstrap import resamples
from airybench.inference.predictions import Predictions

NAMES = ("a", "b")
SHOTS = 120


def kept(strength: float, *, seed: int = 0, shot_seed: int = 0, names: tuple[str, ...] = NAMES) -> Predictions:
    """Logits that tell the labels by `strength`, on the shots of `shot_seed`."""
    generator = np.random.default_rng(shot_seed)
    labels = (generator.random((SHOTS, 2)) < 0.4).astype(np.uint8)
    shared = generator.normal(size=(SHOTS, 2))  # what makes a shot hard is hard for every network
    own = np.random.default_rng(1000 + seed).normal(size=(SHOTS, 2))
    logits = (strength * (labels - 0.5) + shared + 0.3 * own).astype(np.float32)
    return Predictions(np.arange(SHOTS) + shot_seed * 10_000, logits, labels, names, "multilabel")


def cell(strength: float, seeds: tuple[int, ...] = (1, 2, 3), shot_seed: int = 0) -> list[Predictions]:
    return [kept(strength, seed=seed, shot_seed=shot_seed) for seed in seeds]


def macro_ap(predictions: list[Predictions], rows: np.ndarray | slice = slice(None)) -> float:
    return float(np.mean([average_precision_score(one.labels[rows], one.logits[rows]) for one in predictions]))


def test_points_are_scikit_learns() -> None:
    good, bad = cell(2.0), cell(1.0, (7,))
    assert score(good, "macro_ap").value == pytest.approx(macro_ap(good), abs=1e-9)
    assert resampled(good, "macro_ap")[:, 0].tolist() == pytest.approx([macro_ap([one]) for one in good], abs=1e-9)
    found = difference(good, bad, "macro_ap")
    assert found.value == pytest.approx(macro_ap(good) - macro_ap(bad), abs=1e-9)
    assert found.low < found.value < found.high
    assert (found.seeds, found.shots, found.runs) == ((3, 1), SHOTS, 0)


def test_each_resample_draws_shots_for_all_cells_alike() -> None:
    """Against scikit-learn on rows that are really repeated."""
    first, second = cell(2.0), cell(1.5)
    ours, theirs = resampled(first, "macro_ap", seed=5), resampled(second, "macro_ap", seed=5)
    for number, counts in enumerate(resamples(SHOTS, 5)[:15].numpy(), 1):
        rows = np.repeat(np.arange(SHOTS), counts.astype(int))
        assert float(ours[:, number].mean()) == pytest.approx(macro_ap(first, rows), abs=1e-9)
        assert float(theirs[:, number].mean()) == pytest.approx(macro_ap(second, rows), abs=1e-9)
    shots = (ours.mean(0) - theirs.mean(0))[1:].var()
    seeds = (ours[:, 0].var() + theirs[:, 0].var()) / 3
    assert difference(first, second, "macro_ap", seed=5).error == pytest.approx(float((shots + seeds).sqrt()))


def test_whole_runs_are_drawn_where_there_are_runs() -> None:
    runs = np.repeat(np.arange(6), 20).astype(np.int32)
    cells = [[replace(one, groups=runs) for one in cell(strength)] for strength in (2.0, 1.5)]
    found = difference(*cells, "macro_ap")
    assert (found.runs, found.shots, found.parts.shots) == (6, SHOTS, 0)
    weights = cells[0][0].resamples(5).numpy()
    assert all(len(set(row[runs == run])) == 1 for row in weights[:20] for run in range(6))
    np.testing.assert_array_equal(weights[:, ::20], resamples(6, 5).numpy())
    alone = [replace(one, groups=np.zeros(SHOTS, np.int32)) for one in cell(2.0)]
    assert score(alone, "macro_ap") == score(cell(2.0), "macro_ap"), "one run is none to draw from"


def test_rare_classes_stay_out_of_differences() -> None:
    def rare(one: Predictions) -> Predictions:
        labels = one.labels.copy()
        labels[4:, 1] = 0
        labels[:4, 1] = 1
        return replace(one, labels=labels)

    first, second = ([rare(one) for one in cell(strength)] for strength in (2.0, 1.0))
    expected = np.mean([average_precision_score(one.labels[:, 0], one.logits[:, 0]) for one in first])
    expected -= np.mean([average_precision_score(one.labels[:, 0], one.logits[:, 0]) for one in second])
    assert difference(first, second, "macro_ap").value == pytest.approx(expected, abs=1e-9)
    assert score(first, "macro_ap").value == pytest.approx(macro_ap(first), abs=1e-9)
    assert rare_classes(first) == ("b",)
    assert rare_classes([kept(1.0)]) == ()


def test_a_few_seeds_borrow_from_the_study() -> None:
    cells = [cell(strength, seeds) for strength, seeds in ((2.0, (1, 2)), (1.0, (3, 4)), (1.5, (5, 6, 7, 8, 9)))]
    alone = difference(cells[0], cells[1], "macro_ap")
    assert not alone.certain
    assert math.isnan(alone.p)
    found = difference(cells[0], cells[1], "macro_ap", pool=cells)
    assert found.certain
    assert judged([found])[0].verdict == "better"
    assert judged([difference(cells[1], cells[0], "macro_ap", pool=cells)])[0].verdict == "worse"


def test_the_mean_of_differences_counts_each_cell_once() -> None:
    """A cell that stands in two pairs moves both: its weight is their sum."""
    a, b, c = cell(2.0), cell(1.5, (4, 5, 6)), cell(1.0, (7, 8, 9))
    found = combination([(0.5, a, True), (0.5, b, True), (-1.0, c, True)], "macro_ap")
    ones = [difference(a, c, "macro_ap"), difference(b, c, "macro_ap")]
    assert found.value == pytest.approx((ones[0].value + ones[1].value) / 2)
    values = [resampled(one, "macro_ap") for one in (a, b, c)]
    spread = sum(w**2 * float(one[:, 0].var()) / 3 for w, one in zip((0.5, 0.5, 1), values, strict=True))
    shots = float((0.5 * values[0].mean(0) + 0.5 * values[1].mean(0) - values[2].mean(0))[1:].var())
    assert found.error == pytest.approx(math.sqrt(spread + shots))


def test_six_trainings_of_one_recipe_are_hardly_told_apart() -> None:
    """15 pairs of single trainings on 30 shots once gave 7 verdicts."""
    generator = np.random.default_rng(4)
    labels = (generator.random((30, 2)) < 0.4).astype(np.uint8)
    shared = generator.normal(size=(30, 2))
    runs = [
        Predictions(np.arange(30), (1.5 * labels + shared + generator.normal(size=(30, 2))).astype(np.float32), labels,
                    NAMES, "multilabel")
        for _ in range(6)
    ]  # fmt: skip
    pairs = [(i, j) for i in range(6) for j in range(i)]
    found = judged([difference([runs[i]], [runs[j]], "macro_ap", pool=[runs]) for i, j in pairs])
    assert sum(one.verdict == "first look" for one in found) == 15, "one training on either side is no recipe"
    others = judged([difference(runs[:3], runs[3:], "macro_ap"), difference(runs[::2], runs[1::2], "macro_ap")])
    assert {one.verdict for one in others} <= {"undecided", "no difference that matters"}


def test_the_interval_covers_the_truth() -> None:
    """Both cells are alike in truth: of 40 data sets, about two may say otherwise."""
    wrong = 0
    for number in range(40):
        found = difference(cell(1.5, (1, 2, 3), number), cell(1.5, (4, 5, 6), number), "macro_ap", seed=number)
        wrong += found.p < 0.05
    assert wrong <= 5


def test_what_cannot_be_compared_says_why() -> None:
    with pytest.raises(StudyError, match=r"their test shots differ \(120 against 120\); compare only what shares data"):
        difference(cell(1.0), cell(1.0, shot_seed=1), "macro_ap")
    with pytest.raises(StudyError, match=r"their classes differ \(a, b against a, c\)"):
        difference(cell(1.0), [kept(1.0, names=("a", "c"))], "macro_ap")
    one = kept(1.0)
    other = Predictions(one.ids, one.logits, 1 - one.labels, NAMES, "multilabel")
    with pytest.raises(StudyError, match="their labels differ"):
        difference([one], [other], "macro_ap")
    with pytest.raises(StudyError, match="the trainings of one cell are not comparable"):
        score([one, replace(one, ids=one.ids + 1)], "macro_ap")  # shots without any in common are another fold


def test_what_is_undefined_has_no_verdict() -> None:
    one = kept(1.0)
    blank = Predictions(one.ids, one.logits, np.zeros_like(one.labels), NAMES, "multilabel")
    found = score([blank], "macro_ap")
    assert math.isnan(found.value)
    assert math.isnan(found.low)
    same = difference([blank] * 3, [blank] * 3, "macro_ap")
    assert judged([same])[0].verdict == "first look"


def test_logits_that_are_no_numbers_are_refused_by_name() -> None:
    one = kept(1.0)
    logits = one.logits.copy()
    logits[7, 1] = np.nan
    with pytest.raises(StudyError, match=r"1 of 120 shots have logits that are not numbers, such as id 7"):
        score([replace(one, logits=logits)], "macro_ap")


def test_other_runs_or_kinds_of_labels_are_refused() -> None:
    one = kept(1.0)
    first, second = (replace(one, groups=np.arange(SHOTS, dtype=np.int32) // size) for size in (20, 30))
    with pytest.raises(StudyError, match="their runs differ"):
        difference([first], [second], "macro_ap")
    with pytest.raises(StudyError, match=r"their kinds of labels differ \(multilabel against multiclass\)"):
        difference([one], [replace(one, label_kind="multiclass")], "macro_ap")


@pytest.mark.parametrize(("key", "what"), [("store_sha256", "stores differ"), ("split_digest", "splits differ")])
def test_other_stores_or_splits_are_refused_where_they_are_known(key: str, what: str) -> None:
    one = kept(1.0)
    first, second, unknown = (replace(one, **{key: value}) for value in ("669e", "0a4f", ""))
    for sides in (
        [(1.0, [first], True), (-1.0, [second], True)],
        [(1.0, [unknown], True), (1.0, [first, second], True)],
    ):
        with pytest.raises(StudyError, match=what):
            combination(sides, "macro_ap")
    assert difference([first], [unknown], "macro_ap").value == 0


def test_runs_that_one_side_knows_are_drawn_for_both() -> None:
    """A file of an older version has no runs; its side must not be drawn by shots beside one that is drawn by runs."""
    runs = np.repeat(np.arange(6), 20).astype(np.int32)
    first, second = cell(2.0), cell(1.5)
    known = [[replace(one, groups=runs) for one in side] for side in (first, second)]
    expected = difference(*known, "macro_ap")
    assert difference(known[0], second, "macro_ap") == difference(first, known[1], "macro_ap") == expected
    assert difference(known[0], second, "macro_ap", pool=[second]).runs == 6


def test_exact_matches_are_told_apart_by_the_exact_test_as_well() -> None:
    """Five discordant shots, all one way: far apart by Student's t, while the signs of five are alike in one of 16."""
    labels = np.ones((200, 1), np.uint8)
    logits = np.ones((200, 1), np.float32)
    worse = logits.copy()
    worse[:5] = -1
    sides = [[Predictions(np.arange(200), one, labels, ("Round",), "multilabel")] * 3 for one in (logits, worse)]
    found = difference(*sides, "exact_match")
    assert found.low > 0
    assert found.p == pytest.approx(1 / 16)
    assert difference(*sides, "accuracy").p < 0.03, "the same numbers, of which each is not one shot in general"


def test_forty_claims_of_a_thousand_shots_take_seconds() -> None:
    """Ten cells of five seeds; each training is sorted and drawn once for all of its claims."""
    cells = draw_benchmark(Setting(1090, 0.02, cells=10), 5, np.random.default_rng(1), kept=10).cells
    start = time.process_time()
    found = [difference(one, other, "macro_ap", pool=cells) for one, other in list(combinations(cells, 2))[:40]]
    assert sum(one.verdict in ("better", "worse") for one in judged(found)) <= 2
    assert time.process_time() - start < 20
