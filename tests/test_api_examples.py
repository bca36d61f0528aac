"""The examples of the API reference run as they stand, on fewer shots and a smaller experiment."""

import doctest
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import airybench as ab

ORDER = (
    "load_experiment", "load_dataset", "open_shots", "import_data", "run_sweep", "open_study", "Study", "compare",
    "write_report", "load_model", "Model", "evaluate", "predict", "train", "LogActivation", "TrialConfig",
    "SweepConfig", "AirybenchError",
)  # fmt: skip
"""Later examples use what earlier ones made, as a reader does."""


def examples(name: str) -> list[doctest.DocTest]:
    """The examples in the docstring of a public name and of its methods, none of them skipped."""
    found = doctest.DocTestFinder().find(getattr(ab, name), name)
    for test in found:
        for example in test.examples:
            example.options.pop(doctest.SKIP, None)
    return [test for test in found if test.examples]


def test_every_public_name_has_an_example() -> None:
    assert {name for name in ab.__all__ if name not in ("__version__", "Dataset")} == set(ORDER)
    assert [name for name in ORDER if not examples(name)] == []


@pytest.mark.slow
def test_the_examples_run(folder: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("airybench.config.experiments.experiments", lambda: {"quick": tiny})
    with h5py.File("run42.h5", "w") as file:
        file["patterns"] = np.random.default_rng(1).poisson(4, (6, 259, 259)).astype(np.uint16)
    names: dict[str, Any] = {"ab": ab}
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for name in ORDER:
        for test in examples(name):
            for example in test.examples:
                example.source = example.source.replace("count=1024", "count=64")
            test.globs = {**test.globs, **names}
            output: list[str] = []
            failed = runner.run(test, out=output.append, clear_globs=False).failed
            assert failed == 0, "".join(output)
            names |= test.globs
    assert Path("report.html").is_file()
