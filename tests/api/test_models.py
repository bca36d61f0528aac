"""Models in a notebook: the same answers as the command line's."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from conftest import Benchmark
from files import store_file

import airybench as ab
from airybench.cli.main import run
from airybench.errors import DataError


@pytest.fixture(scope="module")
def model(finished: Benchmark) -> ab.Model:
    return ab.load_model("winner:both@helium", tracking_uri=finished.uri)


@pytest.fixture(scope="module")
def data(finished: Benchmark) -> ab.Dataset:
    return ab.load_dataset("helium", count=64)


def test_prediction_is_the_sigmoid_of_the_networks_own_logits(model: ab.Model, data: ab.Dataset) -> None:
    counts = data.images(slice(0, 5))
    found = model.predict(counts, ids=data.ids[:5])
    with torch.no_grad():
        expected = model.predictor(torch.from_numpy(counts)).numpy()
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-6)
    table = found.to_pandas()
    assert list(table.columns) == [*data.class_names, "classes"]
    assert table.index.tolist() == data.ids[:5].tolist()
    for names, row in zip(found.classes, found.probabilities, strict=True):
        assert set(names) == {name for name, p in zip(data.class_names, row, strict=True) if p > 0.5}
    np.testing.assert_array_equal(model.predict(counts[0]).logits, model.predict(counts[:1]).logits)
    assert len(model.predict(counts[:0])) == 0


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (np.zeros((2, 100, 100), np.uint16), r"shape \(2, 100, 100\), expected \(N, 259, 259\)"),
        (np.zeros((1, 259, 259), np.float32), "float32, expected whole numbers"),
        (np.full((1, 259, 259), -1), "expected whole numbers from 0 to 65535"),
        (np.full((1, 259, 259), 70000), "expected whole numbers from 0 to 65535"),
    ],
)
def test_counts_that_are_none_are_refused(model: ab.Model, counts: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        model.predict(counts)


def test_whole_numbers_of_another_type_are_the_same_counts(model: ab.Model, data: ab.Dataset) -> None:
    counts = data.images([3])
    np.testing.assert_array_equal(model.predict(counts.astype(np.int64)).logits, model.predict(counts).logits)
    with pytest.raises(DataError, match=r"ids are int64 of shape \(2,\), one for each of 1"):
        model.predict(counts, ids=[1, 2])


def test_evaluation_says_what_the_command_prints(
    model: ab.Model, data: ab.Dataset, finished: Benchmark, capsys: pytest.CaptureFixture[str]
) -> None:
    found = ab.evaluate(model, data, split="val", tracking_uri=finished.uri, stress=True)
    code = run(["evaluate", "winner:both@helium", "--split", "val", "--tracking-uri", finished.uri, "--json"])
    printed = json.loads(capsys.readouterr().out)["result"]
    assert code == 0
    values = {name: value for name, value in printed["scores"]["values"].items() if name != "classes_scored"}
    assert {name: one.value for name, one in found.scores.items()} == values
    assert [found.scores["macro_f1"].low, found.scores["macro_f1"].high] == printed["intervals"]["macro_f1"]
    assert found.to_pandas().loc["macro_f1", "low"] == found.scores["macro_f1"].low
    assert found.classes["class"].tolist() == list(data.class_names)
    assert "macro_f1" in found._repr_html_()
    plain = found.stress[found.stress.strength == 0]
    assert set(plain.change) >= {"hot-pixels", "offset", "stray-light"}
    assert plain.score.tolist() == pytest.approx([found.scores["macro_ap"].value] * len(plain), abs=1e-6)


def test_files_are_predicted_as_on_the_command_line(
    model: ab.Model, data: ab.Dataset, finished: Benchmark, tmp_path: Path
) -> None:
    made = ab.predict(model, data.path, tmp_path / "api.h5")
    words = ["predict", "winner:both@helium", str(data.path), "--output", str(tmp_path / "cli.h5")]
    assert run([*words, "--tracking-uri", finished.uri]) == 0
    with h5py.File(made) as ours, h5py.File(tmp_path / "cli.h5") as theirs:
        np.testing.assert_array_equal(ours["probability"][:], theirs["probability"][:])
    with pytest.raises(DataError, match="exists already"):
        ab.predict(model, data.path, tmp_path / "api.h5")


def test_shots_labelled_with_other_classes_are_predicted_where_labels_are_ignored(
    model: ab.Model, tmp_path: Path
) -> None:
    other = store_file(tmp_path / "other.h5", count=3, side=259)
    with pytest.raises(DataError, match=r"is labelled with A, B, the model knows .*--ignore-labels"):
        ab.predict(model, other.path, tmp_path / "out.h5")
    made = ab.predict(model, other.path, tmp_path / "out.h5", ignore_labels=True)
    with h5py.File(made) as file:
        np.testing.assert_array_equal(file["id"][:], other.ids())
    with h5py.File(tmp_path / "stack.h5", "w") as file:
        file["images"], file["labels"] = other.read_images(), np.full((3, 2), 7)  # no labels: out of range
    words = {"images": "images", "labels": "labels", "class_names": ("A", "B"), "photon_energy": 20.0}
    assert ab.open_shots(tmp_path / "stack.h5", ignore_labels=True, **words).class_names == ()


def test_a_file_is_not_replaced_by_its_own_prediction(model: ab.Model, data: ab.Dataset, tmp_path: Path) -> None:
    raw, link = tmp_path / "raw.h5", tmp_path / "link.h5"
    with h5py.File(raw, "w") as file:
        file["images"] = data.images(slice(0, 2))
    link.symlink_to(raw)
    for output in (raw, link):
        with pytest.raises(DataError, match="cannot be replaced by its own prediction"):
            ab.predict(model, raw, output, force=True, images="images", photon_energy=20.0)
    with h5py.File(raw) as file:
        np.testing.assert_array_equal(file["images"][:], data.images(slice(0, 2)))


def test_a_data_set_is_predicted_and_predictions_show_themselves(
    model: ab.Model, data: ab.Dataset, tmp_path: Path
) -> None:
    with h5py.File(ab.predict(model, data, tmp_path / "out.h5")) as file:
        expected = model.predict(data.images([7])).probabilities
        np.testing.assert_allclose(file["probability"][7:8], expected, atol=1e-6)
    found = model.predict(data.images([0, 1]))
    assert repr(found) == "<Predictions: 2 unlabelled shots, 11 classes, multilabel>"
    assert found._repr_html_().count("<tr") == 4  # two lines of headings, two shots
    with pytest.raises(DataError, match="counts are no array"):
        model.predict([[1], [1, 2]])
    with pytest.raises(DataError, match="whole numbers or text are expected"):
        model.predict(data.images([0]), ids=[1.5])
