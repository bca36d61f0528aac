"""Support-vector machines on principal components of hand-made features: the classical baseline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.config.baseline import BaselineConfig
from airybench.training.metrics import score

Matrix = NDArray[np.float64]
Folds = Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]
"""Rows to train on and rows held out, for each fold."""


@dataclass(frozen=True)
class SupportVectors:
    """A fitted baseline, whose outputs are log-odds.

    Attributes:
        machine: scaler, principal components, and one support-vector machine for each class in `columns`.
        columns: indices of the classes that could be fitted, shape (K,).
        slope: of Platt's sigmoid, shape (K,).
        offset: of Platt's sigmoid, shape (K,).
        prevalence: log-odds of every class among the training shots, shape (C,): the output for the other classes.
        chosen: C, gamma, the number of components, and the cross-validated score that they reached.
    """

    machine: Any
    columns: NDArray[np.int64]
    slope: Matrix
    offset: Matrix
    prevalence: Matrix
    chosen: dict[str, float]

    def logits(self, features: Matrix) -> Matrix:
        """Log-odds of every class.

        Args:
            features: shape (N, F).

        Returns:
            float64, shape (N, C), above 0 where p > 0.5.
        """
        logits = np.tile(self.prevalence, (len(features), 1))
        if len(self.columns):
            logits[:, self.columns] = _decisions(self.machine, features) * self.slope + self.offset
        return logits


def fit(
    features: Matrix,
    labels: NDArray[np.uint8],
    config: BaselineConfig,
    class_names: tuple[str, ...],
    label_kind: str,
    seed: int,
) -> SupportVectors:
    """Choose C and gamma by cross-validation on the training shots, fit on all of them, and calibrate out of fold.

    C and gamma are chosen by macro average precision. The decision values of a support-vector machine are not log-odds:
    a sigmoid is fitted to the values that each shot gets from the machines that were not trained on it.

    Args:
        features: of the training shots, shape (N, F).
        labels: 0/1, shape (N, C).
        config: the grid, the number of components and the number of folds.
        class_names: C names.
        label_kind: `multilabel` or `multiclass`; in both cases each class is separated from the rest, as by networks.
        seed: of the folds.

    Sources: Bobkov et al., J. Synchrotron Rad. 22, 1345 (2015); Platt, Adv. in Large Margin Classifiers, 61 (1999).
    """
    from iterstrat.ml_stratifiers import MultilabelStratifiedKFold  # scikit-learn is slow to import

    positives = labels.sum(axis=0, dtype=np.int64)
    # Half a shot more on either side keeps the log-odds of classes that always or never occur finite.
    prevalence = np.log((positives + 0.5) / (len(labels) - positives + 0.5))
    columns = np.flatnonzero((positives >= config.cv) & (len(labels) - positives >= config.cv))
    if not len(columns):
        none = np.empty(0)
        return SupportVectors(None, columns, none, none, prevalence, {})
    wanted, names = labels[:, columns], tuple(class_names[column] for column in columns)
    both = np.hstack([wanted, 1 - wanted])  # a single column would not be a multilabel target
    splits = list(MultilabelStratifiedKFold(config.cv, shuffle=True, random_state=seed).split(features, both))

    def macro_ap(fitted: Any, some: Matrix, truth: NDArray[np.uint8]) -> float:
        decisions = torch.from_numpy(_decisions(fitted, some))
        return score(decisions, torch.from_numpy(truth), names, label_kind).values.get("macro_ap", float("nan"))

    machine, chosen = _searched(features, wanted, config, splits, macro_ap)
    unseen = _out_of_fold(machine, features, wanted, splits)
    slope, offset = _sigmoids(unseen, wanted, prevalence[columns])
    return SupportVectors(machine, columns, slope, offset, prevalence, chosen)


def _searched(
    features: Matrix,
    labels: NDArray[np.uint8],
    config: BaselineConfig,
    splits: Folds,
    criterion: Callable[[Any, Matrix, NDArray[np.uint8]], float],
) -> tuple[Any, dict[str, float]]:
    """The machine of the best C and gamma, fitted on all shots, and what was chosen."""
    from joblib import parallel_config
    from sklearn.decomposition import PCA
    from sklearn.model_selection import GridSearchCV
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    fewest = min(len(training) for training, _ in splits)
    components = min(config.components, features.shape[1], fewest)
    machine = Pipeline(
        [
            ("scale", StandardScaler()),
            ("components", PCA(components, svd_solver="full")),
            ("vectors", OneVsRestClassifier(SVC(kernel="rbf", class_weight="balanced", cache_size=500))),
        ]
    )
    grid = {"vectors__estimator__C": list(config.c), "vectors__estimator__gamma": list(config.gamma)}
    with parallel_config(backend="threading", n_jobs=-1):  # libsvm releases the lock; processes would load torch
        search = GridSearchCV(machine, grid, scoring=criterion, cv=splits, refit=True).fit(features, labels)
    return search.best_estimator_, {
        "c": float(search.best_params_["vectors__estimator__C"]),
        "gamma": float(search.best_params_["vectors__estimator__gamma"]),
        "components": float(components),
        "cv/macro_ap": float(search.best_score_),
    }


def _out_of_fold(machine: Any, features: Matrix, labels: NDArray[np.uint8], splits: Folds) -> Matrix:
    """Decision values, (N, K), each from a machine that was not trained on its shot."""
    from sklearn.base import clone

    unseen = np.empty(labels.shape)
    for training, held_out in splits:
        one = clone(machine).fit(features[training], labels[training])
        unseen[held_out] = _decisions(one, features[held_out])
    return unseen


def _sigmoids(decisions: Matrix, labels: NDArray[np.uint8], prevalence: Matrix) -> tuple[Matrix, Matrix]:
    """Slope and offset of Platt's sigmoid of every class, each of shape (K,)."""
    from sklearn.linear_model import LogisticRegression

    slope, offset = np.zeros(len(prevalence)), prevalence.copy()
    for column in range(len(prevalence)):
        sigmoid = LogisticRegression().fit(decisions[:, [column]], labels[:, column])
        if sigmoid.coef_[0, 0] > 0:  # else out of fold the machine ranks no better than chance: the prevalence
            slope[column], offset[column] = sigmoid.coef_[0, 0], sigmoid.intercept_[0]
    return slope, offset


def _decisions(machine: Any, features: Matrix) -> Matrix:
    """Decision values, (N, K); scikit-learn drops the axis of a single class."""
    return np.asarray(machine.decision_function(features), np.float64).reshape(len(features), -1)
