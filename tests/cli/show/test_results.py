"""The results of a training as they are printed."""

from dataclasses import replace

import pytest

from airybench.analysis.notes import simulated_data
from airybench.cli.show.results import print_training, training_json
from airybench.jobs.train import Training
from airybench.provenance import Provenance


def training(source: str) -> Training:
    return Training(
        title="resnet18-log0.2-leaky0.2-s1",
        val={"macro_ap": 0.5, "exact_match": 0.25},
        test={"test/macro_ap": 0.5, "test/exact_match": 0.25},
        majority={"majority/test/macro_ap": 0.125, "majority/test/exact_match": 0.75},
        model_uri="runs:/r/model",
        run_id="r",
        tracking_uri="sqlite:///mlflow.db",
        provenance=Provenance("helium", source, "d", "s", simulator=2 if source == "simulated" else 0),
        unscored=(),
    )


@pytest.mark.parametrize("source", ["simulated", "cxidb-94"])
def test_a_training_won_nothing_and_says_whether_its_data_are_simulated(source: str, capsys) -> None:
    print_training(training(source))
    printed = capsys.readouterr().out
    assert "Winner" not in printed
    assert "Trained resnet18-log0.2-leaky0.2-s1: test macro_ap 0.500, exact match 0.250; majority" in printed
    assert (simulated_data(2) in printed) == (source == "simulated")


def test_a_training_on_labels_that_err_names_their_ceiling(capsys) -> None:
    print_training(replace(training("simulated"), ceiling={"ceiling/test/macro_ap": 0.875}))
    assert "Label ceiling: macro_ap 0.875 on test" in capsys.readouterr().out


def test_a_training_as_data_names_its_source() -> None:
    found = training("cxidb-94")
    assert training_json(found) == {
        **{key: value for key, value in vars(found).items() if key != "provenance"}, "data_source": "cxidb-94",
    }  # fmt: skip
