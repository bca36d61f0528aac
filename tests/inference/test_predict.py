"""Prediction: every shot once and in order, whatever is killed, shared out or refused on the way."""

import os
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
from reporters import CollectingReporter
from small_predictions import COUNT, CPU, NAMES, PART, SIDE, assert_same, columns, go, images, model, store

from airybench.data.formats.dispatch import open_shots
from airybench.data.reading.options import LabelOptions, SourceOptions, StackKeys
from airybench.data.reading.shot_source import ShotSource
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.errors import ConfigError, DataError, ReaderError
from airybench.inference.gradcam import Explainer
from airybench.inference.parts import Parts
from airybench.inference.predict import predict
from airybench.inference.predictor import Predictor
from airybench.inference.weights import save_weights

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.usefixtures("short_parts")


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


def test_joining_is_reported_like_the_answers(predictor: Predictor, shots: ShotSource, tmp_path: Path) -> None:
    reporter = CollectingReporter()
    predict(predictor, shots, tmp_path / "out.h5", device=CPU, reporter=reporter)
    assert reporter.titles == [f"predicting {shots.path.name}", "joining out.h5"]
    assert reporter.steps[-1] == (-(-COUNT // PART), -(-COUNT // PART))


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
            go(predictor, shots, output, explain=True)
    assert not output.exists()
    asked: list[tuple[int, int]] = []

    def watched(start: int, stop: int) -> Any:
        asked.append((start, stop))
        return shots.read(start, stop)

    found = go(predictor, replace(shots, read=watched), output, explain=True)
    assert found.done_before == number * PART
    assert asked == [(k * PART, min(COUNT, (k + 1) * PART)) for k in range(number, 10)]
    assert_same(output, whole)
    assert [path.name for path in tmp_path.iterdir()] == ["out.h5"]


def test_other_classes_or_sizes_are_refused(predictor: Predictor, tmp_path: Path) -> None:
    small = open_shots(store(tmp_path / "small.h5", side=36, count=4))
    with pytest.raises(DataError, match=r"images of 36 x 36 px, the model was trained on 40 x 40 px; .*--bin"):
        go(predictor, small, tmp_path / "out.h5")
    other = open_shots(store(tmp_path / "other.h5", names=("A", "B"), count=4))
    with pytest.raises(DataError, match=r"labelled with A, B, the model knows Round, .*--ignore-labels"):
        go(predictor, other, tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()
    unlabelled = open_shots(other.path, SourceOptions(labels=LabelOptions(ignore=True)))
    assert go(predictor, unlabelled, tmp_path / "out.h5").shots == 4
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
    go(silent, shots, tmp_path / "out.h5", explain=True)
    found = columns(tmp_path / "out.h5")
    assert found["prediction"].sum() == 0
    assert (found["map"].shape, found["map_shot"].shape) == ((0, 32, 32), (0,))


def test_answers_do_not_depend_on_the_readers(
    predictor: Predictor, shots: ShotSource, whole: dict[str, np.ndarray], tmp_path: Path
) -> None:
    found = go(predictor, shots, tmp_path / "out.h5", readers=2, explain=True)
    assert found.shots == COUNT
    assert_same(tmp_path / "out.h5", whole)


@pytest.mark.parametrize("block", [3, 5, 100])
def test_blocks_of_a_stack_are_answered_in_order(
    block: int, predictor: Predictor, whole: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airybench.inference.predict.BATCH", {"cpu": 3})
    with h5py.File(tmp_path / "stack.h5", "w") as file:
        file["images"] = images()
    stack = open_shots(tmp_path / "stack.h5", SourceOptions(keys=StackKeys(images="images")))
    file = stack.read.reader.files[0]
    read = replace(stack.read.reader, files=(replace(file, parts=(replace(file.parts[0], block=block),)),))
    go(predictor, replace(stack, read=read, block=block), tmp_path / "out.h5")
    found = columns(tmp_path / "out.h5")
    np.testing.assert_array_equal(found["id"], np.arange(COUNT))
    np.testing.assert_allclose(found["probability"], whole["probability"], atol=1e-5)


@pytest.mark.slow
def test_a_killed_reader_is_one_line_and_resumable(
    predictor: Predictor, shots: ShotSource, whole: dict[str, np.ndarray], tmp_path: Path
) -> None:
    output = tmp_path / "out.h5"
    with pytest.raises(ReaderError, match=r"a reader process was killed, .*--readers") as caught:
        go(predictor, replace(shots, read=Dying(shots.read, 20)), output, readers=1, explain=True)
    assert "\n" not in str(caught.value)
    assert 0 < go(predictor, shots, output, explain=True).done_before <= 20
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


def test_text_ids_and_events_are_carried_into_file_and_table(predictor: Predictor, tmp_path: Path) -> None:
    names = [f"run1:{'x' * row}" for row in range(COUNT)]
    header = StoreHeader("run", (), "multilabel", source="simulated", counts_rule="drawn")
    with StoreWriter(tmp_path / "run.h5", header, image_shape=(SIDE, SIDE)) as writer:
        events = {"pulse": np.arange(COUNT, dtype=np.uint64), "fiducial": np.array(names)}
        writer.append(images(), ids=names, photon_energy=np.ones(COUNT), events=events)
    go(predictor, open_shots(tmp_path / "run.h5"), tmp_path / "out.h5", table=True)
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["id"].asstr()[:].tolist() == names
        assert file["events/fiducial"].asstr()[:].tolist() == names
        assert file["events/pulse"].dtype == np.uint64
        assert file["events/pulse"][:].tolist() == list(range(COUNT))
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("id,fiducial,pulse,p Round")
    assert [line.split(",")[:3] for line in lines[1:]] == [[name, name, str(row)] for row, name in enumerate(names)]
