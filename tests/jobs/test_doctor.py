"""The doctor finds what is wrong, says what to do, and says so by its exit code."""

import importlib.metadata
import json
import shutil
from collections import namedtuple

import pytest
import torch

from airybench.cli.main import run
from airybench.jobs import doctor

SUBJECTS = {"python", "packages", "imports", "device", "threads", "data folder", "tracking", "disk"}
Disk = namedtuple("Disk", "total used free")


@pytest.fixture
def healthy(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(1e12, 0, 1e12))


def findings(subject: str, uri: str | None = None) -> list[doctor.Finding]:
    return [one for one in doctor.examine(uri) if one.subject == subject]


def test_a_usable_machine_is_told_so_and_left_as_it_was(healthy, tmp_path, capsys) -> None:
    assert run(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["usable"] is True
    assert {one["subject"] for one in found["findings"]} >= SUBJECTS
    assert not [one for one in found["findings"] if one["state"] != "ok" and not one["remedy"]]
    assert [path.name for path in tmp_path.rglob("*")] == ["data"]
    (packages,) = [one for one in found["findings"] if one["subject"] == "packages"]
    assert f"torch {importlib.metadata.version('torch')}" in packages["found"]
    assert run(["doctor"]) == 0
    assert "Fit for sweeps." in capsys.readouterr().out


def test_what_a_sweep_needs_fails(healthy, tmp_path, monkeypatch, capsys) -> None:
    assert run(["doctor", "--tracking-uri", "http://127.0.0.1:9", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    (tracking,) = [one for one in found["findings"] if one["subject"] == "tracking"]
    assert (tracking["state"], found["usable"]) == ("fail", False)
    assert "does not answer" in tracking["found"]
    assert "start the server" in tracking["remedy"]
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path / "file" / "data"))
    assert findings("data folder")[0].state == "fail"


@pytest.mark.parametrize(("free", "state"), [(0.5e9, "fail"), (5e9, "warn"), (50e9, "ok")])
def test_free_disk(healthy, monkeypatch, free, state) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(1e12, 0, free))
    (found,) = findings("disk")
    assert (found.state, bool(found.remedy)) == (state, state != "ok")
    assert f"{free / 1e9:.1f} GB free" in found.found


def test_versions_are_held_against_what_is_declared(healthy, monkeypatch) -> None:
    declared = ["numpy<1.0", "no-such-package>=1", "scipy", 'ray[default]>=2; extra == "cluster"', 'x; extra == "dev"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: declared)
    monkeypatch.setattr(importlib.metadata, "metadata", lambda _: Extras())
    (packages,) = findings("packages")
    assert packages.state == "fail"
    assert "no-such-package is missing" in packages.found
    assert f"numpy is {importlib.metadata.version('numpy')}, expected <1.0" in packages.found
    assert "scipy" not in packages.found
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "2.60" if name == "ray" else "0.1")
    (extras,) = findings("extras")
    assert (extras.state, extras.found) == ("ok", "cluster (sweeps over several machines): ray 2.60")
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.0")
    (extras,) = findings("extras")
    assert (extras.state, extras.remedy) == ("warn", "uv pip install 'airybench[cluster]', where wanted")


class Extras:
    """What importlib.metadata tells of the extras."""

    def get_all(self, _: str) -> list[str]:
        """Names of the extras."""
        return ["cluster", "dev"]


def test_a_pair_of_torch_and_torchvision_that_does_not_fit(healthy, monkeypatch) -> None:
    import builtins

    plain = builtins.__import__

    def broken(name, *rest):
        if name == "timm":
            raise RuntimeError("operator torchvision::nms does not exist")
        return plain(name, *rest)

    monkeypatch.setattr(builtins, "__import__", broken)
    (found,) = findings("imports")
    assert (found.state, "of one index" in found.remedy) == ("fail", True)
    assert "nms does not exist" in found.found


def test_a_gpu_is_shown_with_its_memory(healthy, monkeypatch) -> None:
    facts = namedtuple("Facts", "name total_memory")("Some GPU", 80e9)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: facts)
    for free, state in ((70e9, "ok"), (1e9, "warn")):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _, free=free: (free, 80e9))
        (found,) = findings("device")
        assert (found.state, found.found) == (state, f"cuda:0 Some GPU, {free / 1e9:.0f} of 80 GB free")


def test_a_check_that_stumbles_hides_no_other(healthy, monkeypatch) -> None:
    def stumble() -> None:
        raise ValueError("what is this")

    monkeypatch.setattr(doctor, "_device", stumble)
    found = {one.subject: one for one in doctor.examine()}
    assert (found["device"].state, found["device"].found) == ("fail", "cannot be examined: what is this")
    assert found["tracking"].state == "ok"


@pytest.mark.parametrize(("load", "state"), [(0.0, "ok"), (20.0, "warn")])
def test_a_busy_machine(healthy, monkeypatch, load: float, state: str) -> None:
    monkeypatch.setattr(doctor.os, "cpu_count", lambda: 8)
    monkeypatch.setattr(doctor.os, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(doctor, "usable_cores", lambda: 4)
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "4")
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    (found,) = findings("threads")
    assert (found.state, bool(found.remedy)) == (state, state != "ok")
    assert found.found.startswith("4 threads on 4 cores of 8 (affinity, quota or SLURM)")
    assert "SLURM_CPUS_PER_TASK=4" in found.found


def test_more_threads_than_cores(healthy, monkeypatch) -> None:
    monkeypatch.setattr(doctor.os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    monkeypatch.setattr(doctor, "usable_cores", lambda: 2)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 9)
    (found,) = findings("threads")
    assert (found.state, found.remedy.endswith("--threads 2")) == ("warn", True)
