"""Frames, padding, ids of several keys, runs by path, unmapped parts: plain stacks by options of the command line."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from euxfel_files import euxfel_cxi
from small_predictions import COUNT, CPU, SIDE, images, model

from airybench.api.read_options import source_options
from airybench.cli.main import run
from airybench.data.store.store import Store
from airybench.inference.predict import PredictOptions
from airybench.inference.weights import save_weights
from airybench.jobs.predict import predict_file

RNG = np.random.default_rng(15)
COUNTS = RNG.poisson(5, (6, 9, 11)).astype("u2")
RAW = RNG.poisson(5, (6, 3, 2, 9, 11)).astype("u2")


def imported(folder: Path, *words: object) -> Store:
    output = folder / "out.h5"
    command = ["data", "import", *map(str, words), "--photon-energy", "9000", "--output", str(output), "--force"]
    assert run(command) == 0
    return Store.open(output)


def written(path: Path, images: np.ndarray = COUNTS, **columns: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file["images"] = images
        for key, values in columns.items():
            file[key] = values
    return path


FRAMES = {
    "--images images --axis last": (np.moveaxis(COUNTS, 0, -1), COUNTS),
    "--axis first": (COUNTS, COUNTS),
    "--channel 0 --index 2": (RAW, RAW[:, 2, 0]),
    "--channel 1 --stack-modules": (RAW, RAW[:, :, 1].reshape(6, 27, 11)),
    "--channel 1": (RAW[:, 0], RAW[:, 0, 1]),
    "--index 1": (RAW[:, :, 0], RAW[:, 1, 0]),
    "--stack-modules": (RAW[:, :, 0], RAW[:, :, 0].reshape(6, 27, 11)),
}


@pytest.mark.parametrize("words", FRAMES)
def test_frames_become_images_as_told(tmp_path: Path, words: str) -> None:
    stack, expected = FRAMES[words]
    store = imported(tmp_path, written(tmp_path / "s.h5", stack, shot_id=np.arange(6)), *words.split())
    np.testing.assert_array_equal(store.read_images(), expected)


def test_several_keys_make_one_id_and_padding_has_none(tmp_path: Path) -> None:
    stack = np.concatenate([COUNTS, np.zeros_like(COUNTS[:2])])
    columns = {
        "exp": np.array([b"cxi0119"] * 6 + [b""] * 2),
        "seconds": np.r_[1_400_000_000 + np.arange(6) // 2, 0, 0][:, None],
        "fiducial": np.r_[30 + np.arange(6), 0, 0].astype("u8"),
    }
    path = written(tmp_path / "s.h5", stack, **columns)
    store = imported(tmp_path, path, "--ids", "exp,seconds", "--ids", "fiducial")
    np.testing.assert_array_equal(store.read_images(), COUNTS)
    assert store.ids().tolist() == [f"cxi0119:{1_400_000_000 + row // 2}:{30 + row}" for row in range(6)]
    assert [(one.reason, one.count) for one in store.left_out] == [("without an event (padding)", 2)]


def test_ids_of_several_keys_may_begin_at_0(tmp_path: Path) -> None:
    path = written(tmp_path / "s.h5", train=np.arange(6) // 3, pulse=np.arange(6) % 3)
    store = imported(tmp_path, path, "--ids", "train,pulse")
    np.testing.assert_array_equal(store.read_images(), COUNTS)
    assert store.ids().tolist() == ["0:0", "0:1", "0:2", "1:0", "1:1", "1:2"]


def test_64_bit_numbers_are_kept_whole(tmp_path: Path) -> None:
    ids = (2**62 + np.arange(6)).astype("u8")
    store = imported(tmp_path, written(tmp_path / "s.h5", tag=ids[:, None]), "--ids", "tag", "--events", "tag")
    assert store.ids().tolist() == ids.tolist()
    np.testing.assert_array_equal(store.columns("events")["tag"], ids)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--group-by", "folder"), [1, 1, 2, 2]),
        (("--group-by", "file"), [1, 2, 3, 4]),
        (("--group-by", r"part_(\d+)"), [5, 6, 5, 6]),
        (("--group-by", "run"), [40, 41, 42, 43]),
        (("--groups", "run"), [40, 41, 42, 43]),
    ],
)
def test_runs_are_folders_files_parts_of_names_or_keys(
    tmp_path: Path, words: tuple[str, str], expected: list[int]
) -> None:
    places = ["night/part_5.h5", "night/part_6.h5", "day/part_5.h5", "day/part_6.h5"]
    parts = [COUNTS + 10 * number for number in range(4)]
    paths = [
        written(tmp_path / place, part, run=np.full(6, 40 + n), id=100 * n + np.arange(6))
        for n, (place, part) in enumerate(zip(places, parts, strict=True))
    ]
    store = imported(tmp_path, *paths, *words)
    np.testing.assert_array_equal(store.read_images(), np.concatenate(parts))
    found, wanted = store.groups(), np.repeat(expected, 6)
    np.testing.assert_array_equal(np.equal.outer(found, found), np.equal.outer(wanted, wanted))
    if "(" in words[1] or "run" in words[1]:
        np.testing.assert_array_equal(found, wanted)


def test_an_unmapped_module_is_counted_and_masked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = euxfel_cxi(tmp_path, unmapped=[1])
    store = imported(tmp_path, truth.path, "--stack-modules")
    said = capsys.readouterr().err
    assert "25 % of the pixels are in no source of the view; masked" in said
    good = np.asarray(truth.good).reshape(store.count, -1, store.image_shape[1])
    np.testing.assert_array_equal(np.broadcast_to(store.mask(), good.shape) == 1, good)
    np.testing.assert_array_equal(store.read_images(), np.where(good, truth.images.reshape(good.shape), 0))
    assert not good[:, 8:16].any()


def test_two_corrected_modules_are_no_planes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with h5py.File(tmp_path / "two.cxi", "w") as file:
        file["entry_1/instrument_1/detector_1/data"] = RAW[:, 0].astype("f4")
        file["entry_1/data_1"] = h5py.SoftLink("/entry_1/instrument_1/detector_1")
        file["entry_1/trainId"], file["entry_1/pulseId"] = 10**9 + np.arange(6), np.arange(6)
    assert run(["data", "import", str(tmp_path / "two.cxi"), "--photon-energy", "9000"]) == 2
    assert "2 modules" in capsys.readouterr().err
    store = imported(tmp_path, tmp_path / "two.cxi", "--stack-modules")
    np.testing.assert_array_equal(store.read_images(), RAW[:, 0].reshape(6, 18, 11))


def test_predictions_carry_the_events_that_were_asked_for(tmp_path: Path) -> None:
    pulses, names = 2**40 + np.arange(COUNT, dtype="u8"), np.array([f"t{row}" for row in range(COUNT)], "S5")
    path = written(tmp_path / "s.h5", images(), shot_id=500 + np.arange(COUNT), pulse=pulses[:, None], event=names)
    reading = source_options({"ids": ["shot_id"], "events": ["pulse", "event"]})
    output = tmp_path / "out.h5"
    predict_file("m", model(), path, output, device=CPU, reading=reading, options=PredictOptions(readers=0, table=True))
    with h5py.File(output) as file:
        assert file["id"][:].tolist() == list(range(500, 500 + COUNT))
        np.testing.assert_array_equal(file["events/pulse"], pulses)
        assert file["events/event"].asstr()[:].tolist() == names.astype(str).tolist()
    lines = output.with_suffix(".csv").read_text(encoding="utf-8").splitlines()
    head = lines[0].split(",")
    cells = [dict(zip(head, line.split(","), strict=True)) for line in lines[1:]]
    assert [(one["id"], one["pulse"], one["event"]) for one in cells] == [
        (str(500 + row), str(pulses[row]), f"t{row}") for row in range(COUNT)
    ]
    assert images().shape[1:] == (SIDE, SIDE)


def test_the_command_carries_events_of_several_parts(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    save_weights(tmp_path / "model", model())
    runs = []
    for number in (0, 1):
        columns = {
            "train": 2**33 + np.arange(10)[:, None],
            "cell": np.arange(10) % 4 + number,
            "exp": np.bytes_("xfel"),
        }
        runs.append(written(tmp_path / "runs" / f"r{number}.h5", images(10) + number, **columns))
    command = ["predict", str(tmp_path / "model"), str(tmp_path / "runs"), "--output", str(tmp_path / "p.h5")]
    keys = ["--images", "images", "--ids", "train", "--ids", "cell", "--events", "cell,exp", "--events", "train"]
    assert run([*command, *keys, "--readers", "0", "--device", "cpu"]) == 0
    trains, cells = np.tile(2**33 + np.arange(10), 2), np.concatenate([np.arange(10) % 4, np.arange(10) % 4 + 1])
    with h5py.File(tmp_path / "p.h5") as file:
        assert file["id"].asstr()[:].tolist() == [f"{one}:{cell}" for one, cell in zip(trains, cells, strict=True)]
        np.testing.assert_array_equal(file["events/train"], trains)
        np.testing.assert_array_equal(file["events/cell"], cells)
        assert set(file["events/exp"].asstr()[:].tolist()) == {"xfel"}
