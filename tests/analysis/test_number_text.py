"""Printed numbers agree: a value lies in its interval at the digits shown."""

import re

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from airybench.analysis.number_text import interval_text, score_text, with_interval
from airybench.inference.evaluate import evaluate
from airybench.inference.predictions import Predictions

NUMBER = re.compile(r"[-+]?\d+\.\d+")
SCORES = st.floats(-1, 1, allow_nan=False)


@given(st.tuples(SCORES, SCORES, SCORES).map(sorted), st.sampled_from(["", "+"]), st.integers(1, 6))
def test_a_value_lies_in_its_interval_at_the_digits_shown(ordered: list[float], sign: str, digits: int) -> None:
    low, value, high = ordered
    text = with_interval(value, low, high, sign, digits)
    shown, first, last = map(float, NUMBER.findall(text))
    assert first <= shown <= last
    assert text == f"{score_text(value, sign, digits)} [{interval_text(low, high, sign, digits)}]"
    assert all(abs(a - b) <= 0.5000001 * 10**-digits for a, b in zip((first, shown, last), ordered, strict=True))


@settings(max_examples=15, deadline=None)
@given(
    st.integers(8, 40),
    st.lists(st.integers(1, 12), min_size=1, max_size=3),
    st.sampled_from(["multilabel", "multiclass"]),
    st.integers(0, 2**16),
    st.booleans(),
)
def test_every_number_of_an_evaluation_does(
    shots: int, positives: list[int], kind: str, seed: int, several_runs: bool
) -> None:
    """Classes of one positive shot, ties, perfect and hopeless answers, and runs: whatever the data hold."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((shots, len(positives)), np.uint8)
    for column, number in enumerate(positives):
        labels[rng.choice(shots, min(number, shots - 1), replace=False), column] = 1
    if kind == "multiclass":
        labels = np.eye(len(positives) + 1, dtype=np.uint8)[rng.integers(0, len(positives) + 1, shots)]
    logits = (rng.integers(-1, 2, labels.shape) * rng.integers(0, 2) + rng.integers(-2, 3) * labels).astype(np.float32)
    names = tuple(f"c{column}" for column in range(labels.shape[1]))
    groups = rng.integers(0, 3, shots).astype(np.int32) if several_runs else None
    found = evaluate(Predictions(np.arange(shots), logits, labels, names, kind, groups), torch.from_numpy(labels))
    pairs = [(found.scores.values[name], ends) for name, ends in found.intervals.items()]
    pairs += [(value, one.intervals[key]) for one in found.classes for key, value in one.values.items()]
    for value, ends in pairs:
        for digits in (2, 3):
            numbers = list(map(float, NUMBER.findall(with_interval(value, *ends, digits=digits))))
            assert len(numbers) == 1 or numbers[1] <= numbers[0] <= numbers[2]
    for one in found.classes:
        few = [ends for ends in one.intervals.values() if one.few and np.isfinite(ends).all()]
        assert all(f"{low:.2f}" != f"{high:.2f}" for low, high in few)  # neither [1, 1] nor a point
