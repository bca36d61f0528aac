"""Checks whether a machine is ready for a sweep; each reports what it found and, if need be, what to do."""

import importlib.metadata
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from airybench.cores import ALLOTTED, THREADS, WAITING, limit_threads, usable_cores
from airybench.errors import AirybenchError
from airybench.jobs.relocate import lost_studies
from airybench.paths import VARIABLE, data_folder, free_bytes
from airybench.tracking.relocation import FOLDER, follow_move, lost_places
from airybench.tracking.store import RELOCATE, sqlite_path, tracking_uri
from airybench.tracking.store import check as check_tracking

State = Literal["ok", "warn", "fail"]

NEEDED_BYTES = 1e9  # below, not even a small study fits
BUSY = 0.5  # load per core of the whole machine, from which on other programs slow a training
WANTED_BYTES = 20e9  # weights of ResNet-18 are 45 MB per trial, a full simulated data set is 1 GB

PURPOSES = {"cluster": "sweeps over several machines", "export": "export to ONNX"}
"""What an extra is for."""


@dataclass(frozen=True)
class Finding:
    """One check.

    Attributes:
        subject: what was checked.
        state: `ok`; `warn` where something works, but not well; `fail` where a sweep cannot run.
        found: what was found.
        remedy: what to do; empty where nothing has to be done.
    """

    subject: str
    state: State
    found: str
    remedy: str = ""


def examine(uri: str | None = None) -> list[Finding]:
    """Run all checks; nothing is created but the data folder.

    Args:
        uri: of `--tracking-uri`, if given.
    """
    found: list[Finding] = []
    for subject, look in (
        ("python", _python), ("packages", _packages), ("imports", _imports), ("device", _device),
        ("threads", _threads), ("data folder", _data), ("tracking", lambda: _tracking(uri)),
        ("studies", _studies), ("disk", lambda: _disk(uri)), ("extras", _extras),
    ):  # fmt: skip
        try:
            found += list(look())
        except Exception as error:  # a check that fails is a finding as well, and the others still run
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            found.append(Finding(subject, "fail", f"cannot be examined: {reason}", "see airybench doctor --debug"))
    return found


def _python() -> Iterator[Finding]:
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def _packages() -> Iterator[Finding]:
    """Whether every declared dependency has a supported version."""
    try:
        wrong, right = _met("")
    except importlib.metadata.PackageNotFoundError:
        yield Finding(
            "packages", "warn", "airybench runs from a folder, so versions are not checked",
            "pip install --editable . in that folder",
        )  # fmt: skip
        return
    if wrong:
        yield Finding("packages", "fail", "; ".join(wrong), "uv pip install --upgrade airybench, which takes what fits")
    else:
        main = ("torch", "timm", "mlflow", "optuna")
        shown = [one for one in right if one.split()[0] in main]
        yield Finding(
            "packages", "ok", f"{', '.join(shown)} and {len(right) - len(shown)} more, all of versions that fit"
        )


def _imports() -> Iterator[Finding]:
    """Import timm: torch and torchvision of two package indices install together, but fail at import."""
    try:
        import timm
        import torchvision  # noqa: F401

        yield Finding("imports", "ok", f"timm {timm.__version__} loads with torch and torchvision")
    except Exception as error:
        reason = " ".join(str(error).split())[:160]
        yield Finding(
            "imports", "fail", f"timm does not load: {reason}",
            "install torch and torchvision of one index: uv pip install --reinstall torch torchvision",
        )  # fmt: skip


def _device() -> Iterator[Finding]:
    import torch

    count = torch.cuda.device_count()
    for index in range(count):
        facts = torch.cuda.get_device_properties(index)
        free = torch.cuda.mem_get_info(index)[0]
        text = f"cuda:{index} {facts.name}, {free / 1e9:.0f} of {facts.total_memory / 1e9:.0f} GB free"
        if free < 2e9:
            yield Finding("device", "warn", text, "end what else runs there, or choose another --device")
        else:
            yield Finding("device", "ok", text)
    if not count:
        cores = "no GPU that torch sees"
        if shutil.which("nvidia-smi"):
            remedy = "there is an NVIDIA driver: install a torch built for CUDA, uv pip install --reinstall torch"
        else:
            remedy = "fine for --config quick; the paper's grid wants a GPU"
        yield Finding("device", "warn", cores, remedy)


