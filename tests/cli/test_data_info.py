"""`data info` of any file: what it is, what an import would take and what it would ask for, without an import."""

import json
import shlex
from pathlib import Path

import h5py
import pytest
from euxfel_files import euxfel_cxi
from field_files import cheetah_cxi, eiger_master, fermi_runs, sacla_run, swissfel_run
from files import store_file
from typer.testing import CliRunner

from airybench.cli.data import app
from airybench.cli.main import run
from airybench.data.store.store import Store


def told(*words: object) -> dict[str, object]:
    result = CliRunner().invoke(app, ["info", *map(str, words), "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)  # type: ignore[no-any-return]


def typed(command: object, folder: Path) -> Store:
    """Run the command that was shown, with 9000 eV where it asks for an energy."""
    words = [{"EV": "9000"}.get(word, word) for word in shlex.split(str(command))]
    assert words[:3] == ["airybench", "data", "import"]
    output = folder / "made.h5"
    result = CliRunner().invoke(app, [*words[2:], "--output", str(output), "--force"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return Store.open(output)


@pytest.mark.parametrize(
    ("write", "kind", "asks"),
    [
        (euxfel_cxi, "euxfel-cxi", "--stack-modules --photon-energy EV"),
        (cheetah_cxi, "cxi", ""),
        (eiger_master, "eiger", ""),
        (fermi_runs, "fermi", ""),
        (sacla_run, "sacla", ""),
        (swissfel_run, "swissfel", "--photon-energy EV"),
    ],
)
def test_the_command_that_is_shown_imports(tmp_path: Path, folder: Path, write, kind: str, asks: str) -> None:
    truth = write(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    facts = told(*truth.paths)
    assert sorted(tmp_path.rglob("*")) == before
    assert facts["kind"] == kind
    assert str(facts["command"]).endswith(f"{truth.paths[-1]} {asks}".strip())
    assert bool(facts["missing"]) == bool(asks)
    assert tuple(map(str, typed(facts["command"], folder).ids().tolist())) == truth.ids
    assert facts.get("shots", len(truth.ids)) == len(truth.ids)


def test_text_for_people(tmp_path: Path) -> None:
    truth = swissfel_run(tmp_path)
    result = CliRunner().invoke(app, ["info", str(truth.path)], catch_exceptions=False)
    lines = result.stdout.splitlines()
    assert lines[0] == f"{truth.path}: SwissFEL detector file"
    assert lines[1].split() == ["shots", "10", "of", "9", "x", "11", "px"]
    assert "  left out  2 shots with /data/JF06T08V04/is_good_frame = 0 (9876543226, 9876543246)" in lines
    assert lines[-1] == f"import: airybench data import {truth.path} --photon-energy EV"


def test_options_are_part_of_the_command(tmp_path: Path) -> None:
    truth = swissfel_run(tmp_path)
    facts = told(truth.path, "--bin", "2", "--drop-blank", "--photon-energy", "9000")
    assert facts["command"] == f"airybench data import {truth.path} --photon-energy 9000.0 --bin 2 --drop-blank"
    assert facts["missing"] == []
    assert facts["image_shape"] == [5, 6]


def test_a_store_is_described_as_ever(tmp_path: Path) -> None:
    store = store_file(tmp_path / "s.h5")
    assert told(store.path)["content_sha256"] == store.content_sha256


def test_stores_of_the_data_folder_are_listed(folder, write_store, capsys) -> None:
    assert run(["data", "list"]) == 0
    assert "no stores in" in capsys.readouterr().err
    folder.mkdir(exist_ok=True)
    write_store(folder / "mine.h5")
    (folder / "broken.h5").write_bytes(b"no HDF5 at all")
    assert run(["data", "list", "--json"]) == 0
    broken, mine = json.loads(capsys.readouterr().out)
    assert "HDF5" in broken["problem"]
    with h5py.File(folder / "mine.h5") as file:
        assert (mine["shots"], mine["classes"]) == (len(file["images"]), len(file.attrs["class_names"]))
        assert mine["image_shape"] == list(file["images"].shape[1:])
    assert mine["size_bytes"] == (folder / "mine.h5").stat().st_size
    assert run(["data", "list"]) == 0
    printed = capsys.readouterr().out
    assert "mine.h5" in printed
    assert str(folder) in printed
