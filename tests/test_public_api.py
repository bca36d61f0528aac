"""`import airybench`: instant, complete, typed."""

import subprocess
import sys
from pathlib import Path

import pytest

import airybench

PROMISED = (
    "load_dataset", "open_shots", "import_data", "load_experiment", "run_sweep", "train", "evaluate", "predict",
    "load_model", "compare", "write_report", "LogActivation", "TrialConfig", "SweepConfig", "AirybenchError",
    "__version__",
)  # fmt: skip

SCRIPT = Path(__file__).with_name("public_api.py")
"""Uses every name; mypy checks it as strictly as the package."""


def test_every_promised_name_is_there() -> None:
    assert set(PROMISED) <= set(airybench.__all__) <= set(dir(airybench))
    for name in airybench.__all__:
        assert getattr(airybench, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'load_datset'"):
        airybench.load_datset  # noqa: B018


def test_public_functions_and_classes_are_documented() -> None:
    for name in airybench.__all__:
        if name != "__version__":
            assert getattr(airybench, name).__doc__, name


def test_import_loads_nothing_heavy() -> None:
    code = "import sys, airybench; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "airybench" in loaded
    assert not set(loaded) & {"torch", "mlflow", "numpy", "pydantic", "optuna", "h5py", "pandas", "matplotlib"}


def test_the_script_for_mypy_uses_every_name() -> None:
    code = SCRIPT.read_text(encoding="utf-8")
    assert [name for name in PROMISED if f"ab.{name}" not in code] == []
    configured = (Path(airybench.__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    assert '"tests/public_api.py"' in configured


def test_types_are_shipped() -> None:
    assert (Path(airybench.__file__).parent / "py.typed").is_file()
