"""Predictions under changes: batches do not matter, and the shots are the changed ones."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from airybench.config import TrialConfig
from airybench.data.datasets.simulated import Series, simulated_store
from airybench.errors import DataError
from airybench.inference import stressed
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.inference.stress import CHANGES
from airybench.inference.stressed import read_stressed, stressed_predictions, write_stressed


class Brightest(torch.nn.Module):
    """A network that answers with the brightest pixel, for every class."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Logits (N, C)."""
        return inputs.amax(dim=(1, 2, 3))[:, None].expand(-1, 11)


def test_a_network_sees_the_changed_counts(
    tmp_path, quick_simulator: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stressed, "BATCH", 4)
    store = simulated_store(Series("helium", 1), 12, output=tmp_path / "a.h5")
    config = TrialConfig().replace({"image_size": 32, "input_scaling": "counts"})
    predictor = Predictor(config, store.class_names, "multilabel", network=Brightest())
    rows = np.array([3, 0, 8, 11, 7])
    plain = Predictions(
        store.ids()[rows], np.zeros((5, 11), np.float32), store.labels()[rows], store.class_names, "multilabel"
    )
    found = stressed_predictions(
        predictor, store, rows, plain, {"offset": (0.0, 500.0), "more-photons": (0.0, 1.0)}, torch.device("cpu")
    )
    assert found["offset"][0.0] is plain
    counts = store.read_images(rows)
    alone = predictor.logits(torch.from_numpy(counts)).numpy()
    np.testing.assert_allclose(found["offset"][500.0].logits, alone + 500, rtol=1e-5)
    np.testing.assert_allclose(found["more-photons"][1.0].logits, alone * 10, rtol=1e-5)
    assert CHANGES["offset"](counts, rows, 500.0).min() >= 500


def test_the_logits_are_kept_and_read_again(tmp_path) -> None:
    rng = np.random.default_rng(1)
    clean, *changed = (
        Predictions(np.arange(5), rng.normal(size=(5, 2)).astype(np.float32), np.ones((5, 2), np.uint8), ("a", "b"),
                    "multilabel")
        for _ in range(4)
    )  # fmt: skip
    found = {"offset": {0.0: clean, 10.0: changed[0], 0.5: changed[1]}, "hot-pixels": {0.0: clean, 40.0: changed[2]}}
    path = tmp_path / "stress.npz"
    write_stressed(path, found)
    again = read_stressed(path, clean)
    assert [(name, list(one)) for name, one in again.items()] == [(name, list(one)) for name, one in found.items()]
    for name, one in found.items():
        for strength, expected in one.items():
            np.testing.assert_array_equal(again[name][strength].logits, expected.logits)
    fewer = Predictions(clean.ids[:4], clean.logits[:4], clean.labels[:4], clean.class_names, "multilabel")
    with pytest.raises(DataError, match="beside those of 4 shots"):
        read_stressed(path, fewer)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="sweep --stress writes it"):
        read_stressed(path, clean)
