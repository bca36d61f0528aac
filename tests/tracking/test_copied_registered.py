"""Registered models follow the runs that were copied, once, and the better one stays champion."""

from dataclasses import replace
from pathlib import Path

from mlflow import MlflowClient

from airybench.config import Objective
from airybench.provenance import Provenance
from airybench.reporter import SILENT
from airybench.tracking.copied_registered import copy_registered
from airybench.tracking.register import ModelScore, register
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, connect
from airybench.tracking.tags import Tag
from airybench.tracking.transfer import copy_runs, runs_to_copy

BASE = ModelScore(Objective("macro_ap", "max"), 0.5, Provenance("helium", "simulated", "a" * 64, "b" * 16))


def registered(tracking: Tracking, name: str, value: float) -> str:
    """A training whose model is a version of a registered one; returns the id of its run."""
    trained = Run.create(tracking, "one", "train", {})
    model = trained.client.create_logged_model(tracking.experiment_id, name="net", source_run_id=trained.run_id)
    trained.client.finalize_logged_model(model.model_id, "READY")
    trained.tag({Tag.MODEL_URI: model.model_uri})
    register(tracking, name, model.model_uri, trained.run_id, replace(BASE, value=value))
    return trained.run_id


def copied(source: Tracking, target: Tracking) -> list[str]:
    _, ids = copy_runs(source.uri, target.uri, runs_to_copy(source.uri, []), SILENT)
    return copy_registered(source.uri, target, ids)


def test_versions_are_made_once_and_the_best_is_champion(tmp_path: Path) -> None:
    source, target = (connect(f"sqlite:///{tmp_path / name}") for name in ("a.db", "b.db"))
    best = [registered(source, "droplets", value) for value in (0.4, 0.7, 0.6)][1]
    registered(source, "rings", 0.2)
    MlflowClient(source.uri).create_registered_model("of another program")
    MlflowClient(source.uri).create_model_version("of another program", str(tmp_path), best)
    names = ["models:/droplets/1", "models:/droplets/2", "models:/droplets/3", "models:/rings/1"]
    for _ in range(2):
        assert copied(source, target) == names
        there = MlflowClient(target.uri)
        assert {one.name for one in there.search_registered_models()} == {"droplets", "rings"}
        assert len(there.search_model_versions("name = 'droplets'")) == 3
        champion = there.get_model_version_by_alias("droplets", "champion")
        assert str(champion.version) == "2"
        run = there.get_run(champion.run_id)
        assert run.data.tags[Tag.ORIGIN] == best
        assert champion.tags[Tag.MODEL_URI] == run.data.tags[Tag.MODEL_URI]

    # On the way back they are known, and a better one from elsewhere takes the alias over.
    registered(target, "droplets", 0.9)
    copied(target, source)
    here = MlflowClient(source.uri)
    assert len(here.search_model_versions("name = 'droplets'")) == 4
    assert str(here.get_model_version_by_alias("droplets", "champion").version) == "4"
