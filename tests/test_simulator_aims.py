"""Version 2 of the simulators keeps its aims: `python -m docs.figures aims` measures, this holds it to the ranges."""

import numpy as np
import pytest

from docs.figures import aims


def test_scalars_and_folds_find_what_is_there_and_nothing_else():
    rng = np.random.default_rng(3)
    labels = np.zeros((300, 2), np.uint8)
    labels[:90, 0], labels[60:75, 1] = 1, 1
    noise = rng.standard_normal((300, 2))
    told = cross = aims.cross_validated(np.column_stack([noise, labels[:, 0]]), labels[:, :1], "linear")
    assert told.macro_ap == pytest.approx(1)
    blind = aims.cross_validated(noise, labels[:, :1], "linear")
    assert blind.low <= blind.macro_ap <= blind.high < cross.low
    assert blind.prevalence == pytest.approx(0.3)
    images = rng.poisson(20, (300, 32, 32)).astype(np.uint16)
    images[:90, 5, 5] = 900
    found = aims.scalars(images, np.ones((32, 32), np.bool_))
    name, score = aims.best_scalars(found, labels, ("first", "second"))["first"]
    assert score == pytest.approx(1)
    assert name in {"total", "largest", "raw largest", "standard deviation"}
    # A scalar that ignores bad pixels does not see a hot one.
    hidden = np.ones((32, 32), np.bool_)
    hidden[5, 5] = False
    assert aims.scalars(images, hidden)["largest"].max() < 900


@pytest.fixture(scope="module")
def measured():
    """The measures of both data sets, printed with -s."""
    found = {kind: aims.measures(kind) for kind in ("helium", "cxidb")}
    for kind, values in found.items():
        print("\n".join(f"{kind}: {name}: {value}" for name, value in values.items()))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["helium", "cxidb"])
def test_no_scalar_finds_a_class_and_nothing_leaks(measured, kind):
    values = measured[kind]
    assert all(score < 0.9 for _, score in values["best scalar"].values())
    leaks = {name: value for name, value in values.items() if name.startswith("leak")}
    assert len(leaks) == 4
    for name, value in leaks.items():
        assert value.macro_ap - value.prevalence < 0.02, name
    assert 0 < values["wrong labels"] < 0.05
    assert 0.9 < values["label ceiling"] < 1


@pytest.mark.slow
def test_cxidb_has_headroom(measured):
    values = measured["cxidb"]
    assert 0.90 < values["AUC of the largest count"] < 0.97
    assert 0.70 < values["features + PCA + SVM"].macro_ap < 0.80
    assert values["brightness scalars + SVM"].high < values["features + PCA + SVM"].low
