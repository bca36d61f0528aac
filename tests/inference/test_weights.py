"""Weights and predictions on disk: what is read is what was written, and damage is told."""

import hashlib
import json
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from reporters import CollectingReporter
from safetensors.torch import load_file, save_file

from airybench.api.models import Model
from airybench.config import TrialConfig
from airybench.errors import EXIT_INPUT, DataError
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.inference.weights import load_weights, save_weights
from airybench.jobs.models import open_model
from airybench.provenance import Provenance, Software

NAMES = ("Round", "Spherical/Oblate", "Empty")


def predictor(**changes: object) -> Predictor:
    torch.manual_seed(3)
    small = {"arch": "vgg", "head_width": 8, "image_size": 40, "alpha": 0.5, "beta": 0.1}
    software = Software("0.1.0", "abc", False, (("torch", "2.10"),))
    origin = Provenance("helium", "simulated", "0" * 64, "1" * 64, (67, 67), "c" * 8, 3, software)
    return Predictor(TrialConfig().replace(small | changes), NAMES, "multilabel", provenance=origin).eval()


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
    assert (content["format"], content["version"]) == ("airybench-weights", 2)
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


def sealed(folder: Path, content: dict[str, Any]) -> None:
    """Write a description with the hash that belongs to it, as a program that knows the format could."""
    kept = {key: value for key, value in content.items() if key != "sha256"}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
    (folder / "model.json").write_text(json.dumps({**kept, "sha256": digest}))


def edited(key: str, value: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        content = json.loads((folder / "model.json").read_text())
        section, _, name = key.rpartition("/")
        (content[section]["network"] if section else content)[name] = value
        sealed(folder, content)

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
    sealed(folder, content)


def with_tensors(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    """Other tensors, with the hash that belongs to them."""

    def edit(folder: Path) -> None:
        path = folder / "model.safetensors"
        tensors = load_file(path)
        change(tensors)
        save_file(tensors, path)
        content = json.loads((folder / "model.json").read_text())
        sealed(folder, content | {"tensors_sha256": hashlib.sha256(path.read_bytes()).hexdigest()})

    return edit


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without("model.json"), r"holds no model\.json; expected a weights/ folder"),
        (without("model.safetensors"), r"holds no .*model\.safetensors; expected a weights/ folder"),
        (truncated(0.5), r"model\.safetensors was changed or damaged: .*; train again or restore both files"),
        (truncated(0.0), r"model\.safetensors was changed or damaged"),
        (overwritten("model.safetensors", pickle.dumps({"a": 1})), r"model\.safetensors was changed or damaged"),
        (overwritten("model.safetensors", b"\x00" * 4096), r"model\.safetensors was changed or damaged"),
        (with_tensors(lambda tensors: tensors.popitem()), "do not fit their description: "),
        (with_tensors(lambda tensors: tensors.update(more=torch.ones(2))), "do not fit their description: "),
        (overwritten("model.json", b"{"), "are damaged .*; train again"),
        (overwritten("model.json", b"\xff\xfe"), "are damaged .*; train again"),
        (overwritten("model.json", b"[]"), r"model\.json is not airybench-weights version 1 to 2; .* another program"),
        (edited("version", 3), r"model\.json is not airybench-weights version 1 to 2"),
        (edited("version", True), r"model\.json is not airybench-weights version 1 to 2"),
        (edited("version", None), r"model\.json is not airybench-weights version 1 to 2"),
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


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_what_is_no_file_is_not_read(copy: Path, name: str, make: Callable[[Path], None]) -> None:
    (copy / name).unlink()
    make(copy / name)
    with pytest.raises(DataError, match=rf"{name} is no file; restore the file"):
        load_weights(copy)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, value: float) -> None:
    """Their hash is right: they were written so."""
    spoilt = predictor()
    with torch.no_grad():
        next(spoilt.network.parameters()).view(-1)[-1] = value
    save_weights(tmp_path, spoilt)
    with pytest.raises(DataError, match=r"do not fit their description: .* holds NaN or infinity"):
        load_weights(tmp_path)


