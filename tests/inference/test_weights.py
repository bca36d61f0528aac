"""Weights and predictions on disk: what is read is what was written, and damage is told."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from airybench.config import TrialConfig
from airybench.errors import EXIT_INPUT, DataError
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.inference.weights import load_weights, save_weights

NAMES = ("Round", "Spherical/Oblate", "Empty")


def predictor(**changes: object) -> Predictor:
    torch.manual_seed(3)
    small = {"arch": "vgg", "head_width": 8, "image_size": 40, "alpha": 0.5, "beta": 0.1}
    return Predictor(TrialConfig().replace(small | changes), NAMES, "multilabel").eval()


def counts(shots: int = 3, side: int = 67) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).poisson(30, (shots, side, side)).astype(np.uint16))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    save_weights(folder, predictor())
    return folder


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    for path in saved.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


@pytest.mark.parametrize("changes", [{}, {"log_activation": False}, {"arch": "resnet", "depth": 18}])
def test_round_trip(tmp_path: Path, changes: dict[str, object]) -> None:
    before = predictor(**changes)
    if "arch" in changes:  # running statistics belong to the weights
        before.train().logits(counts(8))
        before.eval()
    save_weights(tmp_path, before)
    torch.manual_seed(99)
    after = load_weights(tmp_path)
    assert (after.config, after.class_names, after.label_kind) == (before.config, NAMES, "multilabel")
    assert not after.training
    with torch.no_grad():
        assert torch.equal(after.logits(counts()), before.logits(counts()))


def test_two_files_and_no_pickle(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == ["model.json", "model.safetensors"]
    content = json.loads((saved / "model.json").read_text())
    assert (content["format"], content["version"]) == ("airybench-weights", 1)
    assert content["config"]["network"]["alpha"] == 0.5


def test_predictor_takes_counts_and_gives_probabilities() -> None:
    model = predictor()
    with torch.no_grad():
        found, logits = model(counts()), model.logits(counts())
    assert found.shape == (3, 3)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, 1 / (1 + torch.exp(-logits)))


def test_scaling_follows_the_logarithm() -> None:
    torch.manual_seed(0)
    seen: list[torch.Tensor] = []
    for log_activation, top in ((True, 65535.0), (False, 1.0)):
        model = predictor(log_activation=log_activation)
        model.network.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
        model(torch.full((1, 64, 64), 65535, dtype=torch.uint16))
        assert seen[-1].shape == (1, 1, 40, 40)
        assert seen[-1].max().item() == pytest.approx(top)


def edited(key: str, value: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        content = json.loads((folder / "model.json").read_text())
        section, _, name = key.rpartition("/")
        (content[section]["network"] if section else content)[name] = value
        (folder / "model.json").write_text(json.dumps(content))

    return edit


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def overwritten(name: str, content: bytes) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return write


def truncated(share: float) -> Callable[[Path], None]:
    def cut(folder: Path) -> None:
        path = folder / "model.safetensors"
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])

    return cut


def dropped(folder: Path) -> None:
    content = json.loads((folder / "model.json").read_text())
    del content["class_names"]
    (folder / "model.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without("model.json"), r"holds no model\.json; expected a weights/ folder"),
        (without("model.safetensors"), r"holds no .*model\.safetensors; expected a weights/ folder"),
        (truncated(0.5), "are damaged .*; train again or restore the file"),
        (truncated(0.0), "are damaged .*; train again or restore the file"),
        (overwritten("model.safetensors", pickle.dumps({"a": 1})), "are damaged .*; train again"),
        (overwritten("model.safetensors", b"\x00" * 4096), "are damaged .*; train again"),
        (overwritten("model.json", b"{"), "are damaged .*; train again"),
        (overwritten("model.json", b"\xff\xfe"), "are damaged .*; train again"),
        (overwritten("model.json", b"[]"), r"model\.json is not airybench-weights version 1; .* another program"),
        (edited("version", 2), r"model\.json is not airybench-weights version 1"),
        (edited("format", "other"), r"model\.json is not airybench-weights version 1"),
        (edited("class_names", ["A", "B"]), "do not fit their description: "),
        (overwritten("model.json", b"[" * 100_000), "are damaged .*in one another"),
        (edited("label_kind", ["multilabel"]), "do not fit their description: label_kind"),
        (edited("class_names", "ABC"), "do not fit their description: class_names is no list of names"),
        (edited("trained_on", 5), "do not fit their description: "),
        (edited("trained_on", {"dataset": 5}), "do not fit their description: "),
        (edited("class_names", 3), "do not fit their description: "),
        (edited("config", {"network": {"depth": 17}}), "do not fit their description: .*no depth 17"),
        (edited("config/depth", 13), "do not fit their description: "),
        (edited("config/alpha", -1), "do not fit their description: alpha: found -1"),
        (dropped, "do not fit their description: 'class_names'"),
    ],
)
def test_damage_is_told(copy: Path, spoil: Callable[[Path], None], message: str) -> None:
    spoil(copy)
    with pytest.raises(DataError, match=message) as caught:
        load_weights(copy)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == EXIT_INPUT


def test_pickle_is_never_run(copy: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (copy / "run",)

    torch.save({"network": Bomb()}, copy / "model.safetensors")
    with pytest.raises(DataError, match="damaged"):
        load_weights(copy)
    assert not (copy / "run").exists()


def test_no_folder_at_all(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none holds no model\.json; expected a weights/ folder"):
        load_weights(tmp_path / "none")


def some_predictions() -> Predictions:
    rng = np.random.default_rng(0)
    return Predictions(
        np.array([5, 2, 2**40]),
        rng.normal(size=(3, 3)).astype(np.float32),
        rng.integers(0, 2, (3, 3)).astype(np.uint8),
        NAMES,
        "multilabel",
    )


def test_predictions_round_trip(tmp_path: Path) -> None:
    before = some_predictions()
    before.write(tmp_path / "test.h5")
    after = Predictions.read(tmp_path / "test.h5")
    for field in ("ids", "logits", "labels"):
        np.testing.assert_array_equal(getattr(after, field), getattr(before, field))
        assert getattr(after, field).dtype == getattr(before, field).dtype
    assert (after.class_names, after.label_kind) == (NAMES, "multilabel")


def test_what_holds_no_predictions(tmp_path: Path) -> None:
    path = tmp_path / "test.h5"
    with pytest.raises(DataError, match=r"test\.h5 holds no predictions .*; it is written by train and sweep"):
        Predictions.read(path)
    path.write_bytes(b"not HDF5")
    with pytest.raises(DataError, match="holds no predictions"):
        Predictions.read(path)
    some_predictions().write(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="holds no predictions"):
        Predictions.read(path)
    for key, value in {"logits": None, "ids": 3, "labels": np.zeros((3, 7), np.uint8), "label_kind": 5}.items():
        path.write_bytes(whole)
        with h5py.File(path, "a") as file:
            place = file.attrs if key == "label_kind" else file
            del place[key]
            if value is not None:
                place[key] = value
        with pytest.raises(DataError, match="holds no predictions"):
            Predictions.read(path)
