"""Part files: damaged ones are made again, those of another prediction are refused, a full disk is one line."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest
from small_predictions import COUNT, PART, assert_same, go, model, store

from airybench.data.formats.dispatch import open_shots
from airybench.data.reading.shot_source import ShotSource
from airybench.errors import DataError
from airybench.inference.join import join
from airybench.inference.parts import DIGEST, Parts
from airybench.inference.predictor import Predictor

pytestmark = pytest.mark.usefixtures("short_parts")


def flip_data(path: Path) -> None:
    """One bit of what is stored, not of what HDF5 needs to open it."""
    with h5py.File(path) as file:
        offset = file["probability"].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[offset + 5] ^= 1
    path.write_bytes(content)


def put_group(path: Path, key: str) -> None:
    """A group where a data set is due."""
    with h5py.File(path, "a") as file:
        if key in file:
            del file[key]
        file.create_group(key)["a"] = 1


def change(path: Path, key: str) -> None:
    """Another value, written as HDF5 means it, checksum included."""
    with h5py.File(path, "r+") as file:
        file[key][0] = file[key][0] * 0 + 1


def forget_digest(path: Path) -> None:
    """A part of a version that wrote none."""
    with h5py.File(path, "r+") as file:
        del file.attrs[DIGEST]


DAMAGE: dict[str, Callable[[Path], object]] = {
    "bit": flip_data,
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("not HDF5"),
    "other part": lambda path: shutil.copy(path.with_name("000009.h5"), path),
    "gone": Path.unlink,
    "other values": lambda path: change(path, "probability"),
    "other ids": lambda path: change(path, "id"),
    "no digest": lambda path: forget_digest(path),
    "group": lambda path: put_group(path, "prediction"),
    "further group": lambda path: put_group(path, "more"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_part_is_done_again(
    case: str, predictor: Predictor, shots: ShotSource, whole: dict[str, np.ndarray], tmp_path: Path
) -> None:
    output = tmp_path / "out.h5"
    go(predictor, shots, output, shard=(1, 1), explain=True)
    DAMAGE[case](tmp_path / "out.h5.parts" / "000004.h5")
    with pytest.raises(DataError, match="1 of 10 parts are missing or were changed, the first of them shots 16 to 19"):
        join(Parts(output))
    found = go(predictor, shots, output, explain=True)
    assert found.done_before == COUNT - PART
    assert_same(output, whole)


def test_parts_of_other_predictions_are_refused(predictor: Predictor, shots: ShotSource, tmp_path: Path) -> None:
    output = tmp_path / "out.h5"
    go(predictor, shots, output, shard=(1, 3))
    with pytest.raises(DataError, match=r"holds parts of other predictions \(another model\); name another --output"):
        go(model(seed=4), shots, output)
    with pytest.raises(DataError, match=r"other predictions \(maps or none\)"):
        go(predictor, shots, output, explain=True)
    other = open_shots(store(tmp_path / "other.h5", count=COUNT - 1))
    with pytest.raises(DataError, match=r"other predictions \(other shots or another way to read them, .*"):
        go(predictor, other, output)
    plan = tmp_path / "out.h5.parts" / "plan.json"
    sound = json.loads(plan.read_text())
    changes = [{"part": 0}, {"count": -1}, {"count": 1e300}, {"count": 10**18}, {"map_side": None}, {"class_names": 3}]
    odd = [json.dumps(sound | change) for change in [*changes, {"class_names": [1]}, {"model": 3}, {"more": 1}]]
    for text in ("{", "[]", "[" * 100_000, *odd):
        plan.write_text(text)
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
            go(predictor, shots, output, explain=True)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in (tmp_path / "out.h5.parts").iterdir()) == [
        "000000.h5", "000001.h5", "000002.h5", "plan.json"
    ]  # fmt: skip
    assert go(predictor, shots, output, explain=True).done_before == 3 * PART
    assert_same(output, whole)


def test_too_little_room_is_refused_at_once(
    predictor: Predictor, shots: ShotSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("airybench.paths.shutil.disk_usage", lambda _: usage._replace(free=100))
    with pytest.raises(DataError, match=r"GB free, up to .* GB needed"):
        go(predictor, shots, tmp_path / "out.h5")
    assert not list(tmp_path.iterdir())


@contextmanager
def at_work(output: Path, shard: tuple[int, int] | None) -> Iterator[None]:
    """Another process that predicts into an output, until the end of the block."""
    code = (
        "import sys; from pathlib import Path; from airybench.inference.parts import Parts\n"
        f"with Parts(Path({str(output)!r})).reserved({shard!r}): print(flush=True), sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"\n"
        yield
        process.stdin.close()
        assert process.wait(30) == 0


def test_a_second_process_is_refused_before_it_works(
    predictor: Predictor, shots: ShotSource, whole: dict[str, np.ndarray], tmp_path: Path, monkeypatch
) -> None:
    output = tmp_path / "out.h5"
    go(predictor, shots, output, shard=(2, 2), explain=True)  # parts that --force must not take from the other
    kept = sorted(path.name for path in (tmp_path / "out.h5.parts").iterdir())
    busy = r"out\.h5: another process predicts into this file; wait for it, or name another with --output"
    with monkeypatch.context() as patch:
        patch.setattr("airybench.inference.predict._answer_parts", lambda *_: pytest.fail("it works"))
        with at_work(output, None):
            for options in ({}, {"shard": (1, 2)}, {"force": True}):
                with pytest.raises(DataError, match=busy):
                    go(model(seed=4), shots, output, **options)
        with at_work(output, (1, 2)):
            for options in ({}, {"shard": (1, 2)}):
                with pytest.raises(DataError, match=busy):
                    go(predictor, shots, output, **options)
    assert sorted(path.name for path in (tmp_path / "out.h5.parts").iterdir()) == kept
    with at_work(output, (1, 2)):
        assert go(predictor, shots, output, shard=(2, 2), explain=True).done_before == COUNT - 5 * PART
    (tmp_path / ".out.h5.shard-1-2.lock").touch()  # as a kill leaves it
    assert go(predictor, shots, output, explain=True).joined
    assert_same(output, whole)
    assert [path.name for path in tmp_path.iterdir()] == ["out.h5"]


def test_the_joined_file_is_on_the_disk_before_the_parts_go(
    predictor: Predictor, shots: ShotSource, tmp_path: Path, monkeypatch
) -> None:
    output, plain, events = tmp_path / "out.h5", os.fsync, []
    go(predictor, shots, output, shard=(1, 1))

    def noted(descriptor: int) -> None:
        events.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        plain(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(Parts, "remove", lambda self: events.append("removed"))
    join(Parts(output), table=True)
    assert events == [".out.csv.joining", ".out.h5.joining", tmp_path.name, "removed"]
