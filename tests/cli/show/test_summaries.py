"""The end of a sweep over two data sets is one summary; where a later study fails, those before it are shown."""

import re
from contextlib import chdir

import pytest
from mlflow import MlflowClient

from airybench.cli.main import run
from airybench.cli.show.finished_before import print_finished
from airybench.jobs import sweep as job
from airybench.jobs.finished_before import FinishedBefore
from airybench.sweep.saved_studies import read


def test_two_data_sets_end_in_one_summary_with_what_to_type_next(finished, data_home) -> None:
    printed = finished.printed
    assert printed.count("Next:") == printed.count("Runs:") == 1
    assert printed.count("The data are simulated") == 1
    assert printed.index("both@helium: cells ranked") < printed.index("both@cxidb: cells ranked")
    _, _, end = printed.partition("both: the winner on each data set")
    client = MlflowClient(tracking_uri=finished.uri)
    for dataset in ("helium", "cxidb"):
        parent = client.get_run(read(data_home / "studies", f"both@{dataset}").attributes["parent_run_id"])
        line = " ".join(line for line in end.splitlines() if line.startswith(f"{dataset} "))
        assert parent.data.tags["airybench.winner_name"] in line
        assert f"{parent.data.metrics['test/macro_ap']:.3f}" in line
        assert f"airybench predict winner:both@{dataset} FILE" in end
        assert (
            f"/#/experiments/{parent.info.experiment_id}/runs/{parent.info.run_id}?workflowType=machine_learning" in end
        )
    for command in ("airybench compare --study both\n", "airybench report --study both ", "airybench ui\n"):
        assert end.count(command) == 1


def test_the_commands_that_are_named_are_commands(finished, capsys) -> None:
    _, _, steps = finished.printed.partition("Next:")
    commands = re.findall(r"^  airybench (\w+) ", steps, re.MULTILINE)
    assert {"compare", "report", "predict"} <= set(commands)
    with chdir(finished.folder):
        (words,) = re.findall(r"^  airybench (compare .*)$", steps, re.MULTILINE)
        assert run(words.split()) == 0


def test_the_studies_before_a_failure_are_summarised(finished, tiny, capsys, monkeypatch) -> None:
    sweep = job.run_sweep

    def interrupted(config, datasets, **settings):  # type: ignore[no-untyped-def]
        sweep(config, datasets[:1], **settings)
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "run_sweep", interrupted)
    monkeypatch.setattr("airybench.jobs.finished_before.finished_before", lambda *given: [])
    with chdir(finished.folder):
        assert run(["sweep", "--dataset", "helium,cxidb", "--config", str(tiny), "--study", "both"]) == 130
    printed = capsys.readouterr()
    assert "both@helium: done, the winner is resnet18-" in printed.err
    assert "both@helium: cells ranked" in printed.out
    assert "both@cxidb" not in printed.out
    assert printed.out.count("Next:") == 1


@pytest.mark.parametrize(
    ("uri", "storage", "expected"),
    [
        ("http://me:secret@host:5000", None, [
            "  s@helium: http://host:5000/#/experiments/3/runs/r?workflowType=machine_learning",
        ]),
        ("sqlite:////far/mlflow.db", None, ["  airybench ui --tracking-uri sqlite:////far/mlflow.db"]),
        ("sqlite:////far/mlflow.db", "my studies", [
            "  airybench compare --study s --storage 'my studies'",
            "  airybench predict winner:s@helium FILE --output s@helium.h5 --tracking-uri sqlite:////far/mlflow.db",
        ]),
    ],
    ids=["server", "file", "storage"],
)  # fmt: skip
def test_commands_name_store_and_storage_where_they_must(uri, storage, expected, capsys) -> None:
    study = FinishedBefore(
        study="s@helium", trials=1, metric="macro_ap", winner="resnet18", model_uri="models:/m-1", parent_run="r",
        metrics={"score/val": 0.5, "score/val_low": 0.4, "score/val_high": 0.6, "test/macro_ap": 0.45},
        tracking_uri=uri, experiment_id="3",
    )  # fmt: skip
    print_finished([study], storage)
    printed = capsys.readouterr().out
    assert "Winner resnet18: val macro_ap 0.500 [0.400 .. 0.600], test macro_ap 0.450." in printed
    assert "secret" not in printed
    lines = printed.splitlines()
    assert all(line in lines for line in expected)
    assert any(line.startswith("  airybench ui") for line in lines) == (not uri.startswith("http"))
