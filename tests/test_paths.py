"""Names of files to write: what is there already, and what can never be a file."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from airybench.data.formats.deposit_export import export_store
from airybench.data.formats.dispatch import import_data
from airybench.data.reading.options import SourceOptions, StackKeys
from airybench.errors import DataError
from airybench.paths import locked, refuse_special, require_new


@pytest.mark.parametrize("force", [False, True])
def test_a_device_or_a_folder_is_no_output(tmp_path: Path, force: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(DataError, match="pipe is a device, a pipe or a socket; name a file"):
        require_new(pipe, force=force)
    with pytest.raises(DataError, match="is a folder, a file is expected" if force else "exists already"):
        require_new(tmp_path, force=force)
    require_new(tmp_path / "new", force=force)
    with pytest.raises(DataError, match="/dev/stdout is a device"):
        refuse_special(Path("/dev/stdout"))


def test_an_import_and_an_export_leave_a_device_alone(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    np.save(tmp_path / "s.npy", np.random.default_rng(1).poisson(5, (4, 9, 11)).astype("u2"))
    options = SourceOptions(keys=StackKeys(photon_energy=20.0))
    store = import_data([tmp_path / "s.npy"], tmp_path / "s.h5", options)
    with pytest.raises(DataError, match="name a file"):
        export_store(store, pipe, force=True)
    with pytest.raises(DataError, match="name a file"):
        import_data([tmp_path / "s.npy"], pipe, options, force=True)
    assert pipe.is_fifo()
    assert not list(tmp_path.glob(".pipe*"))


def test_a_lock_that_cannot_be_made_is_refused_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = os.open

    def refused(name: str, *how: int) -> int:
        if str(name).endswith(".lock"):
            raise FileNotFoundError(2, "No such file or directory")  # as below /proc
        return made(name, *how)

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(DataError, match="cannot lock this file for writing"), locked(tmp_path / "x.h5"):
        pass


def test_a_lock_leaves_no_file_and_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    """Several processes add to a number in a file, which loses none; the lock's file comes and goes."""
    count = tmp_path / "count"
    count.write_text("0", encoding="utf-8")
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom airybench.paths import locked\n"
        "path = Path(sys.argv[1])\n"
        "for _ in range(25):\n"
        "    with locked(path), locked(path):\n"
        "        number = int(path.read_text())\n        time.sleep(0.001)\n        path.write_text(str(number + 1))\n"
    )
    started = [subprocess.Popen([sys.executable, "-c", program, str(count)]) for _ in range(3)]
    assert [one.wait(timeout=120) for one in started] == [0, 0, 0]
    assert count.read_text(encoding="utf-8") == "75"
    with locked(count):
        assert (tmp_path / ".count.lock").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["count"]
