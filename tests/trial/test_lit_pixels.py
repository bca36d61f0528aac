"""The lit-pixel rule on a split: the whole run gives the threshold, the training shots give the count."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from airybench.config import TrialConfig
from airybench.inference.lit_pixels import LEVELS
from airybench.trial.lit_pixels import lit_pixel_predictions
from airybench.trial.prepare import prepare
from airybench.trial.prepared import PreparedDataset

CONFIG = TrialConfig().replace({"count": 64, "image_size": 32, "antialias": True, "input_scaling": "counts"})


@pytest.fixture(scope="module")
def prepared() -> PreparedDataset:
    return prepare("helium", CONFIG, torch.device("cpu"))


def rule(images: np.ndarray, count: float) -> np.ndarray:
    numbers = (images > count).sum(axis=(1, 2))
    low, middle, high = np.percentile(numbers, [25, 50, 75])
    sigma = (high - low) / 1.349
    return (numbers - middle - 4 * sigma) / max(sigma, 1)


@pytest.mark.parametrize("fraction", [1.0, 0.5])
def test_everything_by_hand(prepared: PreparedDataset, fraction: float) -> None:
    store, split = prepared.store, prepared.split
    data = prepared.loaded_for(CONFIG)
    images = np.empty((store.count, 32, 32), np.float32)
    for part in ("train", "val", "test"):
        images[getattr(split, part)] = getattr(data, part).inputs.squeeze(1).numpy()
    hits = store.labels()[:, store.class_names.index("Empty")] == 0
    config = CONFIG.replace({"fraction": fraction})
    rows = prepared.training_rows(config.data)
    assert len(rows) == np.ceil(fraction * len(split.train))
    ranked = np.sort(images[rows][~hits[rows]].reshape(-1, 1024), axis=1)
    counts = sorted({float(ranked[:, round(share * 1023)].astype(float).mean()) for share in LEVELS})
    quality = [roc_auc_score(hits[rows], rule(images, count)[rows]) for count in counts]
    val, test, count = lit_pixel_predictions(prepared, config)
    assert count == pytest.approx(counts[int(np.argmax(quality))])
    for found, own in ((val, split.val), (test, split.test)):
        assert np.array_equal(found.ids, store.ids()[own])
        assert np.array_equal(found.labels[:, 0], hits[own])
        np.testing.assert_allclose(found.logits[:, 0], rule(images, count)[own], rtol=1e-6)


def test_a_count_that_is_given_is_taken(prepared: PreparedDataset) -> None:
    assert lit_pixel_predictions(prepared, CONFIG, 17.0)[2] == 17.0
