"""Where a model is: no store for a folder, that of its study for a winner, else the one in use."""

from pathlib import Path

import pytest

from airybench.errors import DataError, TrackingError
from airybench.jobs.model_store import store_of
from airybench.tracking.store import connect


@pytest.fixture
def uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path / "data"))
    return connect(f"sqlite:///{tmp_path / 'mlflow.db'}").uri


def test_a_folder_needs_no_store(tmp_path: Path) -> None:
    assert store_of(str(tmp_path)) is None


def test_the_store_in_use_is_that_of_a_run(uri: str) -> None:
    for model in ("0" * 32, "runs:/1", "models:/best/1", "winner:quick@helium"):
        found = store_of(model)
        assert found is not None
        assert found.uri == uri


def test_a_winner_is_where_its_study_logged(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"a@helium": uri, "b@helium": "sqlite:///gone.db"}
    monkeypatch.setattr("airybench.sweep.saved_studies.names", lambda folder, wanted: wanted)
    monkeypatch.setattr(
        "airybench.sweep.definition.stored_attributes", lambda folder, name: {"tracking_uri": known[name]}
    )
    found = store_of("winner:a@helium")
    assert found is not None
    assert found.uri == uri
    with pytest.raises(TrackingError, match=r"there is no tracking store .*gone\.db"):
        store_of("winner:b@helium")


def test_other_names_are_refused(uri: str) -> None:
    with pytest.raises(DataError, match="model 'nosuch' is not a folder, run or model; expected a weights folder"):
        store_of("nosuch")
