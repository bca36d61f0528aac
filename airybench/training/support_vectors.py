"""Features, principal components, support vectors: the classifier that came before the networks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.config.baseline import BaselineConfig
from airybench.training.metrics import score

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class SupportVectors:
    """Fitted support vectors whose answers are log-odds.

    Attributes:
        machine: scaler, principal components and one support vector machine a class, of the classes in `columns`.
        columns: classes that could be fitted, shape (K,).
        slope: of Platt's sigmoid, shape (K,).
        offset: of Platt's sigmoid, shape (K,).
        prevalence: log-odds of every class in training, shape (C,): the answer where a class could not be fitted.
        chosen: C, gamma, the number of components and the cross-validated score behind the choice.
    """

    machine: Any
    columns: NDArray[np.int64]
    slope: Matrix
    offset: Matrix
    prevalence: Matrix
    chosen: dict[str, float]

    def logits(self, features: Matrix) -> Matrix:
        """Log-odds of every class, shape (N, C), above 0 where p > 0.5.

        Args:
            features: shape (N, F).
        """
        found = np.tile(self.prevalence, (len(features), 1))
        if len(self.columns):
            found[:, self.columns] = _decisions(self.machine, features) * self.slope + self.offset
        return found


def fit(
    features: Matrix,
    labels: NDArray[np.uint8],
    config: BaselineConfig,
    class_names: tuple[str, ...],
    label_kind: str,
    seed: int,
) -> SupportVectors:
    """Choose C and gamma by cross-validation on the training shots, fit on all of them, calibrate out of fold.

    The choice goes by macro average precision. Decision values of a support vector machine are no log-odds: a sigmoid
    is fitted to those that each shot gets from machines which have not seen it.

    Args:
        features: of the training shots, shape (N, F).
        labels: 0 or 1, shape (N, C).
        config: the grid, the components, the number of folds.
        class_names: C names.
        label_kind: `multilabel` or `multiclass`; either way each class is told from the rest, as the networks do.
        seed: of the folds.

    Sources: Bobkov et al., J. Synchrotron Rad. 22, 1345 (2015); Platt, Adv. in Large Margin Classifiers, 61 (1999).
    """
    # scikit-learn is slow to import; only those who ask for a baseline pay for it.
    from iterstrat.ml_stratifiers import MultilabelStratifiedKFold
    from joblib import parallel_config
    from sklearn.base import clone
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    positives = labels.sum(axis=0, dtype=np.int64)
    # Half a shot on either side keeps classes that always or never occur finite.
    prevalence = np.log((positives + 0.5) / (len(labels) - positives + 0.5))
    columns = np.flatnonzero((positives >= config.cv) & (len(labels) - positives >= config.cv))
    if not len(columns):
        none = np.empty(0)
        return SupportVectors(None, columns, none, none, prevalence, {})
    wanted, names = labels[:, columns], tuple(class_names[column] for column in columns)
    dealt = np.hstack([wanted, 1 - wanted])  # a single column would be no multilabel target
    splits = list(MultilabelStratifiedKFold(config.cv, shuffle=True, random_state=seed).split(features, dealt))
    fewest = min(len(training) for training, _ in splits)
    components = min(config.components, features.shape[1], fewest)
    machine = Pipeline(
        [
            ("scale", StandardScaler()),
            ("components", PCA(components, svd_solver="full")),
            ("vectors", OneVsRestClassifier(SVC(kernel="rbf", class_weight="balanced", cache_size=500))),
        ]
    )

    def macro_ap(fitted: Any, some: Matrix, truth: NDArray[np.uint8]) -> float:
        decisions = torch.from_numpy(_decisions(fitted, some))
        return score(decisions, torch.from_numpy(truth), names, label_kind).values.get("macro_ap", float("nan"))

    grid = {"vectors__estimator__C": list(config.c), "vectors__estimator__gamma": list(config.gamma)}
    with parallel_config(backend="threading", n_jobs=-1):  # libsvm works outside the lock; processes would load torch
        search = GridSearchCV(machine, grid, scoring=macro_ap, cv=splits, refit=True).fit(features, wanted)
    machine = search.best_estimator_
    unseen = np.empty((len(features), len(columns)))
    for training, held_out in splits:
        one = clone(machine).fit(features[training], wanted[training])
        unseen[held_out] = _decisions(one, features[held_out])
    slope, offset = np.empty(len(columns)), np.empty(len(columns))
    for column in range(len(columns)):
        sigmoid = LogisticRegression().fit(unseen[:, [column]], wanted[:, column])
        slope[column], offset[column] = sigmoid.coef_[0, 0], sigmoid.intercept_[0]
        if slope[column] <= 0:  # out of fold the machine ranks no better than chance: it knows the prevalence at most
            slope[column], offset[column] = 0.0, prevalence[columns[column]]
    chosen = {
        "c": float(search.best_params_["vectors__estimator__C"]),
        "gamma": float(search.best_params_["vectors__estimator__gamma"]),
        "components": float(components),
        "cv/macro_ap": float(search.best_score_),
    }
    return SupportVectors(machine, columns, slope, offset, prevalence, chosen)


def _decisions(machine: Any, features: Matrix) -> Matrix:
    """Decision values, (N, K); scikit-learn drops the axis of a single class."""
    return np.asarray(machine.decision_function(features), np.float64).reshape(len(features), -1)
