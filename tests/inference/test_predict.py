"""Prediction: every shot once and in order, whatever is killed, shared out, damaged or refused on the way."""

import csv
import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import psutil
import pytest
import torch
from readers import Dying

from airybench.config import TrialConfig
from airybench.data.formats.dispatch import open_shots
from airybench.data.formats.options import StackKeys
from airybench.data.formats.shot_source import ShotSource
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.errors import ConfigError, DataError, ReaderError
from airybench.inference.gradcam import Explainer
from airybench.inference.parts import Parts
from airybench.inference.predict import Predicted, predict
from airybench.inference.predictor import Origin, Predictor
from airybench.inference.weights import save_weights

CPU = torch.device("cpu")
NAMES = ("Round", "Spherical, Oblate", "Empty")
COUNT, SIDE, PART = 38, 40, 4  # ten parts, the last one short
REPOSITORY = Path(__file__).resolve().parents[2]


def model(seed: int = 3, kind: str = "multilabel", **changes: Any) -> Predictor:
    torch.manual_seed(seed)
    small = {"arch": "timm:resnet10t", "image_size": 32, "antialias": True} | changes
    origin = Origin("helium", "simulated", "0" * 64, "1" * 64, (SIDE, SIDE))
    predictor = Predictor(TrialConfig().replace(small), NAMES, kind, origin=origin).eval()
    with torch.no_grad():  # answers on both sides of one half
        predictor.network.fc.weight *= 30
    return predictor


def images(count: int = COUNT, side: int = SIDE) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.poisson(20, (count, side, side)) * rng.integers(0, 40, (count, 1, 1))).astype(np.uint16)


def store(path: Path, names: tuple[str, ...] = (), count: int = COUNT, side: int = SIDE) -> Path:
    header = StoreHeader("run", names, "multilabel", source="simulated", counts_rule="drawn", seed=3)
    with StoreWriter(path, header, image_shape=(side, side)) as writer:
        labels = np.ones((count, len(names)), np.uint8) if names else None
        ids = 5000 - 3 * np.arange(count)
        writer.append(images(count, side), ids=ids, photon_energy=np.full(count, 20.0, np.float32), labels=labels)
    return path


@pytest.fixture(autouse=True)
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airybench.inference.predict.PART", PART)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return model()


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> ShotSource:
    return open_shots(store(tmp_path_factory.mktemp("shots") / "run.h5"))


def go(predictor: Predictor, shots: ShotSource, output: Path, **how: Any) -> Predicted:
    return predict(predictor, shots, output, device=CPU, **{"readers": 0, **how})


def columns(path: Path) -> dict[str, np.ndarray]:
    with h5py.File(path) as file:
        return {key: values[()] for key, values in file.items()}


def assert_same(path: Path, expected: dict[str, np.ndarray]) -> None:
    found = columns(path)
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        assert found[key].dtype == values.dtype, key
        assert found[key].tobytes() == values.tobytes(), key


