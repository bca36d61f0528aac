"""A disk that is full, at every kind of write: one line, no half of a file, and the same command once there is room."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from airybench.cli.main import run

MEGABYTE = 1 << 20
SIZE = 256 * MEGABYTE


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small file system."""
    folder = tmp_path_factory.mktemp("disk")
    words = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small file system takes root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def place(disk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty small file system, in which the test is."""
    monkeypatch.chdir(disk)
    yield disk
    for path in disk.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture(scope="module")
def parts(finished, data_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the commands read: a store, a stack of images, a model, a tracking store."""
    folder = tmp_path_factory.mktemp("parts")
    (store,) = data_home.glob("helium*.h5")
    with h5py.File(folder / "stack.h5", "w") as file:
        file["images"] = np.random.default_rng(1).poisson(2, (200, 259, 259)).astype(np.uint16)
    model = ["export", "winner:both@helium", "--format", "weights", "--output", str(folder / "model")]
    assert run([*model, "--tracking-uri", finished.uri]) == 0
    return {
        "STORE": str(store), "STACK": str(folder / "stack.h5"), "MODEL": str(folder / "model"), "URI": finished.uri,
    }  # fmt: skip


COMMANDS = {
    "simulate": "data simulate helium --count 24 --output out.h5",
    "import": "data import STACK --images /images --photon-energy 1200 --output out.h5",
    "deposit": "data export STORE --output out.cxi",
    "predict": "predict MODEL STACK --images /images --photon-energy 1200 --output out.h5",
    "weights": "export MODEL --format weights --output out",
    "onnx": "export MODEL --format onnx --output out.onnx",
    "pt2": "export MODEL --format pt2 --output out.pt2",
    "report": "report --study both@helium --output out.html",
    "push": "runs push --to sqlite:///out.db --study both@helium --tracking-uri URI",
}


def filled(place: Path, free: int) -> Path:
    """A file that leaves so many bytes of the small file system."""
    taken = place / "taken"
    with taken.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, SIZE - free - 64 * 1024)
    return taken


CASES = [(name, free) for name in COMMANDS for free in (0, 50_000, 500_000, 10 * MEGABYTE)
         if name != "push" or free == 10 * MEGABYTE]  # once, as MLflow keeps a database open  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("name", "free"), CASES)
def test_it_is_told_in_a_line_and_done_when_there_is_room(
    name: str, free: int, place: Path, parts: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [parts.get(word, word) for word in COMMANDS[name].split()]
    taken = filled(place, free)
    before = set(place.rglob("*"))
    capsys.readouterr()
    code = run(words)
    said = capsys.readouterr().err
    left = set(place.rglob("*")) - before
    assert "Traceback" not in said
    if code != 0:
        assert code in (1, 2), said
        assert "unexpected" not in said, said
        assert "o space" in said or "free" in said, said
        visible = {one.name for one in left if not one.name.startswith(".")}
        assert not {"out.h5", "out.cxi", "out", "out.onnx", "out.pt2", "out.html"} & visible, visible
    taken.unlink()
    if code != 0:
        assert run(words) == 0, capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("free", [0, 500_000, 10 * MEGABYTE])
def test_a_sweep_without_room_for_temporary_files_is_resumed(
    free: int,
    place: Path,
    tiny: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Torch's own writer of models ends the process where the disk is full."""
    monkeypatch.chdir(tmp_path)
    taken = filled(place, free)
    study = f"temporary{free}"
    words = f"sweep --dataset helium --config {tiny} --study {study} --no-log-activation".split()
    with monkeypatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(place))
        code = run(words)
    said = capsys.readouterr().err
    assert code in (1, 2, 3), said
    assert "unexpected" not in said
    taken.unlink()
    assert run(words) == 0, capsys.readouterr().err
