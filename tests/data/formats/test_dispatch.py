"""Sources of every format yield the shots of their file, in order, for any stretch of rows."""

import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from reporters import CollectingReporter

from airybench.data.formats import dispatch
from airybench.data.formats.dispatch import import_data, open_shots, open_source
from airybench.data.reading.counts_rule import CountsRule
from airybench.data.reading.options import LabelOptions, SourceOptions, StackKeys
from airybench.data.reading.shot_source import Block, ShotReader, ShotSource, file_identity
from airybench.data.store.check import check
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.errors import ConfigError, DataError

RNG = np.random.default_rng(5)
EMPTY = (0,) * 10 + (1,)
STACK = RNG.integers(0, 60000, (2 * 64 + 9, 20, 20)).astype(np.uint16)


def read(shots: ShotSource, start: int = 0, stop: int | None = None) -> np.ndarray:
    stop = shots.count if stop is None else stop
    found = pickle.loads(pickle.dumps(shots.read))(start, stop)  # as it reaches a reader process
    assert (found.dtype, found.shape) == (np.uint16, (stop - start, *shots.image_shape))
    return found


def assert_any_stretch(shots: ShotSource, expected: np.ndarray) -> None:
    assert shots.count == len(expected)
    assert shots.image_shape == expected.shape[1:]
    count = len(expected)
    for start, stop in (
        (0, count),
        (0, 1),
        (count - 1, count),
        (count // 3, 2 * count // 3),
        (1, min(count, 64 + 2)),
    ):
        np.testing.assert_array_equal(read(shots, start, stop), expected[start:stop])


def stack(path: Path, images: np.ndarray = STACK, **more: Any) -> Path:
    with h5py.File(path, "w") as file:
        file["run/images"] = images
        for key, values in more.items():
            file[f"run/{key}"] = values
    return path


def test_a_store(write_store: Callable[..., Any], tmp_path: Path) -> None:
    store = write_store(tmp_path / "s.h5", count=2 * 64 + 2)
    shots = open_shots(tmp_path / "s.h5")
    assert_any_stretch(shots, store.read_images(np.arange(store.count)))
    np.testing.assert_array_equal(shots.ids, np.arange(store.count) + 100)
    assert (shots.class_names, shots.identity) == (("A", "B"), store.content_sha256)


def test_a_store_without_labels(write_store: Callable[..., Any], tmp_path: Path) -> None:
    write_store(tmp_path / "s.h5", class_names=())
    shots = open_shots(tmp_path / "s.h5")
    assert (shots.count, shots.class_names) == (10, ())


def test_a_deposit_of_full_size(write_deposit: Callable[..., Path], tmp_path: Path) -> None:
    big = RNG.integers(0, 9000, (3, 1035, 1035)).astype(np.uint16)
    shots = open_shots(write_deposit(tmp_path / "d.cxi", big, [EMPTY] * 3))
    expected = np.empty((3, 259, 259))
    for row in range(259):  # means over 4 x 4, the last over the three pixels there are
        for column in range(259):
            blocks = big[:, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            expected[:, row, column] = blocks.reshape(3, -1).astype(np.float64).mean(1)
    assert_any_stretch(shots, np.rint(expected).astype(np.uint16))
    assert shots.ids.tolist() == [1001, 1002, 1003]
    assert len(shots.class_names) == 11


def test_a_deposit_out_of_order(write_deposit: Callable[..., Path], tmp_path: Path) -> None:
    labels = [EMPTY] * len(STACK)
    numbers = [*range(1, len(STACK) + 1)][::-1]
    shots = open_shots(write_deposit(tmp_path / "d.cxi", STACK, labels, numbers=numbers))
    by_id = {1000 + number: image for number, image in zip(numbers, STACK, strict=True)}
    assert_any_stretch(shots, np.stack([by_id[shot] for shot in shots.ids]))


def test_a_stack_with_ids(tmp_path: Path) -> None:
    ids = RNG.permutation(len(STACK)) + 10**12
    keys = StackKeys(images="run/images", ids=("run/ids",))
    shots = open_shots(stack(tmp_path / "s.h5", ids=ids), SourceOptions(keys=keys))
    assert_any_stretch(shots, STACK)
    np.testing.assert_array_equal(shots.ids, ids)
    assert shots.class_names == ()


def test_a_stack_without_ids_is_numbered_with_a_notice(tmp_path: Path) -> None:
    reporter = CollectingReporter()
    shots = open_shots(stack(tmp_path / "s.h5"), SourceOptions(keys=StackKeys(images="run/images")), reporter=reporter)
    assert shots.ids.tolist() == list(range(len(STACK)))
    assert [line for line in reporter.notices if "numbered from 0" in line and "--ids KEY" in line]


def test_repeated_ids_are_kept_with_a_notice(tmp_path: Path) -> None:
    reporter = CollectingReporter()
    ids = np.zeros(len(STACK), np.int64)
    keys = StackKeys(images="run/images", ids=("run/ids",))
    shots = open_shots(stack(tmp_path / "s.h5", ids=ids), SourceOptions(keys=keys), reporter)
    assert_any_stretch(shots, STACK)
    assert any("ids repeat in this source" in line for line in reporter.notices)


def test_floats_need_a_rule(tmp_path: Path) -> None:
    photons = RNG.poisson(3, (12, 20, 20))
    path = stack(tmp_path / "s.h5", photons * 7.5 + RNG.uniform(0, 2, photons.shape))
    keys = StackKeys(images="run/images")
    with pytest.raises(DataError, match="counts-per-photon") as caught:
        read(open_shots(path, SourceOptions(keys=keys)))
    assert "\n" not in str(caught.value)
    shots = open_shots(path, SourceOptions(keys=keys, rule=CountsRule(counts_per_photon=7.5, clip=True)))
    np.testing.assert_array_equal(read(shots), photons)


def test_a_stack_is_binned_as_asked(tmp_path: Path) -> None:
    shots = open_shots(stack(tmp_path / "s.h5"), SourceOptions(keys=StackKeys(images="run/images"), factor=2))
    means = STACK.astype(np.float64).reshape(-1, 10, 2, 10, 2).mean((2, 4))
    assert_any_stretch(shots, np.rint(means).astype(np.uint16))


def test_identity_changes_with_content_and_options(tmp_path: Path) -> None:
    path = stack(tmp_path / "s.h5")
    keys = StackKeys(images="run/images")
    first = open_shots(path, SourceOptions(keys=keys)).identity
    assert open_shots(path, SourceOptions(keys=keys)).identity == first
    assert open_shots(path, SourceOptions(keys=keys, factor=2)).identity != first
    assert open_shots(path, SourceOptions(keys=keys, rule=CountsRule(clip=True))).identity != first
    stack(path, STACK[:-1])
    assert open_shots(path, SourceOptions(keys=keys)).identity != first


def test_what_cannot_be_read_is_one_line(write_store: Callable[..., Any], write_deposit, tmp_path: Path) -> None:
    plain, text = stack(tmp_path / "plain.h5"), tmp_path / "text.h5"
    two = stack(tmp_path / "two.h5", other=STACK)
    text.write_text("hello")
    write_store(tmp_path / "store.h5")
    deposit = write_deposit(tmp_path / "d.cxi", STACK[:2], [EMPTY] * 2)
    keys = StackKeys(images="run/images")
    cases = [
        (DataError, "no such file", tmp_path / "none.h5", {}),
        (DataError, "not an HDF5 file", text, {}),
        (DataError, r"of no known layout; it holds /run/images .*/run/other .*; .*--images KEY", two, {}),
        (DataError, "run/pictures", plain, {"keys": StackKeys(images="run/pictures")}),
        (ConfigError, "a store is read as it is", tmp_path / "store.h5", {"rule": CountsRule(clip=True)}),
        (ConfigError, "a store is read as it is", tmp_path / "store.h5", {"factor": 2}),
        (
            ConfigError,
            "a deposit is one file whose layout says where everything is",
            deposit,
            {"keys": StackKeys(ids=("run/ids",))},
        ),
        (ConfigError, "mask", plain, {"keys": StackKeys(images="run/images", mask_convention="odd")}),
    ]
    for kind, message, path, how in cases:
        with pytest.raises(kind, match=message) as caught:
            open_shots(path, SourceOptions(**how))
        assert "\n" not in str(caught.value)
    with pytest.raises(DataError):
        open_shots(stack(tmp_path / "empty.h5", STACK[:0]), SourceOptions(keys=keys))
    keys = StackKeys(images="run/images", ids=("run/none",))
    with pytest.raises(DataError):
        open_shots(stack(tmp_path / "flat.h5", STACK[:, 0]), SourceOptions(keys=keys))


def test_impossible_labels_can_be_ignored(write_deposit: Callable[..., Path], tmp_path: Path) -> None:
    for name, labels in (("seven", np.eye(7)), ("wrong", np.ones((7, 11)))):
        path = write_deposit(tmp_path / f"{name}.cxi", STACK[:7], labels.astype(int).tolist())
        with pytest.raises(DataError, match="add --ignore-labels to answer without them") as caught:
            open_shots(path)
        assert "--class-names" not in str(caught.value)
        shots = open_shots(path, SourceOptions(labels=LabelOptions(ignore=True)))
        assert_any_stretch(shots, STACK[:7])
        assert shots.class_names == ()
    bare = write_deposit(
        tmp_path / "bare.cxi", STACK[:7], [[]] * 7, edit=lambda file: [file.pop(f"{k}/note_1") for k in file]
    )
    assert open_shots(bare).class_names == ()


def test_the_name_of_a_folder_changes_no_message(write_store: Any, write_deposit: Any, tmp_path: Path) -> None:
    for name in ("a;b", "airybench-store"):
        (tmp_path / name).mkdir()
    wrong = write_deposit(tmp_path / "a;b" / "d.cxi", STACK[:2], np.full((2, 11), 2).tolist())
    with pytest.raises(DataError, match=r"/entry_1/note_1/data is \[2 .* add --ignore-labels to answer without them"):
        open_shots(wrong)
    store = write_store(tmp_path / "airybench-store" / "s.h5")
    with h5py.File(store.path, "a") as file:
        file.attrs["schema_version"] = 9
    with pytest.raises(DataError, match="schema version 9"):
        open_shots(store.path)


@dataclass(frozen=True)
class ArchiveReader(ShotReader):
    """Reads the array `images` of a NumPy archive."""

    path: Path

    def blocks(self, rows: np.ndarray) -> Iterator[Block]:
        """See `ShotReader.blocks`."""
        images = np.load(self.path)["images"]
        for row in rows:
            yield Block(images[row : row + 1])


class ArchiveFormat:
    """NumPy archives of images, ids and energies: all that a new format needs."""

    KIND, TITLE = "archive", "NumPy archive"

    def recognises(self, path: Path, options: SourceOptions) -> bool:
        """By the ending of its name."""
        return path.suffix == ".archive"

    def open_source(self, paths: Sequence[Path], options: SourceOptions, reporter: object) -> ShotSource:
        """Read everything but the images."""
        content = np.load(paths[0])
        return ShotSource(
            paths=tuple(paths),
            ids=content["ids"],
            image_shape=content["images"].shape[1:],
            read=ArchiveReader(paths[0]),
            identity=file_identity(paths),
            name=paths[0].stem,
            kind="archive",
            photon_energy=content["energy"],
        )


def archive(path: Path, **columns: np.ndarray) -> None:
    with path.open("wb") as file:
        np.savez(file, **columns)


def test_a_new_format_is_one_module_and_a_name_in_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, csv, ids = tmp_path / "run.archive", tmp_path / "labels.csv", np.array([5, 9, 7])
    archive(path, images=STACK[:3], ids=ids, energy=np.full(3, 20, np.float32))
    csv.write_text("id,label\n7,a\n5,b\n")
    with pytest.raises(DataError, match="not an HDF5 file"):
        open_shots(path)
    monkeypatch.setattr(dispatch, "FORMATS", [*dispatch.FORMATS, ArchiveFormat()])
    assert_any_stretch(open_shots(path), STACK[:3])
    store = import_data([path], tmp_path / "all.h5")
    np.testing.assert_array_equal(store.read_images(), STACK[:3])
    assert (store.name, store.source, store.ids().tolist(), store.labelled) == ("run", "archive", [5, 9, 7], False)
    some = SourceOptions(labels=LabelOptions(csv=csv, labelled_only=True))
    labelled = import_data([path], tmp_path / "some.h5", some)
    check(labelled)
    np.testing.assert_array_equal(labelled.read_images(), STACK[[0, 2]])
    assert (labelled.ids().tolist(), labelled.labels().tolist()) == ([5, 7], [[0, 1], [1, 0]])
    assert (labelled.class_names, labelled.label_kind) == (("a", "b"), "multiclass")
    archive(path, images=STACK[:3], ids=np.array([5, 9, 5]), energy=np.full(3, 20, np.float32))
    with pytest.raises(DataError, match="id 5 is in entry 0 and in entry 2"):
        import_data([path], tmp_path / "twice.h5")


def test_a_format_says_itself_that_it_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Finished(ArchiveFormat):
        def open_source(self, paths: Sequence[Path], options: SourceOptions, reporter: object) -> ShotSource:
            return replace(super().open_source(paths, options, reporter), not_imported="is for prediction only")

    path = tmp_path / "run.archive"
    archive(path, images=STACK[:3], ids=np.arange(3), energy=np.full(3, 20, np.float32))
    monkeypatch.setattr(dispatch, "FORMATS", [Finished()])
    assert open_shots(path).count == 3
    with pytest.raises(DataError, match=r"run\.archive: is for prediction only"):
        import_data([path], tmp_path / "all.h5")
    assert not (tmp_path / "all.h5").exists()


def test_a_store_is_not_imported_again(write_store: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"s\.h5: is a store already; use it as it is"):
        import_data([write_store(tmp_path / "s.h5").path], tmp_path / "t.h5")


def test_a_store_as_a_source_has_all_columns(tmp_path: Path) -> None:
    masks = RNG.random((3, 20, 20)) < 0.5
    header = StoreHeader("run", ("A", "B"), "multilabel", source="x", counts_rule="x")
    with StoreWriter(tmp_path / "s.h5", header, image_shape=(20, 20)) as writer:
        writer.append(
            STACK[:3], ids=[4, 6, 5], photon_energy=[1, 2, 3], labels=np.eye(3, 2), groups=[7, 8, 9],
            events={"train": np.array([1, 1, 2])}, mask=masks,
        )  # fmt: skip
    source = open_shots(tmp_path / "s.h5")
    assert source.labels is not None
    assert source.groups is not None
    assert source.labels.tolist() == [[1, 0], [0, 1], [0, 0]]
    assert (source.groups.tolist(), source.events["train"].tolist()) == ([7, 8, 9], [1, 1, 2])
    assert source.photon_energy is not None
    assert source.photon_energy.tolist() == [1, 2, 3]
    (block,) = source.select(np.array([0, 2])).read.blocks(np.arange(2))
    np.testing.assert_array_equal(block.counts, STACK[[0, 2]])
    np.testing.assert_array_equal(block.good, masks[[0, 2]])


def test_lists_and_devices_are_no_images(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("id,label\n1,a\n")
    for path, message in (
        (tmp_path / "l.csv", "--labels-csv FILE"),
        (Path("/dev/null"), "neither a file nor a folder"),
    ):
        with pytest.raises(DataError, match=message):
            open_source([path])
