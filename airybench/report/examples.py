"""Right and wrong answers of a network, class by class, as a plate of patterns."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from airybench.data.datasets.catalog import CATALOG
from airybench.data.datasets.simulated import simulated_name
from airybench.data.store.store import Store
from airybench.errors import DataError
from airybench.figures.gallery import Panel, Row, gallery
from airybench.inference.gradcam import Explainer, on_image
from airybench.inference.predictions import Predictions
from airybench.paths import data_folder

SHOWN = 3  # of each kind: found, missed, false alarm


def find_store(dataset: str, count: int, seed: int, sha256: str) -> Store:
    """The store that a study was run on, if it still lies in the data folder; nothing is made for a report.

    Raises:
        DataError: it is not there, or it holds other data by now.
    """
    folder = data_folder()
    places = [folder / f"{dataset}.h5"]
    if dataset in CATALOG:
        places.append(folder / simulated_name(dataset, count, seed))
    for place in places:
        if place.is_file():
            store = Store.open(place)
            if store.content_sha256 == sha256:
                return store
    raise DataError(
        f"the data of {dataset} with sha256 {sha256[:12]}... are not in {folder}; bring them back for pictures of shots"
    )


def examples(kept: Predictions, store: Store, title: str, explainer: Explainer | None = None) -> Figure:
    """Per class: carriers that were found, carriers that were missed, and false alarms, the most telling first.

    Args:
        kept: test logits of one trial.
        store: where its shots are.
        title: heading.
        explainer: of its network, to draw what speaks for the class.
    """
    at = {shot: row for row, shot in enumerate(store.ids().tolist())}
    answers = _decided(kept)
    p = 1 / (1 + np.exp(-kept.logits.astype(np.float64)))
    rows = []
    for column, name in enumerate(kept.class_names):
        panels = []
        for kind, chosen in _telling(kept.labels[:, column], answers[:, column], kept.logits[:, column]):
            shots = np.array([at[int(kept.ids[i])] for i in chosen], np.int64)
            images = store.read_images(shots)
            looked: list[NDArray[np.float32] | None] = [None] * len(shots)
            if explainer is not None and len(shots):
                asked = np.zeros((len(shots), len(kept.class_names)), np.int64)
                asked[:, column] = 1
                looked = [on_image(one, store.image_shape) for one in explainer.maps(images, asked, kept.ids[chosen])]
            for index, image, attention in zip(chosen.tolist(), images, looked, strict=True):
                caption = (f"{kind}, p {p[index, column]:.2f}",)
                panels.append(Panel(image.astype(np.float32), image > 0, caption, attention))
        rows.append(Row(name, int(kept.labels[:, column].sum()), panels))
    note = (
        "Below each: found (carries the class, and was given it), missed (carries it, was not given it) or false "
        "alarm, and the network's probability; the surest of each kind first."
    )
    if explainer is not None:
        note += " Blue: half height of the Grad-CAM++ map, what speaks for the class."
    return gallery(rows, columns=3 * SHOWN, title=title, note=note, panel=0.95, dpi=110)


def _decided(kept: Predictions) -> NDArray[np.bool_]:
    if kept.label_kind == "multilabel":
        return np.asarray(kept.logits > 0)
    return np.asarray(np.eye(len(kept.class_names), dtype=np.bool_)[kept.logits.argmax(axis=1)])


def _telling(
    truth: NDArray[np.uint8], answered: NDArray[np.bool_], logits: NDArray[np.float32]
) -> list[tuple[str, NDArray[np.int64]]]:
    """Places of the surest right answers, the surest misses and the surest false alarms of one class."""
    surest, least = np.argsort(-logits, kind="stable"), np.argsort(logits, kind="stable")
    carries = truth.astype(bool)
    return [
        ("found", surest[(carries & answered)[surest]][:SHOWN]),
        ("missed", least[(carries & ~answered)[least]][:SHOWN]),
        ("false alarm", surest[(~carries & answered)[surest]][:SHOWN]),
    ]
