"""A store of three runs with a background of their own, and the same subtracted by plain NumPy."""

from pathlib import Path

import numpy as np

from airybench.config import TrialConfig
from airybench.data.split.split import Split
from airybench.data.store.store import Store
from airybench.data.store.writer import StoreHeader, StoreWriter

CLASSES = ("Round", "Empty")
SIDE = 36
GROUPS = np.repeat(np.array([4, 9, 7], np.int32), (14, 12, 6))
"""Runs of 14, 12 and 6 shots; the last one is not among the training shots."""

_RANDOM = np.random.default_rng(5)
EMPTY = np.arange(len(GROUPS)) % 2 == 0
IMAGES = _RANDOM.poisson(
    _RANDOM.integers(0, 60, (10, SIDE, SIDE))[GROUPS] * np.where(EMPTY, 1, 3)[:, None, None]
).astype(np.uint16)
SPLIT = Split(np.r_[0:11, 14:21], np.r_[11:14, 21:24], np.r_[24:32], "", 0, "")
"""Run 4 has 6 Empty training shots, run 9 only 4, which are too few."""


def run_store(
    path: Path,
    labels: np.ndarray | None = None,
    groups: np.ndarray | None = GROUPS,
    *,
    class_names: tuple[str, ...] = CLASSES,
    mask: np.ndarray | None = None,
) -> Store:
    """The store; of one unknown run where groups are None."""
    header = StoreHeader("runs", class_names, "multilabel", "run 7", "drawn", None)
    with StoreWriter(path, header, image_shape=(SIDE, SIDE)) as writer:
        ids = np.arange(len(IMAGES))
        writer.append(
            IMAGES, ids=ids, photon_energy=20.0 + ids, groups=groups, mask=mask,
            labels=np.stack([~EMPTY, EMPTY], axis=1) if labels is None else labels,
        )  # fmt: skip
    return Store.open(path)


def by_hand(chosen: np.ndarray, images: np.ndarray = IMAGES, groups: np.ndarray = GROUPS) -> np.ndarray:
    """Images minus the lower median of the chosen shots of their run, and 0 below it."""
    found = np.empty_like(images)
    for run in set(groups.tolist()):
        own = np.sort(images[chosen & (groups == run)].astype(np.int64), axis=0)
        found[groups == run] = np.clip(images[groups == run] - own[(len(own) - 1) // 2], 0, None)
    return found


ALL = np.ones(len(GROUPS), bool)
KNOWN = np.isin(np.arange(len(GROUPS)), [0, 2, 4, 6, 8, 10, *range(14, 32)])
"""What `empty` takes: the Empty training shots of run 4, and all shots of the other runs."""


def config(how: str, **changes: object) -> TrialConfig:
    """Of a small network."""
    return TrialConfig().replace(
        {"image_size": 32, "background": how, "arch": "vgg", "depth": 11, "head_width": 8, **changes}
    )
