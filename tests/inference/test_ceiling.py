"""The label ceiling against scikit-learn, from arrays and from a store."""

import h5py
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from airybench.data.store.store import Store
from airybench.data.store.true_labels import true_labels
from airybench.inference.ceiling import ceiling_of, label_ceiling
from airybench.physics.label_bits import TRUE_LABELS, pack


@pytest.fixture
def labels():
    rng = np.random.default_rng(8)
    true = (rng.random((400, 6)) < (0.5, 0.2, 0.1, 0.3, 0.05, 0.6)).astype(np.uint8)
    flipped = rng.random(true.shape) < (0.0, 0.02, 0.05, 0.01, 0.02, 0.3)
    return true, true ^ flipped.astype(np.uint8)


def test_true_labels_are_scored_as_predictions(labels):
    true, given = labels
    found = label_ceiling(true, given, tuple("abcdef"), "multilabel")
    assert found["macro_ap"] == pytest.approx(average_precision_score(given, true, average="macro"), abs=1e-6)
    assert found["macro_f1"] == pytest.approx(f1_score(given, true, average="macro"), abs=1e-6)
    assert found["exact_match"] == pytest.approx((true == given).all(axis=1).mean())
    assert 0.5 < found["macro_ap"] < 0.95


def test_labels_without_error_have_no_ceiling_below_one(labels):
    found = label_ceiling(labels[0], labels[0], tuple("abcdef"), "multilabel")
    assert set(found.values()) == {1.0}


def test_a_store_keeps_true_labels_as_bits(labels, write_store, tmp_path):
    true, _ = labels
    np.testing.assert_array_equal(
        [format(bits, "06b")[::-1] for bits in pack(true)], ["".join(map(str, r)) for r in true]
    )
    store = write_store(tmp_path / "old.h5", count=10)
    assert true_labels(store) is None
    assert ceiling_of(store, np.arange(10)) == {}
    with h5py.File(store.path, "a") as file:
        file["truth"][TRUE_LABELS] = pack(true[:10, :2])
    again = Store.open(store.path)
    np.testing.assert_array_equal(true_labels(again), true[:10, :2])
    rows = np.array([1, 2, 4, 7])
    expected = label_ceiling(true[rows, :2], again.labels()[rows], ("A", "B"), "multilabel")
    assert ceiling_of(again, rows) == expected


def test_many_classes_fit_the_bits(write_store, tmp_path):
    wide = (np.arange(31) % 3 == 0).astype(np.uint8)[None]
    bits = pack(wide).astype(np.int64)[0]
    assert [bits >> place & 1 for place in range(31)] == wide[0].tolist()