@pytest.fixture(scope="module")
def whole(predictor: Predictor, shots: ShotSource, tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("airybench.inference.predict.PART", PART)
        output = tmp_path_factory.mktemp("whole") / "out.h5"
        go(predictor, shots, output, explain=Explainer)
    return columns(output)


def test_answers_are_the_networks_own(predictor: Predictor, whole: dict[str, np.ndarray]) -> None:
    with torch.no_grad():
        expected = predictor(torch.from_numpy(images())).numpy()
    np.testing.assert_array_equal(whole["id"], 5000 - 3 * np.arange(COUNT))
    np.testing.assert_allclose(whole["probability"], expected, atol=1e-5)
    np.testing.assert_array_equal(whole["prediction"], whole["probability"] > 0.5)
    assert 0.1 < whole["prediction"].mean() < 0.9
    assert (whole["probability"].dtype, whole["prediction"].dtype) == (np.float32, np.uint8)


def test_one_map_for_every_answer_in_their_order(predictor: Predictor, whole: dict[str, np.ndarray]) -> None:
    pairs = np.argwhere(whole["prediction"])
    np.testing.assert_array_equal(whole["map_shot"], pairs[:, 0])
    np.testing.assert_array_equal(whole["map_class"], pairs[:, 1])
    assert whole["map"].shape == (len(pairs), 32, 32)
    last = len(pairs) - 1  # a map of the last, short part, drawn for its shot alone
    answers = np.zeros((1, 3), np.uint8)
    answers[0, pairs[last, 1]] = 1
    own = Explainer(predictor, CPU).maps(images()[pairs[last, 0]][None], answers)
    np.testing.assert_allclose(whole["map"][last], own[0], atol=2e-3)


def test_the_file_says_what_it_is(predictor: Predictor, shots: ShotSource, tmp_path: Path) -> None:
    found = go(predictor, shots, tmp_path / "out.h5")
    assert (found.shots, found.done_before, found.joined, found.output) == (COUNT, 0, True, tmp_path / "out.h5")
    assert found.images_per_second > 0
    with h5py.File(tmp_path / "out.h5") as file:
        assert file.attrs["format"] == "airybench-predictions"
        assert tuple(file.attrs["class_names"]) == NAMES
        assert (file.attrs["count"], file.attrs["source_name"]) == (COUNT, "run.h5")
    assert not (tmp_path / "out.h5.parts").exists()


@pytest.mark.parametrize("kind", ["multilabel", "multiclass"])
def test_table(kind: str, shots: ShotSource, tmp_path: Path) -> None:
    go(model(kind=kind), shots, tmp_path / "out.h5", table=True)
    found = columns(tmp_path / "out.h5")
    if kind == "multiclass":
        assert (found["prediction"].sum(1) == 1).all()
        assert (found["prediction"].argmax(1) == found["probability"].argmax(1)).all()
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert list(rows[0]) == ["id", *(f"p {name}" for name in NAMES), "answer"]
    assert [int(row["id"]) for row in rows] == found["id"].tolist()
    for row, said, answered in zip(rows, found["probability"], found["prediction"], strict=True):
        assert [float(row[f"p {name}"]) for name in NAMES] == pytest.approx(said.tolist(), rel=1e-5)
        assert row["answer"] == ";".join(name for name, held in zip(NAMES, answered, strict=True) if held)


@pytest.mark.parametrize("number", [0, 4, 9])
def test_killed_before_a_part_then_the_same_call(
    number: int, predictor: Predictor, shots: ShotSource, whole: dict[str, np.ndarray], tmp_path: Path, monkeypatch
) -> None:
    write = Parts.write

    def killed(self: Parts, at: int, written: Any) -> None:
        if at == number:
            raise KeyboardInterrupt
        write(self, at, written)

    output = tmp_path / "out.h5"
    with monkeypatch.context() as patch:
        patch.setattr(Parts, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            go(predictor, shots, output, explain=Explainer)
    assert not output.exists()
    asked: list[tuple[int, int]] = []

    def watched(start: int, stop: int) -> Any:
        asked.append((start, stop))
        return shots.read(start, stop)

    found = go(predictor, replace(shots, read=watched), output, explain=Explainer)
    assert found.done_before == number * PART
    assert asked == [(k * PART, min(COUNT, (k + 1) * PART)) for k in range(number, 10)]
    assert_same(output, whole)
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["out.h5"]


@pytest.mark.parametrize("moment", ["os.replace", "h5py.File", "Parts.remove", "shutil.rmtree"])
def test_killed_while_joining_then_the_same_call(
    moment: str, predictor: Predictor, shots: ShotSource, whole: dict[str, np.ndarray], tmp_path: Path, monkeypatch
) -> None:
    output = tmp_path / "out.h5"
    go(predictor, shots, output, shard=(1, 1), explain=Explainer)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"airybench.inference.parts.{moment}", killed)
        with pytest.raises(KeyboardInterrupt):
            Parts(output).join(table=False)
    if moment == "shutil.rmtree":  # all was done but to clear up
        assert_same(output, whole)
        return
    found = go(predictor, shots, output, explain=Explainer)
    assert found.done_before == COUNT
    assert_same(output, whole)
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["out.h5"]


@pytest.mark.parametrize("shards", [1, 3, 10, 13])
def test_shards_join_to_the_whole(
    shards: int, predictor: Predictor, shots: ShotSource, whole: dict[str, np.ndarray], tmp_path: Path
) -> None:
    output = tmp_path / "out.h5"
    done = [go(predictor, shots, output, shard=(i, shards), explain=Explainer) for i in reversed(range(1, shards + 1))]
    assert sum(one.shots for one in done) == COUNT
    assert not any(one.joined for one in done)
    assert not output.exists()
    Parts(output).join(table=True)
    assert_same(output, whole)
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == ["out.csv", "out.h5"]


def test_a_missing_shard_is_named(predictor: Predictor, shots: ShotSource, tmp_path: Path) -> None:
    output = tmp_path / "out.h5"
    for shard in (1, 3):
        go(predictor, shots, output, shard=(shard, 3))
    with pytest.raises(DataError, match=r"3 of 10 parts are not there yet, the first of them shots 12 to 15; run the"):
        Parts(output).join(table=False)
    assert not output.exists()
    go(predictor, shots, output, shard=(2, 3))
    assert Parts(output).join(table=False).count == COUNT
    with pytest.raises(DataError, match="no parts of it are there; predict with --output"):
        Parts(tmp_path / "none.h5").join(table=False)


def flip_data(path: Path) -> None:
    """One bit of what is stored, not of what HDF5 needs to open it."""
    with h5py.File(path) as file:
        offset = file["probability"].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[offset + 5] ^= 1
    path.write_bytes(content)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "bit": flip_data,
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("not HDF5"),
    "other part": lambda path: shutil.copy(path.with_name("000009.h5"), path),
    "gone": Path.unlink,
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_part_is_done_again(
    case: str, predictor: Predictor, shots: ShotSource, whole: dict[str, np.ndarray], tmp_path: Path
) -> None:
    output = tmp_path / "out.h5"
    go(predictor, shots, output, shard=(1, 1), explain=Explainer)
    DAMAGE[case](tmp_path / "out.h5.parts" / "000004.h5")
    with pytest.raises(DataError, match="1 of 10 parts are not there yet, the first of them shots 16 to 19"):
        Parts(output).join(table=False)
    found = go(predictor, shots, output, explain=Explainer)
    assert found.done_before == COUNT - PART
    assert_same(output, whole)


def test_parts_of_other_predictions_are_refused(predictor: Predictor, shots: ShotSource, tmp_path: Path) -> None:
    output = tmp_path / "out.h5"
    go(predictor, shots, output, shard=(1, 3))
    with pytest.raises(DataError, match=r"holds parts of other predictions \(another model\); name another --output"):
        go(model(seed=4), shots, output)
    with pytest.raises(DataError, match=r"other predictions \(maps or none\)"):
        go(predictor, shots, output, explain=Explainer)
    other = open_shots(store(tmp_path / "other.h5", count=COUNT - 1))
    with pytest.raises(DataError, match=r"other predictions \(other shots or another way to read them, .*"):
        go(predictor, other, output)
    (tmp_path / "out.h5.parts" / "plan.json").write_text("{")
    with pytest.raises(DataError, match=r"plan\.json is damaged .*; remove .* and predict again"):
        go(predictor, shots, output)
    assert go(model(seed=4), shots, output, force=True).joined


def test_an_output_that_is_there_is_kept(predictor: Predictor, shots: ShotSource, tmp_path: Path) -> None:
    output = tmp_path / "out.h5"
    output.write_text("of another program")
    with pytest.raises(
        DataError, match="exists already; add --force to replace it, or name another file with --output"
    ):
        go(predictor, shots, output)
    (tmp_path / "out.h5.parts").mkdir()
    with pytest.raises(DataError, match="exists already"):
        go(predictor, shots, output)
    assert output.read_text() == "of another program"
    go(predictor, shots, output, force=True)
    go(model(seed=4), shots, tmp_path / "shard.h5", shard=(1, 2))
    shutil.copy(output, tmp_path / "shard.h5")  # whole, but of another model than the parts beside it
    with pytest.raises(DataError, match="exists already"):
        go(model(seed=4), shots, tmp_path / "shard.h5")


def test_a_full_disk_is_one_line_and_resumable(
    predictor: Predictor,
    shots: ShotSource,
    whole: dict[str, np.ndarray],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output, left = tmp_path / "out.h5", [3]
    fsync = os.fsync

    def full(number: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(number)

    with monkeypatch.context() as patch:
        patch.setattr("airybench.inference.parts.os.fsync", full)
        with pytest.raises(DataError, match=r"cannot write this prediction \(No space left on device\)") as caught:
            go(predictor, shots, output, explain=Explainer)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in (tmp_path / "out.h5.parts").iterdir()) == [
        "000000.h5", "000001.h5", "000002.h5", "plan.json"
    ]  # fmt: skip
    assert go(predictor, shots, output, explain=Explainer).done_before == 3 * PART
    assert_same(output, whole)


def test_too_little_room_is_refused_at_once(
    predictor: Predictor, shots: ShotSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("airybench.paths.shutil.disk_usage", lambda _: usage._replace(free=100))
    with pytest.raises(DataError, match=r"GB free, up to .* GB needed"):
        go(predictor, shots, tmp_path / "out.h5")
    assert not [path for path in tmp_path.iterdir() if not path.name.startswith(".")]


def test_other_classes_or_sizes_are_refused(predictor: Predictor, tmp_path: Path) -> None:
    small = open_shots(store(tmp_path / "small.h5", side=36, count=4))
    with pytest.raises(DataError, match=r"images of 36 x 36 px, the model was trained on 40 x 40 px; .*--bin"):
        go(predictor, small, tmp_path / "out.h5")
    other = open_shots(store(tmp_path / "other.h5", names=("A", "B"), count=4))
    with pytest.raises(DataError, match=r"labelled with A, B, the model knows Round, .*--ignore-labels"):
        go(predictor, other, tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()
    assert go(predictor, other, tmp_path / "out.h5", ignore_labels=True).shots == 4
    same = open_shots(store(tmp_path / "same.h5", names=NAMES, count=4))
    assert go(predictor, same, tmp_path / "same-out.h5").shots == 4


@pytest.mark.parametrize("shard", [(0, 3), (4, 3), (-1, 1)])
def test_shards_that_cannot_be(shard: tuple[int, int], predictor: Predictor, shots: ShotSource, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected I/N with I from 1 to N"):
        go(predictor, shots, tmp_path / "out.h5", shard=shard)


def test_nothing_answered_has_no_maps(shots: ShotSource, tmp_path: Path) -> None:
    silent = model()
    with torch.no_grad():
        silent.network.fc.weight.zero_()
        silent.network.fc.bias.fill_(-9)
    go(silent, shots, tmp_path / "out.h5", explain=Explainer)
    found = columns(tmp_path / "out.h5")
    assert found["prediction"].sum() == 0
    assert (found["map"].shape, found["map_shot"].shape) == ((0, 32, 32), (0,))


def test_answers_do_not_depend_on_the_readers(
    predictor: Predictor, shots: ShotSource, whole: dict[str, np.ndarray], tmp_path: Path
) -> None:
    found = go(predictor, shots, tmp_path / "out.h5", readers=2, explain=Explainer)
    assert found.shots == COUNT
    assert_same(tmp_path / "out.h5", whole)


@pytest.mark.parametrize("block", [3, 5, 100])
def test_blocks_of_a_stack_are_answered_in_order(
    block: int, predictor: Predictor, whole: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airybench.inference.predict.BATCH", {"cpu": 3})
    with h5py.File(tmp_path / "stack.h5", "w") as file:
        file["images"] = images()
    stack = open_shots(tmp_path / "stack.h5", keys=StackKeys(images="images"))
    read = replace(stack.read, files=(replace(stack.read.files[0], block=block),))
    go(predictor, replace(stack, read=read, block=block), tmp_path / "out.h5")
    found = columns(tmp_path / "out.h5")
    np.testing.assert_array_equal(found["id"], np.arange(COUNT))
    np.testing.assert_allclose(found["probability"], whole["probability"], atol=1e-5)


@pytest.mark.slow
def test_a_killed_reader_is_one_line_and_resumable(
    predictor: Predictor, shots: ShotSource, whole: dict[str, np.ndarray], tmp_path: Path
) -> None:
    output = tmp_path / "out.h5"
    with pytest.raises(ReaderError, match=r"a process that reads ahead was killed, .*--readers") as caught:
        go(predictor, replace(shots, read=Dying(shots.read, 20)), output, readers=1, explain=Explainer)
    assert "\n" not in str(caught.value)
    assert 0 < go(predictor, shots, output, explain=Explainer).done_before <= 20
    assert_same(output, whole)


def test_a_damaged_source_is_the_same_line_from_a_reader(predictor: Predictor, tmp_path: Path) -> None:
    path = store(tmp_path / "run.h5")
    shots = open_shots(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    said = []
    for readers in (0, 1):
        with pytest.raises(
            DataError, match=r"run\.h5: truncated HDF5 file .*; copy, make or import it again$"
        ) as caught:
            go(predictor, shots, tmp_path / "out.h5", readers=readers)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert "\n" not in said[0]


def test_a_compiled_network_sees_batches_of_one_shape(
    predictor: Predictor,
    shots: ShotSource,
    whole: dict[str, np.ndarray],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = set()

    def compiled(network: torch.nn.Module, **_: Any) -> Callable[[torch.Tensor], torch.Tensor]:
        def run(inputs: torch.Tensor) -> torch.Tensor:
            seen.add((inputs.shape, inputs.stride()))
            return network(inputs)

        return run

    monkeypatch.setattr(torch, "compile", compiled)
    monkeypatch.setattr("airybench.inference.predict.BATCH", {"cpu": 3})  # parts of four: the second batch has one shot
    go(predictor, shots, tmp_path / "out.h5", compiled=True)
    assert seen == {((3, 1, 32, 32), (1024, 1024, 32, 1))}
    np.testing.assert_allclose(columns(tmp_path / "out.h5")["probability"], whole["probability"], atol=1e-5)


@pytest.mark.slow
def test_sigkill_at_random_moments_then_the_same_command(tmp_path: Path) -> None:
    save_weights_folder = tmp_path / "weights"
    save_weights_folder.mkdir()
    save_weights(save_weights_folder, model())
    store(tmp_path / "run.h5", count=2000)
    code = (
        "import sys, airybench.inference.predict as p; p.PART = 16; from airybench.cli.main import run; "
        "raise SystemExit(run(sys.argv[1:]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}

    def start(output: str, readers: int = 2) -> subprocess.Popen[bytes]:
        command = ["predict", "weights", "run.h5", "--output", output, "--explain", "--csv", "--device", "cpu"]
        return subprocess.Popen(
            [sys.executable, "-c", code, *command, "--readers", str(readers)],
            cwd=tmp_path,
            env=environment,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def left(session: int) -> bool:
        return any(os.getsid(process.pid) == session for process in psutil.process_iter())

    assert start("whole.h5", readers=0).wait(timeout=300) == 0
    rng, kills = np.random.default_rng(1612), 0
    folder = tmp_path / "out.h5.parts"
    for _ in range(10):
        process, before = start("out.h5"), len(list(folder.glob("*.h5")))
        while process.poll() is None and len(list(folder.glob("*.h5"))) <= before:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.5))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
        deadline = time.monotonic() + 60
        while left(process.pid):  # readers go with the process they read for
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert kills >= 5
    if not (tmp_path / "out.h5").exists():
        assert start("out.h5").wait(timeout=300) == 0
    assert_same(tmp_path / "out.h5", columns(tmp_path / "whole.h5"))
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert len(columns(tmp_path / "out.h5")["id"]) == 2000
