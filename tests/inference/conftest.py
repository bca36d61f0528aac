"""The model and the shots that tests of predictions share, and the answers of an undisturbed run."""

import numpy as np
import pytest
from small_predictions import PART, columns, go, model, store

from airybench.data.formats.dispatch import open_shots
from airybench.data.reading.shot_source import ShotSource
from airybench.inference.predictor import Predictor


@pytest.fixture
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airybench.inference.predict.PART", PART)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return model()


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> ShotSource:
    return open_shots(store(tmp_path_factory.mktemp("shots") / "run.h5"))


@pytest.fixture(scope="module")
def whole(predictor: Predictor, shots: ShotSource, tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("airybench.inference.predict.PART", PART)
        output = tmp_path_factory.mktemp("whole") / "out.h5"
        go(predictor, shots, output, explain=True)
    return columns(output)
