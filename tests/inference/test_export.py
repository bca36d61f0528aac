"""Exports against the network they came from, in runtimes of their own; a wrong one is refused and leaves no file."""

import builtins
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

import airybench.inference.export as module
from airybench.config import TrialConfig
from airybench.errors import AirybenchError, ConfigError, DataError
from airybench.inference.export import export
from airybench.inference.predictor import Predictor
from airybench.inference.weights import load_weights
from airybench.provenance import Provenance

NAMES = ("Round", "Spherical/Oblate")
SIDE = 67

WAYS: dict[str, dict[str, Any]] = {
    "resnet": {"arch": "resnet", "depth": 18, "image_size": 40, "antialias": True},
    "vgg": {"arch": "vgg", "head_width": 8, "image_size": 32, "antialias": True},
    "plain-vgg": {"arch": "vgg", "head_width": 8, "image_size": 32, "log_activation": False},
    "standardised": {"arch": "timm:resnet10t", "image_size": 32, "input_scaling": "standardised", "learn_alpha": True},
    "ccf": {"arch": "vgg", "head_width": 8, "image_size": 32, "antialias": True, "input": "ccf", "ccf_zero": "mask"},
}

FAST_FIRST = [way if way == "vgg" else pytest.param(way, marks=pytest.mark.slow) for way in WAYS]


def predictor(way: str) -> Predictor:
    torch.manual_seed(3)
    origin = Provenance("helium", "simulated", "0" * 64, "1" * 64, (SIDE, SIDE))
    own = Predictor(TrialConfig().replace(WAYS[way]), NAMES, "multilabel", provenance=origin)
    with torch.no_grad():
        own.train().logits(torch.from_numpy(counts(6)))  # running statistics that say something
    return own.eval()


def counts(shots: int, seed: int = 0) -> NDArray[np.uint16]:
    rng = np.random.default_rng(seed)
    found = rng.poisson(rng.uniform(0, 400, (shots, SIDE, SIDE))).astype(np.uint16)
    found[:, 30:33, 30:33] = 65535
    return found


def own_answers(own: Predictor, given: NDArray[np.uint16]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    with torch.no_grad():
        logits = own.cpu().logits(torch.from_numpy(given))
    return torch.sigmoid(logits).numpy(), logits.numpy()


def assert_close(own: Predictor, given: NDArray[np.uint16], probabilities: Any, logits: Any) -> None:
    expected, raw = own_answers(own, given)
    np.testing.assert_allclose(probabilities, expected, atol=1e-4)
    assert (np.abs(logits - raw) / np.maximum(1, np.abs(raw))).max() < 1e-4


@pytest.mark.parametrize("way", FAST_FIRST)
def test_onnx_answers_as_the_network(way: str, tmp_path: Path) -> None:
    own = predictor(way)
    found = export(own, tmp_path / "model.onnx", format="onnx")
    assert (found.path, found.image_shape) == (tmp_path / "model.onnx", (SIDE, SIDE))
    assert max(found.probability_error, found.logit_error) < 1e-4
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]  # no data beside it
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    (taken,) = session.get_inputs()
    assert (taken.name, taken.type, taken.shape[1:]) == ("counts", "tensor(uint16)", [SIDE, SIDE])
    assert [given.name for given in session.get_outputs()] == ["probabilities", "logits"]
    for shots in (1, 2, 7):
        given = counts(shots, shots)
        assert_close(own, given, *session.run(None, {"counts": given}))
    (said,) = [p.value for p in onnx.load(tmp_path / "model.onnx").metadata_props if p.key == "airybench"]
    assert json.loads(said) == json.loads(json.dumps(own.description()))


