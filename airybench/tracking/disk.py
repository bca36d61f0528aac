"""What runs take on the disk of this machine, read from their folders."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from airybench.tracking.store import local_folder

_RUN = "run_id:"
_MODELS = "models"


def bytes_of(uri: str, runs: Collection[str]) -> int | None:
    """Bytes of the artifacts of some runs, and of the models that they logged.

    Args:
        uri: of the tracking store.
        runs: ids.

    Returns:
        None where the artifacts are not on this machine.
    """
    if local_folder(uri) is None:
        return None
    return sum(size_of(folder) for folder in _folders(uri, frozenset(runs)))


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; what vanishes meanwhile or leads elsewhere counts as none."""
    files = [path] if path.is_file() else path.rglob("*")
    total = 0
    for file in files:
        with suppress(OSError):
            total += file.stat().st_size if file.is_file() and not file.is_symlink() else 0
    return total


def _folders(uri: str, runs: frozenset[str]) -> Iterator[Path]:
    """Folders of runs and of their models, in every experiment of a local store."""
    for experiment in sorted(path for path in (local_folder(uri) or Path()).glob("mlruns/*") if path.is_dir()):
        yield from (experiment / run for run in sorted(runs) if (experiment / run).is_dir())
        for model in sorted((experiment / _MODELS).glob("m-*")):
            if logged_by(model) in runs:
                yield model


def logged_by(model: Path) -> str:
    """The run that logged a model, as its own description says; empty where it says none."""
    try:
        lines = (model / "artifacts" / "MLmodel").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.removeprefix(_RUN).strip() for line in lines if line.startswith(_RUN)), "")
