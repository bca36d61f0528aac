"""Studies in a notebook: the same study as on the command line."""

import csv
from pathlib import Path

import numpy as np
import pytest
from conftest import Benchmark
from matplotlib import pyplot as plt
from mlflow import MlflowClient

import airybench as ab
from airybench.api.arguments import StudySettings
from airybench.api.observing import LogObserver
from airybench.api.reporting import LogReporter
from airybench.config import StudyConfig
from airybench.errors import ConfigError, NothingFinishedError, StudyError


@pytest.fixture(scope="module")
def study(finished: Benchmark) -> ab.Study:
    return ab.open_study("both@helium")


def test_leaderboard_is_the_one_that_mlflow_keeps(study: ab.Study, finished: Benchmark, tmp_path: Path) -> None:
    path = MlflowClient(tracking_uri=finished.uri).download_artifacts(study.run_id, "leaderboard.csv", str(tmp_path))
    with open(path, newline="", encoding="utf-8") as file:
        everything = list(csv.DictReader(file))
    kept = [row for row in everything if row["rank"]]
    table = study.leaderboard
    assert table["name"].tolist() == [row["name"] for row in kept]
    np.testing.assert_allclose(table["val_macro_ap"], [float(row["val_macro_ap"]) for row in kept], atol=5e-5)
    np.testing.assert_allclose(table["low"], [float(row["low"]) for row in kept], atol=5e-5)
    assert table["val_macro_ap"].is_monotonic_decreasing
    assert "resnet18" in study._repr_html_()
    assert set(study.trials["state"]) == {"finished"}
    assert study.winner == "winner:both@helium"
    beside = everything[len(kept) :]
    assert study.baselines["name"].tolist() == [row["name"] for row in beside]
    np.testing.assert_allclose(study.baselines["val_mcc"], [float(row["val_mcc"]) for row in beside], atol=5e-5)
    assert (study.baselines["test_macro_ap"] > 0).all()


def test_a_sweep_from_python_resumes_the_study_of_the_command_line(
    study: ab.Study, finished: Benchmark, tiny: Path
) -> None:
    data = ab.load_dataset("helium", count=64)
    again = ab.run_sweep(str(tiny), data, study="both", reporter=LogReporter(), observer=LogObserver())
    assert again.run_id == study.run_id
    assert again.leaderboard.equals(study.leaderboard)
    with pytest.raises(ConfigError, match="seeds"):
        ab.run_sweep(ab.load_experiment(str(tiny)), data, study="both", seeds=0)
    with pytest.raises(ConfigError, match=r"confirmed.*confirm"):
        ab.run_sweep(str(tiny), data, study="both", confirmed=3)  # type: ignore[call-arg]


def test_settings_of_a_study_are_those_of_the_command_line(monkeypatch: pytest.MonkeyPatch, tiny: Path) -> None:
    assert StudySettings.__annotations__.keys() == StudyConfig.model_fields.keys()
    asked: list[StudyConfig] = []

    def keep(sweep: ab.SweepConfig, *_: object, **more: object) -> None:
        asked.append(sweep.study)
        raise NothingFinishedError("enough")

    monkeypatch.setattr("airybench.jobs.sweep.run_sweep", keep)
    plain = ab.load_experiment(str(tiny))
    with pytest.raises(NothingFinishedError):
        ab.run_sweep(plain, "helium", study="s", confirm=3, seeds=None, time_limit="30m")
    assert asked == [plain.study.model_copy(update={"confirm": 3, "time_limit": 1800.0})]


def test_a_parameter_is_compared_pair_by_pair(study: ab.Study) -> None:
    found = study.compare("log_activation")
    assert len(found.effect.pairs) == 1  # alpha 0.2 has a plain counterpart at leakiness 0.2; alpha 0.5 has none
    pair = found.effect.pairs[0]
    assert (pair.first.config.network.log_activation, pair.second.config.network.log_activation) == (True, False)
    assert pair.first.config.network.leakiness == pair.second.config.network.leakiness == 0.2
    assert found.effect.mean.value == pair.difference.value
    axes = found.plot()
    assert [text.get_text() for text in axes.get_yticklabels()][-1] == "mean of these"
    assert axes.get_title(loc="left") == study.name or axes.get_title() == study.name
    plt.close(axes.figure)
    assert found.to_pandas()["difference"].tolist() == [pair.difference.value]
    assert "log_activation" in found._repr_html_()


def test_the_difference_is_that_of_the_test_scores(study: ab.Study, finished: Benchmark) -> None:
    client = MlflowClient(tracking_uri=finished.uri)
    pair = study.compare("log_activation", metric="exact_match").effect.pairs[0]
    scores = {}
    for trial in study.saved.finished:
        if trial.config.network in (pair.first.config.network, pair.second.config.network):
            model = ab.load_model(trial.run_id, tracking_uri=finished.uri)
            found = ab.evaluate(model, "helium", tracking_uri=finished.uri)
            scores[trial.config.network.log_activation] = found.scores["exact_match"].value
    assert pair.difference.value == pytest.approx(scores[True] - scores[False])
    assert client.get_run(study.run_id).info.status == "FINISHED"


def test_a_parameter_that_does_not_vary_alone_is_refused(study: ab.Study) -> None:
    with pytest.raises(ConfigError, match=r"no two finished cells of this study differ in depth alone"):
        study.compare("depth")
    with pytest.raises(ConfigError, match="unknown metric 'loss'"):
        study.compare("log_activation", metric="loss")
    with pytest.raises(ConfigError, match=r"unknown parameter 'leakines'.*Did you mean 'leakiness'"):
        study.compare("leakines")


def test_studies_side_by_side_and_a_report(study: ab.Study, tmp_path: Path) -> None:
    found = ab.compare(study, "both@cxidb")
    table = found.to_pandas()
    assert set(table["dataset"]) == {"helium", "cxidb"}
    assert ((table["low"] <= table["test"]) & (table["test"] <= table["high"])).all()
    assert repr(found) == str(table)
    with pytest.raises(ConfigError, match="top is 0"):
        ab.compare(study, top=0)
    axes = found.plot("cxidb")
    assert len(axes.get_yticks()) == (table["dataset"] == "cxidb").sum()
    plt.close(axes.figure)
    with pytest.raises(ConfigError, match="unknown data set 'helum'"):
        found.plot("helum")
    page = ab.write_report(study, tmp_path / "report.html", pictures=False)
    assert "both" in page.read_text(encoding="utf-8")
    assert page.with_suffix(".md").is_file()


def test_a_study_that_is_not_there(finished: Benchmark) -> None:
    with pytest.raises(StudyError, match=r"unknown study 'bth@helium'.*Did you mean 'both@helium'"):
        ab.open_study("bth@helium")
    assert issubclass(NothingFinishedError, ab.AirybenchError)
