"""Predictions under changes: batches do not matter, and the shots are the changed ones."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from airybench.config import TrialConfig
from airybench.data.datasets.simulated import Series, simulated_store
from airybench.inference import stressed
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.inference.stress import CHANGES
from airybench.inference.stressed import stressed_predictions


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
