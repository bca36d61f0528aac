"""A network as a hit finder, beside the lit-pixel rule on the same shots."""

from dataclasses import replace

import numpy as np
from torch import Tensor

from airybench.config import TrialConfig
from airybench.config.baseline import LIT_PIXELS, NAMES, BaselineConfig
from airybench.inference.hits import hit_scores
from airybench.inference.predictions import Predictions
from airybench.reporter import SILENT, Reporter
from airybench.trial.baselines import fitted_baselines
from airybench.trial.prepared import PreparedDataset


def hits_beside_rule(
    predictions: Predictions,
    thresholds: Tensor | None,
    prepared: PreparedDataset,
    config: TrialConfig,
    split: str,
    reporter: Reporter = SILENT,
) -> dict[str, dict[str, float]]:
    """Scores of hit finding with their intervals, see `hit_scores`.

    Args:
        predictions: of a network on a part of the split.
        thresholds: logit above which each class is assigned, shape (C,); 0 when left out.
        prepared: the shots and their split.
        config: of the network.
        split: the part; the rule is applied to `val` and `test`, since its count is chosen on the training shots.
        reporter: is told where the rule is applied for the first time.

    Returns:
        By the label of the network and `lit pixels`; empty where there are no hits or no misses to be told apart.
    """
    judged = predictions
    if thresholds is not None:
        judged = replace(predictions, logits=predictions.logits - thresholds.numpy().astype(np.float32))
    found = {config.label: hit_scores(judged, intervals=True)}
    if found[config.label] and split in ("val", "test"):
        rule = fitted_baselines(prepared, config, BaselineConfig.quick(), [LIT_PIXELS], reporter)[LIT_PIXELS]
        found[NAMES[LIT_PIXELS]] = hit_scores(getattr(rule, split), intervals=True)
    return {name: scores for name, scores in found.items() if scores}