def first_version(folder: Path) -> None:
    """Make it one that older versions of airybench wrote."""
    content = json.loads((folder / "model.json").read_text())
    kept = {key: value for key, value in content.items() if key not in ("sha256", "tensors_sha256")}
    (folder / "model.json").write_text(json.dumps({**kept, "version": 1}, indent=2) + "\n")


def test_no_byte_of_the_tensors_can_change(copy: Path) -> None:
    path = copy / "model.safetensors"
    whole = path.read_bytes()
    places = np.random.default_rng(0).integers(0, len(whole), 30)
    for place in [0, 9, 40, len(whole) - 1, *places.tolist()]:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(DataError, match=r"model\.safetensors was changed or damaged"):
            load_weights(copy)
    path.write_bytes(whole)
    load_weights(copy)


def test_no_value_of_the_description_can_change(copy: Path) -> None:
    """Class names, kind of labels, image sizes, scaling of the input, provenance: whatever stands there."""
    path = copy / "model.json"
    whole = json.loads(path.read_text())
    assert {"class_names", "label_kind", "config", "trained_on", "trained_with", "tensors_sha256"} <= whole.keys()
    changed = 0
    for content, part, key in everywhere(whole):
        value = part[key]
        part[key] = f"{value}x" if isinstance(value, str) else not value if isinstance(value, bool) else 1.5
        path.write_text(json.dumps(content))
        with pytest.raises(DataError, match=r"was changed or damaged|is not airybench-weights"):
            load_weights(copy)
        changed += 1
    assert changed > 50
    for key in whole:
        path.write_text(json.dumps({name: value for name, value in whole.items() if name != key}))
        with pytest.raises(DataError, match=r"was changed or damaged|is not airybench-weights"):
            load_weights(copy)
    path.write_text(json.dumps(whole | {"version": 1}))  # one character, and the hashes would not count
    with pytest.raises(DataError, match="was changed or damaged"):
        load_weights(copy)


def everywhere(whole: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any, Any]]:
    """Every value that is no mapping or list: a copy of all, and where in it the value is."""

    def places(part: Any, way: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        keys = part if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
        for key in keys:
            yield from places(part[key], (*way, key))
        if not isinstance(part, dict | list):
            yield way

    for way in places(whole, ()):
        content = json.loads(json.dumps(whole))
        part = content
        for key in way[:-1]:
            part = part[key]
        yield content, part, way[-1]


def test_old_weights_are_read_and_named_as_such(copy: Path) -> None:
    expected = load_weights(copy)
    assert expected.hashed
    first_version(copy)
    old = load_weights(copy)
    assert not old.hashed
    with torch.no_grad():
        assert torch.equal(old.logits(counts()), expected.logits(counts()))
    notices: list[str] = []
    open_model(str(copy), reporter=CollectingReporter(notices))
    assert notices == [f"{copy}: weights of an older version, without a hash: a change in them would go unnoticed"]
    assert "without a hash" in repr(Model("old", old, torch.device("cpu")))
    assert "hash" not in repr(Model("new", expected, torch.device("cpu")))


def test_pickle_is_never_run(copy: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (copy / "run",)

    torch.save({"network": Bomb()}, copy / "model.safetensors")
    with pytest.raises(DataError, match="damaged"):
        load_weights(copy)
    first_version(copy)  # which has no hash to find it by
    with pytest.raises(DataError, match="are damaged"):
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
    wrong: list[tuple[str, object]] = [
        ("logits", None), ("ids", 3), ("ids", np.arange(3).astype(np.float16)), ("ids", np.zeros(3, bool)),
        ("labels", np.zeros((3, 7), np.uint8)), ("label_kind", 5),
    ]  # fmt: skip
    for key, value in wrong:
        path.write_bytes(whole)
        with h5py.File(path, "a") as file:
            place = file.attrs if key == "label_kind" else file
            del place[key]
            if value is not None:
                place[key] = value
        with pytest.raises(DataError, match="holds no predictions"):
            Predictions.read(path)
