"""The plate of right and wrong answers: which shots are on it, and where their patterns come from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from airybench.config import DataConfig
from airybench.data.store.store import Store
from airybench.errors import DataError
from airybench.inference.predictions import Predictions
from airybench.report import examples as module
from airybench.report.examples import PER_KIND, examples, find_store, most_confident

TRUTH = np.array([[1, 0], [1, 1], [0, 0], [1, 0], [0, 1], [1, 1], [1, 0], [0, 0]], np.uint8)
LOGITS = np.array(
    [[2.0, -1], [-0.5, 1], [3, 0.2], [1, -3], [-2, -4], [4, 2], [0.1, 0.5], [0.3, -1]], np.float32
)  # fmt: skip


class _Plate:
    """Keeps the rows that it would draw."""

    def __init__(self) -> None:
        self.rows: list[Any] = []

    def __call__(self, rows: list[Any], **_: Any) -> None:
        self.rows = [*self.rows, *rows]


@pytest.fixture
def plate(monkeypatch: pytest.MonkeyPatch) -> _Plate:
    monkeypatch.setattr(module, "gallery", found := _Plate())
    return found


def by_hand(truth: list[int], assigned: list[bool], logits: list[float], kind: str) -> list[int]:
    """Shots of one kind, one by one: those that the network is most certain of come first."""
    wanted = {"hit": (1, True), "miss": (1, False), "false alarm": (0, True)}[kind]
    shots = [i for i in range(len(truth)) if (truth[i], assigned[i]) == wanted]
    return sorted(shots, key=lambda i: logits[i] if kind == "miss" else -logits[i])[:PER_KIND]


def test_most_confident_of_each_kind_come_first() -> None:
    rng = np.random.default_rng(0)
    truth, logits = rng.integers(0, 2, 60).astype(np.uint8), rng.normal(size=60).astype(np.float32)
    for kind, shots in most_confident(truth, logits > 0, logits):
        assert shots.tolist() == by_hand(truth.tolist(), (logits > 0).tolist(), logits.tolist(), kind)
        assert len(shots) == PER_KIND


@pytest.mark.parametrize("label_kind", ["multilabel", "multiclass"])
def test_every_panel_shows_its_shot(
    write_store: Callable[..., Store], tmp_path: Path, plate: _Plate, label_kind: str
) -> None:
    store = write_store(tmp_path / "run.h5", count=12)  # ids 100 to 111, in this order
    rows = np.array([3, 11, 0, 7, 5, 2, 9, 4])  # a test split is a part of the store, in an order of its own
    predictions = Predictions(100 + rows, LOGITS, TRUTH, ("A", "B"), label_kind)
    examples(predictions, store, "t")
    assigned = LOGITS > 0 if label_kind == "multilabel" else LOGITS.max(axis=1, keepdims=True) == LOGITS
    assert [(row.name, row.count) for row in plate.rows] == [("A", 5), ("B", 3)]
    for column, row in enumerate(plate.rows):
        shots = [
            (kind, shot)
            for kind in ("hit", "miss", "false alarm")
            for shot in by_hand(*(part[:, column].tolist() for part in (TRUTH, assigned, LOGITS)), kind)
        ]
        assert len(row.panels) == len(shots)
        for panel, (kind, shot) in zip(row.panels, shots, strict=True):
            probability = 1 / (1 + np.exp(-float(LOGITS[shot, column])))
            assert panel.caption == (kind, f"p {probability:.2f}")
            assert np.array_equal(panel.counts, store.read_images(rows[[shot]])[0])
            assert panel.attention is None


def test_a_store_is_found_by_its_content(write_store: Callable[..., Store], folder: Path) -> None:
    folder.mkdir()
    named = write_store(folder / "run7.h5")
    simulated = write_store(folder / "helium-simulated-n20-s3-v1.h5", content=1)
    data = DataConfig(count=20, data_seed=3, simulator=1)
    assert find_store("run7", data, named.content_sha256).path == named.path
    assert find_store("helium", data, simulated.content_sha256).path == simulated.path
    for dataset, other, sha256 in (
        ("run7", data, simulated.content_sha256),  # other data by now
        ("helium", data.model_copy(update={"count": 22}), simulated.content_sha256),
        ("helium", data.model_copy(update={"simulator": 2}), simulated.content_sha256),
        ("run8", data, named.content_sha256),
    ):
        with pytest.raises(DataError, match=f"the data of {dataset} with sha256 {sha256[:12]}"):
            find_store(dataset, other, sha256)


def test_a_store_of_ones_own_is_found_where_the_study_was_run(
    write_store: Callable[..., Store], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A study on `run7.h5` in the working folder once had a report without pictures of shots."""
    own = write_store(tmp_path / "run7.h5")
    monkeypatch.chdir(tmp_path)
    folder.mkdir()
    (folder / "run7.h5").write_bytes(b"another file")
    assert find_store("run7", DataConfig(), own.content_sha256).path.samefile(own.path)
    monkeypatch.chdir(folder)
    with pytest.raises(DataError, match=r"nor here as run7\.h5"):
        find_store("run7", DataConfig(), own.content_sha256)
