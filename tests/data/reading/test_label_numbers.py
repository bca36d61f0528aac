"""Class numbers and label vectors in which -1 or NaN says that nobody knew."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from sources import counts, opened, refused

from airybench.data.reading.options import LabelOptions, SourceOptions, StackKeys

IMAGES = np.random.default_rng(6).poisson(4, (6, 9, 10)).astype(np.uint16)
NUMBERS = np.array([1, 0, -1, 1, -1, 0])
KNOWN = NUMBERS >= 0
VECTORS = np.where(KNOWN[:, None], np.eye(2, dtype=int)[NUMBERS], -1)
SHAPES = {
    "(N,)": NUMBERS,
    "NaN": np.where(KNOWN, NUMBERS, np.nan),
    "(N, C)": VECTORS,
    "(N, C), one unknown": np.where(KNOWN[:, None] | [True, False], np.maximum(VECTORS, 0), -1),
}


def written(path: Path, labels: np.ndarray) -> Path:
    if path.suffix == ".npz":
        np.savez(path, images=IMAGES, y=labels)
    else:
        with h5py.File(path, "w") as file:
            file["images"], file["y"] = IMAGES, labels
    return path


def options(unsure: str | None, names: tuple[str, ...] | None = ("a", "b")) -> SourceOptions:
    keys = StackKeys(photon_energy=900.0, labels="y")
    return SourceOptions(keys=keys, labels=LabelOptions(class_names=names, unsure=unsure))


@pytest.mark.parametrize("suffix", ["h5", "npz"])
@pytest.mark.parametrize("shape", SHAPES)
def test_shots_whose_label_nobody_knew_are_left_out_on_request(tmp_path: Path, shape: str, suffix: str) -> None:
    path = written(tmp_path / f"s.{suffix}", SHAPES[shape])
    assert "give --unsure unlabelled" in refused(path, options=options(None))
    source, said = opened(path, options=options("unlabelled"))
    assert source.ids.tolist() == np.flatnonzero(KNOWN).tolist()
    assert source.labels is not None
    assert source.labels.tolist() == np.eye(2)[NUMBERS[KNOWN]].tolist()
    assert [(one.reason, one.ids) for one in source.left_out] == [("whose label is unsure", ("2", "4"))]
    np.testing.assert_array_equal(counts(source), IMAGES[KNOWN])
    assert any("2 unsure shots are left out" in line for line in said)


def test_unknown_ones_are_a_class_on_request(tmp_path: Path) -> None:
    source, _ = opened(written(tmp_path / "s.h5", NUMBERS), options=options("class", None))
    assert source.class_names == ("-1", "0", "1")
    assert source.labels is not None
    np.testing.assert_array_equal(source.labels.argmax(axis=1) - 1, NUMBERS)


def test_unknown_ones_are_a_class_after_those_that_are_named(tmp_path: Path) -> None:
    source, said = opened(written(tmp_path / "s.h5", NUMBERS), options=options("class"))
    assert source.class_names == ("a", "b", "-1")
    assert source.labels is not None
    np.testing.assert_array_equal(source.labels.argmax(axis=1), np.where(NUMBERS < 0, 2, NUMBERS))
    assert any("-1 of --unsure class after the classes of --class-names" in line for line in said)


def test_only_one_of_several_files_has_unknown_ones(tmp_path: Path) -> None:
    paths = [written(tmp_path / "a.h5", NUMBERS), written(tmp_path / "b.h5", np.abs(NUMBERS))]
    source, _ = opened(*paths, options=options("unlabelled"))
    assert source.labels is not None
    assert source.labels.argmax(axis=1).tolist() == [*NUMBERS[KNOWN], *np.abs(NUMBERS)]
    written(paths[0], np.abs(NUMBERS))
    written(paths[1], np.array(["x"] * 6, "S1"))
    assert "words in some files and numbers in others" in refused(*paths, options=options("unlabelled"))


def test_other_numbers_are_refused_as_ever(tmp_path: Path) -> None:
    assert "is 0.5, class numbers from 0" in refused(
        written(tmp_path / "s.h5", np.array([0, 1, -1, 0.5, 0, 1])), options=options("unlabelled")
    )
