"""Examples of right and wrong predictions of a network, class by class, as a plate of patterns."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from airybench.config import DataConfig
from airybench.data.datasets.catalog import CATALOG
from airybench.data.datasets.simulated import Series
from airybench.data.store.find import stored
from airybench.data.store.store import Store
from airybench.errors import DataError
from airybench.figures.gallery import ShotPanel, ShotRow, gallery
from airybench.inference.gradcam import Explainer, on_image
from airybench.inference.predictions import Predictions
from airybench.paths import data_folder

PER_KIND = 3  # hits, misses and false alarms that are shown of each class


def find_store(dataset: str, data: DataConfig, sha256: str) -> Store:
    """The store that a study was run on, from the data folder or the working folder; nothing is simulated for a report.

    Args:
        dataset: name of the data set.
        data: number of its shots, seed and version of the simulator, where it was simulated.
        sha256: content hash of the store.

    Raises:
        DataError: it is not there, or holds other data by now.
    """
    folder, name = data_folder(), f"{dataset}.h5"
    paths = [folder / name, Path(name)]
    if dataset in CATALOG and data.simulator:
        paths.append(folder / Series(dataset, data.data_seed, version=data.simulator).name(data.count))
    found = stored(sha256, paths)
    if found:
        return found
    raise DataError(
        f"the data of {dataset} with sha256 {sha256[:12]}... are neither in {folder} nor here as {name}; for pictures "
        "of shots bring them back, or run this where they are"
    )


def examples(predictions: Predictions, store: Store, title: str, explainer: Explainer | None = None) -> list[Figure]:
    """For each class hits, misses and false alarms, the most confident first; each class has its own figure.

    Args:
        predictions: test predictions of one trial.
        store: the store of its shots.
        title: heading.
        explainer: draws what the network looked at for the class.
    """
    row_of = {shot: row for row, shot in enumerate(store.ids().tolist())}
    shown = predictions.ids.tolist()
    assigned, probabilities = predictions.decisions.astype(bool), predictions.probabilities
    rows = []
    for column, name in enumerate(predictions.class_names):
        truth, logits = predictions.labels[:, column], predictions.logits[:, column]
        panels = []
        for kind, chosen in most_confident(truth, assigned[:, column], logits):
            shots = np.array([row_of[shown[i]] for i in chosen], np.int64)
            images = store.read_images(shots)
            attention: list[NDArray[np.float32] | None] = [None] * len(shots)
            if explainer is not None and len(shots):
                wanted = np.zeros((len(shots), len(predictions.class_names)), np.int64)
                wanted[:, column] = 1
                maps = explainer.maps(images, wanted, predictions.ids[chosen], shots)
                attention = [on_image(one, store.image_shape) for one in maps]
            for index, image, seen in zip(chosen.tolist(), images, attention, strict=True):
                caption = (kind, f"p {probabilities[index, column]:.2f}")
                panels.append(ShotPanel(image.astype(np.float32), image > 0, caption, seen))
        rows.append(ShotRow(name, int(truth.sum()), panels))
    note = (
        "Below each: hit (has the class, and was assigned it), miss (has it, was not assigned it) or false alarm, and "
        "the network's probability; the most confident of each kind first."
    )
    if explainer is not None:
        note += " Blue: half height of the Grad-CAM++ map, which shows what speaks for the class."
    rows = [row for row in rows if row.panels] or rows[:1]
    last = len(rows) - 1
    return [
        gallery(
            [row],
            columns=3 * PER_KIND,
            title=title if place == 0 else "",
            note=note if place == last else "",
            panel=0.95,
            dpi=110,
            letters=10,
        )
        for place, row in enumerate(rows)
    ]


def most_confident(
    truth: NDArray[np.uint8], assigned: NDArray[np.bool_], logits: NDArray[np.float32]
) -> list[tuple[str, NDArray[np.int64]]]:
    """The most confident hits, misses and false alarms of one class, at most three of each.

    Args:
        truth: 0/1, shape (N,).
        assigned: whether the network assigns the class, shape (N,).
        logits: shape (N,).

    Returns:
        Each kind with the indices of its shots.

    >>> truth, logits = np.array([1, 1, 1, 0], np.uint8), np.array([0.5, 2.0, -1.0, 3.0], np.float32)
    >>> [(kind, shots.tolist()) for kind, shots in most_confident(truth, logits > 0, logits)]
    [('hit', [1, 0]), ('miss', [2]), ('false alarm', [3])]
    """
    highest, lowest = np.argsort(-logits, kind="stable"), np.argsort(logits, kind="stable")
    positive = truth.astype(bool)
    return [
        ("hit", highest[(positive & assigned)[highest]][:PER_KIND]),
        ("miss", lowest[(positive & ~assigned)[lowest]][:PER_KIND]),
        ("false alarm", highest[(~positive & assigned)[highest]][:PER_KIND]),
    ]
