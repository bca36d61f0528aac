"""A question that no shipped experiment asks, answered and written once for the tests of a module."""

from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

import pytest

from airybench.cli.main import run


@contextmanager
def answered(folder: Path, name: str, experiment: str) -> Iterator[Path]:
    """Work in the folder of a question with two sizes alike, whose answers on cxidb are in `NAME.json`.

    Args:
        folder: an empty one.
        name: of the question.
        experiment: as YAML.
    """
    found = {size: folder / f"{size}.yaml" for size in (name, f"{name}-quick")}
    for path in found.values():
        path.write_text(experiment, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, chdir(folder):
        patch.setattr("airybench.config.experiments.experiments", lambda: found)
        assert run(["reproduce", name, "--dataset", "cxidb", "--write", f"{name}.json"]) == 0
        yield folder