@pytest.mark.parametrize("way", FAST_FIRST)
def test_pt2_answers_as_the_network(way: str, tmp_path: Path) -> None:
    own = predictor(way)
    found = export(own, tmp_path / "model", format="pt2")  # whatever its ending
    assert max(found.probability_error, found.logit_error) < 1e-4
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    extra = {"airybench": ""}
    with (tmp_path / "model").open("rb") as file:
        loaded = torch.export.load(file, extra_files=extra).module()
    for shots in (1, 2, 7):
        given = counts(shots, shots)
        with torch.no_grad():
            probabilities, logits = loaded(torch.from_numpy(given))
        assert_close(own, given, probabilities.numpy(), logits.numpy())
    assert json.loads(extra["airybench"]) == json.loads(json.dumps(own.description()))


def test_weights_are_what_airybench_reads(tmp_path: Path) -> None:
    own = predictor("vgg")
    found = export(own, tmp_path / "weights", format="weights")
    assert (found.path, found.format) == (tmp_path / "weights", "weights")
    given = counts(3)
    np.testing.assert_array_equal(own_answers(load_weights(tmp_path / "weights"), given)[1], own_answers(own, given)[1])


@pytest.mark.parametrize("format", [pytest.param("onnx", marks=pytest.mark.slow), "pt2"])
@pytest.mark.parametrize("wrong", ["one shot of three", "all"])
def test_a_wrong_export_is_refused_and_leaves_nothing(
    format: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = getattr(module, f"_{format}")

    def spoilt(*args: Any) -> Any:
        run = right(*args)

        def answer(given: NDArray[np.uint16]) -> Any:
            probabilities, logits = run(given)
            if wrong == "all":
                return probabilities + np.float32(3e-4), logits
            return probabilities, logits + np.float32(0.01) * (np.arange(len(logits)) == 2)[:, None] * abs(logits).max()

        return answer

    monkeypatch.setattr(module, f"_{format}", spoilt)
    (tmp_path / "model").write_text("the one before")
    with pytest.raises(AirybenchError, match=f"the {format} model differs from the network") as caught:
        export(predictor("vgg"), tmp_path / "model", format=format, force=True)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert (tmp_path / "model").read_text() == "the one before"


def test_an_export_that_answers_nan_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = module._pt2

    def spoilt(*args: Any) -> Any:
        run = right(*args)
        return lambda given: tuple(np.full_like(answer, np.nan) for answer in run(given))

    monkeypatch.setattr(module, "_pt2", spoilt)
    with pytest.raises(AirybenchError, match="differs from the network"):
        export(predictor("vgg"), tmp_path / "model", format="pt2")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["onnx", "onnxruntime", "onnxscript"])
def test_a_missing_package_is_one_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(what: str, *args: Any, **how: Any) -> Any:
        if what.split(".")[0] == name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(what, *args, **how)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(
        AirybenchError, match=rf"{name} is not installed, but ONNX needs it; pip install 'airybench\[ex"
    ):
        export(predictor("vgg"), tmp_path / "model.onnx", format="onnx")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    own = predictor("vgg")
    with pytest.raises(ConfigError, match=r"unknown format 'onx'; valid: onnx, pt2, weights. Did you mean 'onnx'"):
        export(own, tmp_path / "model", format="onx")
    with pytest.raises(DataError, match=r"the folder .*nowhere does not exist; create it, or choose another --output"):
        export(own, tmp_path / "nowhere" / "model", format="pt2")
    (tmp_path / "model").write_text("kept")
    with pytest.raises(DataError, match="exists already; add --force to replace it"):
        export(own, tmp_path / "model", format="pt2")
    with pytest.raises(DataError, match="is a file, but weights is written as a folder"):
        export(own, tmp_path / "model", format="weights", force=True)  # a file where a folder is to be
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="is a folder, but pt2 is written as a file; choose another --output"):
        export(own, tmp_path / "folder", format="pt2", force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "model"]
    assert (tmp_path / "model").read_text() == "kept"


def test_a_disk_that_fills_up_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.torch.export, "save", full)
    with pytest.raises(DataError, match=r"cannot write this export \(No space left on device\)"):
        export(predictor("vgg"), tmp_path / "model", format="pt2")
    assert list(tmp_path.iterdir()) == []
