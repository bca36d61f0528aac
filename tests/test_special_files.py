"""A pipe in place of a file is refused: a reader would wait for a writer that may never come."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from airybench.cli.main import run
from airybench.errors import DataError
from airybench.inference.parts import Parts
from airybench.parsing import read_json, read_mapping, read_yaml
from airybench.sweep.journal import open_journal

SECONDS = 20


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Fail rather than wait for ever."""
    waited = []

    def late(*_: object) -> None:
        waited.append(True)
        raise TimeoutError("the pipe was opened")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    assert not waited, "a pipe was waited for"


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A pipe whose name fits a configuration as well."""
    path = tmp_path / "pipe.yaml"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    "words",
    [
        "data import {pipe}",
        "data info {pipe}",
        "data check {pipe}",
        "data import {data} --labels-csv {pipe}",
        "data import {data} --select {pipe}",
        "data import {data} --geometry {pipe}",
        "data import {data} --mask {pipe}:/m --mask-convention cxi",
        "data import {data} --mask {pipe} --mask-convention cxi",
        "data import {folder}",
        "train --dataset {pipe}",
        "sweep --config {pipe}",
    ],
)
def test_commands(words: str, pipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["images"], file["id"] = np.arange(6 * 99).reshape(6, 9, 11).astype("u2"), np.arange(6)
    (tmp_path / "folder").mkdir()
    for name in ("a.h5", "b.png", "c.npy", "d.npz"):
        os.mkfifo(tmp_path / "folder" / name)
    places = {"pipe": pipe, "data": tmp_path / "data.h5", "folder": tmp_path / "folder"}
    command = [word.format(**places) for word in words.split()]
    energy = ["--photon-energy", "9000"] if command[1] == "import" else []
    assert run([*command, *energy]) == 2
    assert len(capsys.readouterr().err.splitlines()[-1]) > 20


@pytest.mark.parametrize("read", [read_json, read_mapping, read_yaml, open_journal])
def test_readers(read: Callable[[Path], object], pipe: Path) -> None:
    with pytest.raises(DataError, match="is a device, a pipe or a socket"):
        read(pipe)


def test_the_plan_of_a_prediction(tmp_path: Path) -> None:
    parts = Parts(tmp_path / "out.h5")
    parts.folder.mkdir()
    os.mkfifo(parts.folder / "plan.json")
    with pytest.raises(DataError, match="is a device, a pipe or a socket"):
        parts.plan()
