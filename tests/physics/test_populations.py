"""Label sets, radii and balance against the table and the laws."""

from collections import Counter
from importlib.resources import files

import numpy as np
import pytest
from scipy import stats

from airybench.errors import ConfigError
from airybench.physics.helium import label_rules
from airybench.physics.optics.random import Stream, shot_generator
from airybench.physics.populations import (
    CXIDB_CLASSES,
    HELIUM_CLASSES,
    cxidb_weights,
    draw_cxidb_class,
    draw_helium_labels,
    helium_label_sets,
    helium_weights,
)

DRAWS = 20_000


@pytest.fixture(scope="module")
def table() -> dict[frozenset[str], int]:
    lines = files("airybench.physics").joinpath("helium_label_sets.csv").read_text().strip().splitlines()[1:]
    return {frozenset(line.split(",")[1].split("+")): int(line.split(",")[0]) for line in lines}


def test_the_table_holds_what_is_true_of_all_label_sets(table):
    assert len(table) == 43
    assert sum(table.values()) == 7264
    for labels in table:
        assert labels <= set(HELIUM_CLASSES)
        assert "Empty" not in labels or len(labels) == 1
        assert not labels >= {"Round", "Elliptical"}
        assert not labels >= {"Spherical/Oblate", "Prolate"}
        if labels & {"Round", "Elliptical"}:
            assert "Spherical/Oblate" in labels
    assert dict(zip(*helium_label_sets(), strict=True)) == table


def test_drawn_label_sets_follow_the_table(table):
    drawn = Counter(draw_helium_labels(shot_generator(1612, i, Stream.LABELS)) for i in range(DRAWS))
    assert set(drawn) <= set(table)
    expected = {labels: count * DRAWS / 7264 for labels, count in table.items()}
    large = [labels for labels, count in expected.items() if count >= 5]
    assert len(large) == 35
    found = [drawn[labels] for labels in large] + [DRAWS - sum(drawn[labels] for labels in large)]
    wanted = [expected[labels] for labels in large] + [DRAWS - sum(expected[labels] for labels in large)]
    assert stats.chisquare(found, wanted).pvalue > 0.01


@pytest.mark.parametrize(("labels", "median", "sigma"), [
    (frozenset({"Prolate", "Bent"}), 374, 0.36),
    (frozenset({"Streak"}), 374, 0.36),
    (frozenset({"Spherical/Oblate", "Elliptical"}), 406, 0.35),
    (frozenset({"Spherical/Oblate", "Round"}), 314, 0.38),
    (frozenset({"Layered"}), 314, 0.38),
])  # fmt: skip
def test_radii_follow_their_law(labels, median, sigma):
    law = label_rules.radius_law(labels)
    drawn = np.array([label_rules.draw_radius(shot_generator(7, i, Stream.PARAMETERS), law) for i in range(5000)])
    assert drawn.min() >= 50
    assert drawn.max() <= 1000
    inside = drawn[(drawn > 50) & (drawn < 1000)]
    low, high = (np.log(edge / median) / sigma for edge in (50, 1000))
    truncated = stats.truncnorm(low, high, loc=np.log(median), scale=sigma)
    assert stats.kstest(np.log(inside), truncated.cdf).pvalue > 0.01


def test_balance_lifts_every_class_and_is_off_by_default(table):
    plain = helium_weights()
    np.testing.assert_allclose(plain, np.array(list(table.values())) / 7264)
    member = np.array([[name in labels for labels in table] for name in HELIUM_CLASSES])
    balanced = helium_weights(0.1)
    assert balanced.sum() == pytest.approx(1)
    assert (member @ balanced >= 0.1 - 1e-6).all()
    assert (member @ plain).min() < 0.01
    assert (balanced > 0).all()
    drawn = [draw_helium_labels(shot_generator(3, i, Stream.LABELS), 0.1) for i in range(4000)]
    shares = [np.mean([name in labels for labels in drawn]) for name in HELIUM_CLASSES]
    assert min(shares) > 0.08


def test_small_angle_classes_are_equally_likely():
    drawn = Counter(draw_cxidb_class(shot_generator(5, i, Stream.LABELS)) for i in range(5000))
    assert stats.chisquare([drawn[name] for name in CXIDB_CLASSES]).pvalue > 0.01
    np.testing.assert_allclose(cxidb_weights(0.2), 0.2)


@pytest.mark.parametrize("balance", [0.5, -0.1, float("nan")])
def test_a_balance_that_cannot_be_is_refused(balance):
    with pytest.raises(ConfigError, match="balance"):
        helium_weights(balance)
    with pytest.raises(ConfigError, match="balance"):
        cxidb_weights(balance)
