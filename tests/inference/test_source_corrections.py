"""A background is the same in every prediction: stores, files, changed detectors, exports and arrays in memory."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import onnxruntime
import pytest
import torch
from run_store import ALL, CLASSES, GROUPS, IMAGES, KNOWN, SIDE, SPLIT, by_hand, config, run_store

from airybench.api.models import Model
from airybench.data.datasets.imported import open_file
from airybench.data.loading.background import trained_background
from airybench.data.loading.preprocess import preprocess
from airybench.data.store.store import Store
from airybench.errors import DataError
from airybench.inference.export import export
from airybench.inference.logits import store_logits
from airybench.inference.predict import PredictOptions, predict
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.inference.stress import CHANGES
from airybench.inference.stressed import stressed_predictions
from airybench.inference.weights import load_weights, save_weights
from airybench.provenance import Provenance

CPU = torch.device("cpu")
ROWS = np.array([21, 4, 5, 30])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return run_store(tmp_path_factory.mktemp("runs") / "s.h5")


@cache
def model(how: str, store: Store) -> Predictor:
    torch.manual_seed(1)
    origin = Provenance("runs", "run 7", store.content_sha256, "1" * 64, store.image_shape)
    rows = trained_background(store, SPLIT.train, config(how).data)
    return Predictor(config(how), CLASSES, "multilabel", provenance=origin, background=rows).eval()


def expected_logits(predictor: Predictor, counts: np.ndarray) -> np.ndarray:
    inputs = preprocess(torch.from_numpy(counts), 32, antialias=False, scaling=predictor.config.input_scaling)
    with torch.no_grad():
        return predictor.network(inputs).numpy()


def probabilities(path: Path) -> np.ndarray:
    with h5py.File(path) as file:
        return file["probability"][()]


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


@pytest.mark.parametrize(("how", "chosen"), [("all", ALL), ("empty", KNOWN)])
def test_the_training_data_are_read_as_in_training(store: Store, tmp_path: Path, how: str, chosen: np.ndarray) -> None:
    predictor = model(how, store)
    expected = expected_logits(predictor, by_hand(chosen))
    np.testing.assert_allclose(store_logits(predictor, store, ROWS, CPU), expected[ROWS], rtol=1e-4, atol=1e-5)
    output = predict(predictor, open_file(store.path), tmp_path / "p.h5", device=CPU).output
    np.testing.assert_allclose(probabilities(output), sigmoid(expected), atol=1e-5)
    save_weights(tmp_path, predictor)
    read = load_weights(tmp_path)
    np.testing.assert_allclose(store_logits(read, store, ROWS, CPU), expected[ROWS], rtol=1e-4, atol=1e-5)


def test_of_other_data_all_shots_of_a_run_are_taken(store: Store, tmp_path: Path) -> None:
    predictor = model("empty", store)
    expected = expected_logits(predictor, by_hand(ALL))
    other = run_store(tmp_path / "o.h5", np.ones((len(GROUPS), 2), bool))
    np.testing.assert_allclose(store_logits(predictor, other, ROWS, CPU), expected[ROWS], rtol=1e-4, atol=1e-5)
    output = predict(predictor, open_file(other.path), tmp_path / "p.h5", device=CPU).output
    np.testing.assert_allclose(probabilities(output), sigmoid(expected), atol=1e-5)
    shots = replace(open_file(other.path), groups=None)
    found = probabilities(predict(predictor, shots, tmp_path / "q.h5", device=CPU).output)
    alone = by_hand(ALL, groups=np.zeros_like(GROUPS))
    np.testing.assert_allclose(found, sigmoid(expected_logits(predictor, alone)), atol=1e-5)


def test_a_share_of_a_prediction_takes_whole_runs(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airybench.inference.predict.PART", 16)
    predictor, read = model("all", store), []
    plain = Store.read_images
    monkeypatch.setattr(Store, "read_images", lambda self, rows=None: read.extend(rows) or plain(self, rows))
    predict(predictor, open_file(store.path), tmp_path / "p.h5", device=CPU, options=PredictOptions(shard=(2, 2)))
    assert min(read) == 14  # run 4 is no part of the second share
    done = predict(predictor, open_file(store.path), tmp_path / "p.h5", device=CPU)
    assert done.done_before == 16
    np.testing.assert_allclose(probabilities(done.output), sigmoid(expected_logits(predictor, by_hand(ALL))), atol=1e-5)


@pytest.mark.parametrize("name", CHANGES)
def test_backgrounds_are_taken_after_a_change_of_the_detector(store: Store, name: str) -> None:
    predictor, strength = model("empty", store), CHANGES[name].strengths[-1]
    clean = Predictions(store.ids(), np.zeros((len(GROUPS), 2), np.float32), store.labels(), CLASSES, "multilabel")
    found = stressed_predictions(predictor, store, np.arange(len(GROUPS)), clean, {name: (0.0, strength)}, CPU)
    changed = by_hand(KNOWN, CHANGES[name](IMAGES, store.ids(), strength))
    expected = expected_logits(predictor, changed)
    np.testing.assert_allclose(found[name][strength].logits, expected, rtol=1e-3, atol=1e-3)


def test_arrays_in_memory(store: Store) -> None:
    predictor = model("all", store)
    expected = sigmoid(expected_logits(predictor, by_hand(ALL)))
    trained = Model("m", predictor, CPU)
    np.testing.assert_allclose(trained.predict(IMAGES, groups=GROUPS).probabilities, expected, atol=1e-5)
    run = IMAGES[GROUPS == 9]
    np.testing.assert_allclose(trained.predict(run).probabilities, expected[GROUPS == 9], atol=1e-5)
    median = np.sort(run, axis=0)[5]
    np.testing.assert_allclose(
        trained.predict(run[3], background=median).probabilities, expected[GROUPS == 9][3:4], atol=1e-5
    )
    with pytest.raises(DataError, match=r"counts: run 0 has 1 shot, .* or its median image as background="):
        trained.predict(run[3])
    with pytest.raises(DataError, match="background has shape"):
        trained.predict(run, background=run[:2])
    with pytest.raises(DataError, match="groups are float64"):
        trained.predict(run, groups=np.zeros(12))
    with pytest.raises(DataError, match="takes raw counts"):
        Model("m", model("none", store), CPU).predict(run, background=median)


def test_too_few_shots_are_refused_before_anything_is_written(store: Store, tmp_path: Path) -> None:
    shots = open_file(store.path).select(np.arange(3))
    with pytest.raises(DataError, match=r"s.h5: run 4 has 3 shots, .* at least 5"):
        predict(model("all", store), shots, tmp_path / "p.h5", device=CPU)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_onnx_takes_the_background_beside_the_counts(store: Store, tmp_path: Path) -> None:
    predictor = model("all", store)
    export(predictor, tmp_path / "m.onnx", format="onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    assert [one.name for one in session.get_inputs()] == ["counts", "background"]
    run = GROUPS == 9
    found = session.run(["probabilities"], {"counts": IMAGES[run], "background": np.sort(IMAGES[run], axis=0)[5]})[0]
    np.testing.assert_allclose(found, sigmoid(expected_logits(predictor, by_hand(ALL)))[run], atol=1e-4)


def test_pt2_takes_the_background_beside_the_counts(store: Store, tmp_path: Path) -> None:
    predictor, run = model("all", store), GROUPS == 9
    export(predictor, tmp_path / "m.pt2", format="pt2")
    with (tmp_path / "m.pt2").open("rb") as file:
        program = torch.export.load(file).module()
    with torch.no_grad():
        found = program(torch.from_numpy(IMAGES[run][:1]), torch.from_numpy(np.sort(IMAGES[run], axis=0)[5]))[0]
    np.testing.assert_allclose(found, sigmoid(expected_logits(predictor, by_hand(ALL)))[run][:1], atol=1e-4)


def test_a_model_of_counts_alone_takes_its_batch_for_a_run(store: Store) -> None:
    predictor = model("all", store)
    example = torch.from_numpy(IMAGES[:5])
    program = torch.export.export(predictor, (example,), dynamic_shapes=({0: torch.export.Dim("n")},)).module()
    expected = sigmoid(expected_logits(predictor, by_hand(ALL)))
    with torch.no_grad():
        for run in (4, 9, 7):
            found = program(torch.from_numpy(IMAGES[run == GROUPS]))
            np.testing.assert_allclose(found, expected[run == GROUPS], atol=1e-4)
        assert program(example[:4]).isnan().all()
    assert predictor.image_shape == (SIDE, SIDE)
