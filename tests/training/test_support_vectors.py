"""Support vectors: chosen on training shots alone, calibrated, and honest where a class cannot be learnt."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from airybench.config import validated
from airybench.config.baseline import BaselineConfig
from airybench.errors import ConfigError
from airybench.training.support_vectors import fit

NAMES = ("a", "b", "c")
SMALL = BaselineConfig(components=4, c=(1.0, 10.0), gamma=(0.01, 0.1))


def shots(count: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Class a lies inside a shell, b beyond a plane but for noise, c is a coin."""
    generator = np.random.default_rng(seed)
    features = generator.normal(size=(count, 4)) * (1, 10, 1, 100) + 5
    plain = (features - 5) / (1, 10, 1, 100)
    inside = np.linalg.norm(plain[:, :3], axis=1) < 1.5
    beyond = plain[:, 3] + generator.normal(size=count) > 0.8
    return features, np.stack([inside, beyond, generator.random(count) < 0.3], axis=1).astype(np.uint8)


def test_what_can_be_learnt_is_learnt_and_the_rest_is_calibrated() -> None:
    features, labels = shots(500)
    new, truth = shots(2000, seed=1)
    logits = fit(features, labels, SMALL, NAMES, "multilabel", 0).logits(new)
    p = 1 / (1 + np.exp(-logits))
    assert average_precision_score(truth[:, 0], logits[:, 0]) > 0.95
    assert average_precision_score(truth[:, 1], logits[:, 1]) > 0.65  # the noise allows no more than 0.71
    assert average_precision_score(truth[:, 2], logits[:, 2]) == pytest.approx(0.3, abs=0.05)
    for column in range(3):  # said with p, true as often: over all shots, and over those of either half
        for chosen in (p[:, column] < 2, p[:, column] > 0.5, p[:, column] < 0.2):
            if chosen.sum() > 100:
                assert p[chosen, column].mean() == pytest.approx(truth[chosen, column].mean(), abs=0.07)
    assert ((logits > 0) == truth)[:, 0].mean() > 0.9


def test_the_choice_is_that_of_scikit_learns_own_search() -> None:
    features, labels = shots(240, seed=3)
    single = labels[:, :1]
    rule = BaselineConfig(components=4, c=(0.01, 10.0), gamma=(0.1, 30.0), cv=3)
    found = fit(features, single, rule, NAMES[:1], "multilabel", 0).chosen
    # All four components kept are a rotation, which no radial kernel sees.
    scores = {
        (c, gamma): cross_val_score(
            make_pipeline(StandardScaler(), SVC(C=c, gamma=gamma, class_weight="balanced")),
            features, single[:, 0], scoring="average_precision", cv=3,
        ).mean()
        for c in rule.c for gamma in rule.gamma
    }  # fmt: skip
    assert (found["c"], found["gamma"]) == max(scores, key=scores.__getitem__)
    assert found["cv/macro_ap"] == pytest.approx(max(scores.values()), abs=0.05)


def test_classes_that_cannot_be_fitted_answer_their_prevalence() -> None:
    features, labels = shots(60)
    labels[:, 1], labels[:, 2] = 0, 1
    labels[0, 1] = 1
    found = fit(features, labels, SMALL, NAMES, "multilabel", 0)
    assert found.columns.tolist() == [0]
    logits = found.logits(features)
    np.testing.assert_allclose(logits[:, 1], np.log(1.5 / 59.5))
    np.testing.assert_allclose(logits[:, 2], np.log(60.5 / 0.5))
    assert logits[:, 0].std() > 0
    nothing = fit(features, np.zeros_like(labels), SMALL, NAMES, "multilabel", 0)
    assert nothing.chosen == {}
    np.testing.assert_allclose(nothing.logits(features[:5]), np.log(0.5 / 60.5))


def test_one_of_several_classes_is_the_one_that_answers_loudest() -> None:
    generator = np.random.default_rng(0)
    kind = generator.integers(0, 3, 300)
    features = generator.normal(size=(300, 2)) + 4 * np.array([[0, 0], [1, 0], [0, 1]])[kind]
    labels = np.eye(3, dtype=np.uint8)[kind]
    found = fit(features[:200], labels[:200], SMALL, NAMES, "multiclass", 0)
    assert (found.logits(features[200:]).argmax(1) == kind[200:]).mean() > 0.9
    again = fit(features[:200], labels[:200], SMALL, NAMES, "multiclass", 0)
    np.testing.assert_array_equal(again.logits(features), found.logits(features))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"c": "1,x"}, "c: found 'x'; input should be a valid number"),
        ({"gamma": ""}, r"gamma: found \[\]; tuple should have at least 1 item"),
        ({"gamma": "0"}, "gamma: found '0'; input should be greater than 0"),
        ({"cv": "1"}, "cv: found '1'; input should be greater than or equal to 2"),
        ({"components": "0"}, "components: found '0'; input should be greater than or equal to 1"),
    ],
)
def test_a_grid_that_cannot_be(given: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        validated(BaselineConfig, given)
