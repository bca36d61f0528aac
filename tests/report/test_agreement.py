"""When answers agree with published ones: rules on made-up numbers."""

import math
from pathlib import Path

import pytest

from airybench.analysis.estimate import Estimate
from airybench.config.experiments import load_experiment
from airybench.config.values import Frozen
from airybench.errors import ConfigError
from airybench.report.agreement import agreement, claim_agrees
from airybench.report.results import (
    CellScores,
    ClaimResult,
    DatasetResult,
    Interval,
    Results,
    TrialResult,
    experiment_digest,
    read_results,
)


def claim(
    value: float | None, low: float | None, high: float | None, verdict: str, statement: str = "a"
) -> ClaimResult:
    return ClaimResult(
        statement=statement, pairs=(("x", "y"),), difference=Interval(value=value, low=low, high=high), p=None,
        p_holm=None, q=None, seeds=(5, 5), shots=100, runs=0, verdict=verdict,
    )  # fmt: skip


def cell(name: str, value: float, low: float, high: float) -> CellScores:
    trial = TrialResult(seed=1, val=0.5, test=value, epochs=2, best_epoch=1, seconds=1.0)
    test = Interval(value=value, low=low, high=high)
    return CellScores(name=name, digest="d", params={}, val=0.5, test=test, trials=(trial,))


def results(
    cells: tuple[CellScores, ...], claims: tuple[ClaimResult, ...] = (), *, digest: str = "a", data: str = "b"
) -> Results:
    one = DatasetResult(
        dataset="helium", source="simulated", simulator=2, data_sha256=data, split_digest="c", shots=100, test_shots=20,
        command="", airybench="0", commit="", packages={}, seconds=1, baselines=(), notes=(), cells=cells,
        claims=claims,
    )  # fmt: skip
    return Results(
        question="q", experiment="q-quick", config_sha256=digest, text="?", metric="macro_ap", delta=0.02,
        image_size=40, written="2026-11-27", machine="", datasets=(one,),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("there", "here", "agrees"),
    [
        ((0.1, 0.05, 0.15, "better"), (0.01, -0.1, 0.12, "undecided"), True),
        ((0.1, 0.05, 0.15, "better"), (-0.01, -0.1, 0.08, "undecided"), False),
        ((-0.1, -0.15, -0.05, "worse"), (-0.3, -0.4, -0.2, "worse"), True),
        ((0.0, -0.01, 0.01, "no difference that matters"), (0.1, 0.02, 0.18, "better"), False),
        ((0.0, -0.01, 0.01, "no difference that matters"), (0.1, 0.01, 0.19, "better"), True),
        ((0.05, -0.05, 0.15, "undecided"), (-0.1, -0.2, 0.0, "first look"), True),
        ((0.05, None, None, "first look"), (0.05, 0.0, 0.1, "better"), None),
        ((0.05, 0.0, 0.1, "better"), (None, None, None, "undecided"), None),
    ],
)
def test_a_claim_agrees_by_sign_where_it_is_told_and_by_overlap_where_it_is_not(there, here, agrees) -> None:
    assert claim_agrees(claim(*there), claim(*here)) is agrees


def test_cells_are_judged_on_the_same_experiment_and_shots_alone() -> None:
    there, inside, outside = (results((cell("x", value, 0.4, 0.6),)) for value in (0.5, 0.6, 0.61))
    assert agreement(there, inside).agrees
    assert not agreement(there, outside).agrees
    assert agreement(there, outside).sentence == "0 of 1 numbers agree with the published answer to q."
    for other in (results((cell("x", 0.5, 0.4, 0.6),), digest="z"), results((cell("x", 0.5, 0.4, 0.6),), data="z")):
        found = agreement(there, other)
        assert [row.agrees for row in found.rows] == [None]
        assert "not judged" in found.notes[0]
        assert not found.agrees
        assert found.sentence.startswith("Nothing can be compared")


def test_cells_stand_before_claims_and_what_one_side_lacks_is_left_out() -> None:
    there = results((cell("x", 0.5, 0.4, 0.6), cell("y", 0.5, 0.4, 0.6)), (claim(0.1, 0.0, 0.2, "better"),))
    here = results(
        (cell("x", 0.5, 0.4, 0.6), cell("z", 0.5, 0.4, 0.6)),
        (claim(0.1, 0.0, 0.2, "better"), claim(0.1, 0.0, 0.2, "better", "b")),
    )
    assert [(row.kind, row.name) for row in agreement(there, here).rows] == [("cell", "x"), ("claim", "a")]


def test_identical_scores_are_said_to_be() -> None:
    there = results((cell("x", 0.5, 0.4, 0.6),))
    assert any("to the last digit" in note for note in agreement(there, there).notes)
    assert not any("to the last" in note for note in agreement(there, results((cell("x", 0.51, 0.4, 0.6),))).notes)


def test_what_is_undefined_is_null_in_the_file_and_no_number_elsewhere() -> None:
    found = Interval.of(Estimate(0.5))
    assert (found.value, found.low, found.high) == (0.5, None, None)
    assert math.isnan(found.numbers[1])
    assert found.contains(0.5) is None


def test_what_is_published_is_no_parameter_of_the_configuration() -> None:
    """Its names once stood among the parameters that an error message lists."""
    assert "p_holm" in ClaimResult.model_fields
    assert "p_holm" not in Frozen.names


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "the file: input should be a valid dictionary"),
        ("{}", "question: field required; give a file that `airybench reproduce --write` made"),
        ('{"question": NaN}', "question: input should be a valid string"),
        ("[" * 100_000, "more than 64 lists and objects in one another"),
    ],
)
def test_another_file_is_refused_in_one_line(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        read_results(path)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_digest_is_that_of_the_cells_whatever_the_data_set() -> None:
    small = load_experiment("headline-small")
    assert experiment_digest(small) == experiment_digest(small.customised({"dataset": ("cxidb",)}, (), {}))
    assert experiment_digest(small) == experiment_digest(small.customised({}, (), {}))
    others = [small.customised({"count": (64,)}, (), {}), load_experiment("headline-quick")]
    assert len({experiment_digest(one) for one in (small, *others)}) == 3
