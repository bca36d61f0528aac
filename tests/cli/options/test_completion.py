"""What a shell offers as values."""

from pathlib import Path

import pytest

from airybench.cli.options.completion import choices, experiment_names, model_names, study_names
from airybench.config.experiments import experiments


@pytest.mark.parametrize(
    ("incomplete", "expected"),
    [("", ["mean", "max", "none"]), ("m", ["mean", "max"]), ("none,ma", ["none,max"]), ("x", []), ("max", ["max"])],
)
def test_choices(incomplete: str, expected: list[str]) -> None:
    assert choices("mean", "max", "none")(incomplete) == expected


def test_names_of_experiments() -> None:
    assert experiment_names("") == list(experiments())
    assert sorted(experiment_names("noise")) == [
        "noise-ccf",
        *(f"noise-ccf-{size}" for size in ("medium", "quick", "small")),
    ]
    assert experiment_names("./noise") == []


def test_names_of_studies_and_their_winners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path))
    assert study_names("") == model_names("") == []
    (tmp_path / "studies").mkdir()
    for name in ("quick@helium", "quick@cxidb", "alpha@helium"):
        (tmp_path / "studies" / f"{name}.journal").touch()
    assert study_names("") == ["alpha@helium", "quick@cxidb", "quick@helium"]
    assert study_names("quick@h") == ["quick@helium"]
    assert model_names("win") == ["winner:alpha@helium", "winner:quick@cxidb", "winner:quick@helium"]
    assert model_names("winner:a") == ["winner:alpha@helium"]
    assert model_names("runs:/") == []
