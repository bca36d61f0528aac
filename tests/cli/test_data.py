"""`airybench data`: results on stdout, everything else on stderr."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from airybench.cli.data import app
from airybench.data.store.store import Store
from airybench.errors import ConfigError, DataError

Make = Callable[..., Any]
ROUND = (1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def run(*arguments: object) -> Any:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_simulate(folder: Path, tmp_path: Path, quick_simulator: SimpleNamespace) -> None:
    result = run("simulate", "helium", "--count", 40, "--seed", 7)
    assert result.stdout == f"{folder / 'helium-simulated-n40-s7-v2.h5'}\n"
    assert "simulating 40 helium shots" in result.stderr
    assert "simulating helium: 40/40" in result.stderr
    result = run("simulate", "helium", "--count", 41, "--seed", 7, "--output", tmp_path / "mine.h5", "--json")
    assert json.loads(result.stdout)["shots"] == 41
    with pytest.raises(DataError, match="--force"):
        run("simulate", "helium", "--output", tmp_path / "mine.h5")
    with pytest.raises(ConfigError, match="unknown data set"):
        run("simulate", "argon")
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="unknown device"):
            run("simulate", "helium", "--device", "cuda")


def test_import(folder: Path, tmp_path: Path, write_deposit: Make) -> None:
    images = [np.full((6, 6), value, np.uint16) for value in (1, 2)]
    source = write_deposit(tmp_path / "d.cxi", images, [ROUND, ROUND])
    result = run("import", source)
    assert result.stdout == f"{folder / 'helium.h5'}\n"
    with pytest.raises(DataError, match="exists already"):
        run("import", source)
    run("import", source, "--force")
    run("import", source, "--output", tmp_path / "mine.h5", "--class-names", "a,b, c,d,e,f,g,h,i,j,k")
    assert Store.open(tmp_path / "mine.h5").class_names == tuple("abcdefghijk")


def test_info(tmp_path: Path, write_store: Make) -> None:
    store = write_store(tmp_path / "a.h5", class_names=("[red]A", "B"))
    facts = json.loads(run("info", store.path, "--json").stdout)
    assert facts["classes"] == {"[red]A": 5, "B": 10}
    assert facts["photon_energy_ev"] == [20, 29]
    assert facts["image_shape"] == [24, 24]
    assert facts["content_sha256"] == store.content_sha256
    text = run("info", store.path).stdout
    for part in ("24 x 24 px, uint16", "simulated", "20 - 29 eV", store.content_sha256, "[red]A", "50.0%"):
        assert part in text


def test_check(tmp_path: Path, write_store: Make) -> None:
    store = write_store(tmp_path / "a.h5")
    result = run("check", store.path)
    assert "sound, 10 images" in result.stdout
    assert "checking a.h5: 10/10" in result.stderr
    assert json.loads(run("check", store.path, "--json").stdout)["blank"] == 0
    with h5py.File(store.path, "a") as file:
        file["images"][4, 0, 0] ^= 1
    with pytest.raises(DataError, match="changed or damaged"):
        run("check", store.path)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom airybench.cli.data import app\nfrom typer.testing import CliRunner\n"
        "for name in ('simulate', 'import', 'info', 'check'):\n"
        "    help = CliRunner().invoke(app, [name, '--help']).stdout\n"
        "    assert '--debug' in help and '--json' in help, name\n"
        "print([name for name in ('torch', 'h5py', 'numpy', 'scipy', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_check_counts_repeated_images(tmp_path: Path) -> None:
    images = np.random.default_rng(3).integers(0, 50, (10, 8, 8)).astype(np.uint16)
    images[7] = images[2]
    with h5py.File(tmp_path / "raw.h5", "w") as file:
        file["raw"] = images
    run("import", tmp_path / "raw.h5", "--images", "raw", "--photon-energy", 25, "--output", tmp_path / "s.h5")
    found = json.loads(run("check", tmp_path / "s.h5", "--json").stdout)
    assert found["repeats"] == {"images": 1, "shots": 2, "contradicting": 0}
    assert "hashes" not in found


def test_what_names_its_output_needs_no_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_deposit: Make, quick_simulator: SimpleNamespace
) -> None:
    """As where the home folder is read-only, as on the nodes of many clusters."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path / "file" / "data"))
    run("simulate", "helium", "--count", 8, "--output", tmp_path / "new.h5")
    deposit = write_deposit(tmp_path / "some.cxi", [np.full((6, 6), value, np.uint16) for value in (1, 2)], [ROUND] * 2)
    run("import", deposit, "--output", tmp_path / "imported.h5")
    run("export", tmp_path / "imported.h5", "--output", tmp_path / "again.cxi")
    assert "new.h5" in run("info", tmp_path / "new.h5").stdout
    run("check", tmp_path / "new.h5")
    with pytest.raises(DataError, match=r"cannot make this folder.*set AIRYBENCH_DATA to a folder that you may write"):
        run("simulate", "helium", "--count", 8)
