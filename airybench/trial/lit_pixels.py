"""The lit-pixel rule on a data set and its split."""

import numpy as np
from numpy.typing import NDArray

from airybench.config import TrialConfig
from airybench.data.store.labels import miss_column
from airybench.inference.hits import HIT
from airybench.inference.lit_pixels import hit_logits, lit_numbers, pixel_levels
from airybench.inference.predictions import Predictions
from airybench.trial.prepared import PreparedDataset


def lit_pixel_predictions(
    prepared: PreparedDataset, config: TrialConfig, lit_count: float | None = None
) -> tuple[Predictions, Predictions, float]:
    """Apply the rule to the images that networks see, before their scaling.

    The threshold of a run comes from all of its shots, as at a facility, and from no label. The count above which a
    pixel is lit is chosen on the training shots: of the counts that 50 to 100 % of the pixels of a miss stay below, on
    average, the one by which the rule ranks the training shots best (ROC AUC).

    Args:
        prepared: the shots and their split, with a class of misses.
        config: its data part says how shots are preprocessed and which fraction trains.
        lit_count: the count, where it is known already.

    Returns:
        Predictions of the class `hit` on val and on test, and the count.
    """
    data, split, store = prepared.loaded_for(config.replace({"fraction": 1.0})), prepared.split, prepared.store
    rows = np.concatenate([split.train, split.val, split.test])
    hits = store.labels()[rows, miss_column(store.class_names)] == 0
    training = np.isin(rows, prepared.training_rows(config.data))
    if lit_count is None:
        misses = np.flatnonzero((training & ~hits)[: len(split.train)])
        counts = _candidates(data.train.select(misses).described(pixel_levels)) if len(misses) else [0.0]
    else:
        counts = [lit_count]
    numbers = np.concatenate(
        [part.described(lambda images: lit_numbers(images, counts)) for part in (data.train, data.val, data.test)]
    )
    runs = store.groups()[rows]
    logits = [hit_logits(column, runs) for column in numbers.T]
    best = int(np.argmax([_roc_auc(one[training], hits[training]) for one in logits]))
    starts = np.cumsum([len(split.train), len(split.val)])
    _, *scored = zip(
        np.split(logits[best], starts), np.split(hits, starts), (data.train, data.val, data.test), strict=True
    )
    val, test = (
        Predictions(
            part.ids,
            of[:, None].astype(np.float32),
            truth[:, None].astype(np.uint8),
            HIT,
            "multilabel",
            part.groups,
            store.content_sha256,
            split.digest,
        )
        for of, truth, part in scored
    )
    return val, test, counts[best]


def _candidates(levels: NDArray[np.float64]) -> list[float]:
    """The mean of each level over the misses, (N, K), rising and each once."""
    return [float(count) for count in np.unique(levels.mean(axis=0))]


def _roc_auc(logits: NDArray[np.float64], hits: NDArray[np.bool_]) -> float:
    """The share of pairs of a hit and a miss that are in order; 0 where there are none."""
    from scipy.stats import rankdata

    positives, negatives = int(hits.sum()), int((~hits).sum())
    above = rankdata(logits)[hits].sum() - positives * (positives + 1) / 2
    return float(above / max(positives * negatives, 1))