def _threads() -> Iterator[Finding]:
    """How many threads compute, how they wait, and whether other programs are at work."""
    import torch

    limit_threads()
    cores, all_of_them = usable_cores(), os.cpu_count() or 1
    by = ", ".join(f"{name}={os.environ[name]}" for name in (THREADS, ALLOTTED, *WAITING) if name in os.environ)
    of = "" if cores == all_of_them else f" of {all_of_them} (affinity, quota or SLURM)"
    text = f"{torch.get_num_threads()} threads on {cores} cores{of}{f'; {by}' if by else ''}"
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > BUSY * all_of_them:
        busy = f"{text}; busy: load {load:.1f} over the last minute"
        remedy = "trainings share the cores with other programs; wait before you time them"
        yield Finding("threads", "warn", busy, remedy)
    elif torch.get_num_threads() > cores:
        yield Finding("threads", "warn", text, f"more threads than cores wait for one another; --threads {cores}")
    else:
        yield Finding("threads", "ok", text)


def _data() -> Iterator[Finding]:
    try:
        folder = data_folder()
    except AirybenchError as error:
        yield Finding("data folder", "fail", str(error), f"set {VARIABLE} to a folder that you may write")
        return
    stores = len(list(folder.rglob("*.h5")))
    studies = len(list((folder / "studies").glob("*.journal")))
    yield Finding("data folder", "ok", f"{folder}: {stores} stores, {studies} studies")


def _tracking(uri: str | None) -> Iterator[Finding]:
    chosen = tracking_uri(uri)
    try:
        check_tracking(chosen)
    except AirybenchError as error:
        yield Finding("tracking", "fail", str(error), "start the server, or choose another store with --tracking-uri")
        return
    path = sqlite_path(chosen)
    there = path is not None and path.exists()
    state = "answers" if path is None else "is there" if there else "is made by the first sweep"
    yield Finding("tracking", "ok", f"{chosen} {state}")
    if path is not None and there:
        follow_move(path)
        for lost in lost_places(path):
            yield Finding(
                "tracking", "warn", f"the artifacts of {chosen} are not in {lost}",
                f"put their folder {FOLDER} beside the database, where it is found",
            )  # fmt: skip


def _studies() -> Iterator[Finding]:
    """Studies whose tracking store is not where they left it, nor where it is looked for."""
    for study in lost_studies():
        yield Finding("studies", "warn", f"{study.name} logged to {study.attributes['tracking_uri']}, which is gone",
                      f"if it was moved: {RELOCATE}")  # fmt: skip


def _disk(uri: str | None) -> Iterator[Finding]:
    chosen = tracking_uri(uri)
    places: dict[int, Path] = {}
    folders = [data_folder()]
    if chosen.startswith("sqlite:///"):
        folders.append(Path(chosen.removeprefix("sqlite:///")).absolute().parent)
    for folder in folders:
        if folder.is_dir():
            places.setdefault(folder.stat().st_dev, folder)
    for folder in places.values():
        free = free_bytes(folder)
        text = f"{free / 1e9:.1f} GB free for {folder}"
        if free < NEEDED_BYTES:
            yield Finding("disk", "fail", text, f"free some space, or set {VARIABLE} to another disk")
        elif free < WANTED_BYTES:
            yield Finding("disk", "warn", text, "enough for small studies; a trial of ResNet-18 keeps 90 MB")
        else:
            yield Finding("disk", "ok", text)


def _extras() -> Iterator[Finding]:
    try:
        declared = importlib.metadata.metadata("airybench").get_all("Provides-Extra") or []
    except importlib.metadata.PackageNotFoundError:
        return  # `packages` has reported it
    for extra in declared:
        if extra == "dev":
            continue
        wrong, right = _met(extra)
        purpose = PURPOSES.get(extra, "optional")
        if wrong:
            remedy = f"uv pip install 'airybench[{extra}]', where wanted"
            yield Finding("extras", "warn", f"{extra} ({purpose}): {'; '.join(wrong)}", remedy)
        else:
            yield Finding("extras", "ok", f"{extra} ({purpose}): {', '.join(right)}")


def _met(extra: str) -> tuple[list[str], list[str]]:
    """Which declared requirements are not met, and which are; those of one extra, or those of none."""
    from packaging.requirements import Requirement

    wrong, right = [], []
    for requirement in map(Requirement, importlib.metadata.requires("airybench") or []):
        marker = requirement.marker
        needed = marker is None or marker.evaluate({"extra": ""})
        if needed if extra else not needed:
            continue
        if extra and marker is not None and not marker.evaluate({"extra": extra}):
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if requirement.specifier.contains(version, prereleases=True):
            right.append(f"{requirement.name} {version}")
        else:
            wrong.append(f"{requirement.name} is {version}, expected {requirement.specifier}")
    return wrong, right
