"""What an import looks at on its way: gaps, blank frames, clipped pixels, repeated images, shots that are left out."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from reporters import CollectingReporter

from airybench.data.formats.dispatch import import_data
from airybench.data.reading.counts_rule import CountsRule
from airybench.data.reading.invalid_values import InvalidValues
from airybench.data.reading.options import LabelOptions, Selection, SourceOptions, StackKeys
from airybench.data.store.store import Store
from airybench.errors import AirybenchError, DataError

RNG = np.random.default_rng(14)
COUNTS = RNG.integers(0, 300, (12, 16, 18)).astype(np.uint16)


def brought(path: Path, images: np.ndarray, labels: np.ndarray | None = None, **options: Any) -> tuple[Store, str]:
    """The store of a stack, and the notices."""
    with h5py.File(path, "w") as file:
        file["raw"], file["id"] = images, 500 + np.arange(len(images))
        if labels is not None:
            file["y"] = labels
    reporter = CollectingReporter()
    keys = StackKeys(images="raw", ids=("id",), photon_energy=25.0, labels=None if labels is None else "y")
    names = None if labels is None else ("a", "b")
    given = SourceOptions(
        keys=keys,
        rule=options.get("rule", CountsRule()),
        selection=Selection(drop_blank=options.get("drop_blank", False)),
        labels=LabelOptions(class_names=names, conflicts=options.get("conflicts")),
    )
    store = import_data([path], path.with_name("out.h5"), given, force=True, reporter=reporter)
    return store, "\n".join(reporter.notices)


@pytest.mark.parametrize("dtype", ["u2", "u4", "i2", "i4"])
def test_a_gap_at_the_largest_value_is_asked_about_and_masked(tmp_path: Path, dtype: str) -> None:
    images = COUNTS.astype(dtype)
    gap = images.copy()
    gap[:, 4:6] = np.iinfo(dtype).max
    with pytest.raises(DataError, match="--invalid"):
        brought(tmp_path / "s.h5", gap)
    assert not (tmp_path / "out.h5").exists()
    store, _ = brought(tmp_path / "s.h5", gap, rule=CountsRule(invalid=InvalidValues.of(["max"])))
    expected = COUNTS.copy()
    expected[:, 4:6] = 0
    np.testing.assert_array_equal(store.read_images(), expected)
    mask = np.broadcast_to(np.asarray(store.mask()), COUNTS.shape)
    np.testing.assert_array_equal(mask[:, 4:6], 0)
    assert mask.sum() == COUNTS[:, 2:].size


def test_a_gap_that_few_shots_of_a_sample_show_is_found_in_the_whole(tmp_path: Path) -> None:
    images = np.tile(COUNTS, (8, 1, 1)) + np.arange(96, dtype=np.uint16)[:, None, None]
    images[:, 3, 3] = 65535
    images[::12, 3, 3] = 7  # in 92 % of the shots
    with pytest.raises(DataError, match=r"65535 is in the same 1 pixels of at least \d+ of \d+ shots"):
        brought(tmp_path / "s.h5", images)
    store, _ = brought(tmp_path / "s.h5", images, rule=CountsRule(invalid=InvalidValues.of(["none"])))
    np.testing.assert_array_equal(store.read_images(), images)


def test_single_saturated_pixels_are_counts(tmp_path: Path) -> None:
    images = COUNTS.copy()
    images[2, 5, 5] = images[7, 6, 6] = 65535
    store, notices = brought(tmp_path / "s.h5", images)
    np.testing.assert_array_equal(store.read_images(), images)
    assert "2 good pixels in 2 shots are at the largest value of uint16" in notices
    assert store.notes["saturated_pixels"] == 2


def test_blank_frames_are_named_and_left_out_on_request(tmp_path: Path) -> None:
    images = COUNTS.copy()
    images[[3, 11]] = 0
    store, notices = brought(tmp_path / "s.h5", images)
    assert store.count == 12
    assert "2 frames hold one value in all their pixels (id 503, 511)" in notices
    assert "--drop-blank" in notices
    store, _ = brought(tmp_path / "s.h5", images, drop_blank=True)
    kept = np.delete(np.arange(12), [3, 11])
    np.testing.assert_array_equal(store.read_images(), images[kept])
    assert store.ids().tolist() == (500 + kept).tolist()
    assert [(one.reason, one.count, one.ids) for one in store.left_out] == [
        ("whose pixels all hold one value", 2, ("503", "511"))
    ]
    with pytest.raises(DataError, match="every frame"):
        brought(tmp_path / "s.h5", images * 0, drop_blank=True)


def test_clipped_pixels_are_counted(tmp_path: Path) -> None:
    images = COUNTS.astype(np.int32)
    images[0, 0, :3], images[1, 1, 1] = -4, 70000
    store, notices = brought(tmp_path / "s.h5", images, rule=CountsRule(clip=True))
    np.testing.assert_array_equal(store.read_images(), np.clip(images, 0, 65535))
    assert "--clip changed 4 pixels in 2 shots: 3 below 0, 1 above 65535" in notices
    assert store.notes["clipped_pixels"] == 4


def test_contradicting_labels_of_one_image_are_listed_and_settled(tmp_path: Path) -> None:
    images, labels = np.concatenate([COUNTS, COUNTS[:2]]), np.arange(14) % 2
    labels[12] = 1  # the image of the first shot, which is class a
    with pytest.raises(DataError, match=r"500 \(a\) = 512 \(b\)"):
        brought(tmp_path / "s.h5", images, labels)
    store, notices = brought(tmp_path / "s.h5", images, labels, conflicts="first")
    assert store.ids().tolist() == [*range(500, 512), 513]
    np.testing.assert_array_equal(store.read_images(), images[[*range(12), 13]])
    assert "4 shots share 2 images" in notices
    store, _ = brought(tmp_path / "s.h5", images, labels, conflicts="drop")
    assert store.ids().tolist() == [*range(501, 512), 513]
    with pytest.raises(AirybenchError, match="--on-conflict"):
        brought(tmp_path / "s.h5", images, labels, conflicts="odd")
    with pytest.raises(DataError, match="--on-conflict drop leaves no shot, since all images have contradicting"):
        brought(tmp_path / "s.h5", images[[0, 12]], labels[[0, 12]], conflicts="drop")


@pytest.mark.parametrize(
    ("dtype", "words"), [("u2", "max, 70000, 401"), ("i4", "-7, negative, max"), ("f4", "nan,12.5")]
)
def test_values_that_no_pixel_holds_are_named(tmp_path: Path, dtype: str, words: str) -> None:
    images = COUNTS.astype(dtype)
    _, said = brought(
        tmp_path / "s.h5", images, rule=CountsRule(invalid=InvalidValues.of([words]), counts_per_photon=1)
    )
    missed = " or ".join(sorted(word.strip() for word in words.split(",")))
    assert f"no pixel of any shot holds a value of --invalid {missed}" in said
    images[-1, 3, 4] = np.finfo("f4").max if dtype == "f4" else np.iinfo(dtype).max  # in one pixel of the last shot
    rule = CountsRule(invalid=InvalidValues.of(["max", "298"]), counts_per_photon=1)
    store, said = brought(tmp_path / "s.h5", images, rule=rule)
    assert "--invalid" not in said
    np.testing.assert_array_equal(
        store.read_images()[-1] == 0, (images[-1] == 298) | (COUNTS[-1] == 0) | (images[-1] > 300)
    )
