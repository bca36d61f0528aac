"""A SQLite store read as a database says what MLflow's own client says."""

import math

import pytest
from mlflow import MlflowClient

from airybench.errors import TrackingError
from airybench.tracking import glance as module
from airybench.tracking.glance import glance


def test_both_ways_see_the_same(finished) -> None:
    client = MlflowClient(tracking_uri=finished.uri)
    experiment = client.get_experiment_by_name("airybench").experiment_id
    runs = [one.info.run_id for one in client.search_runs([experiment], max_results=1000)]
    ways = []
    with glance(finished.uri) as look:
        for one in (look, module._OfClient(finished.uri)):
            seen = [one.run(run_id) for run_id in runs]
            tagged = one.tagged(experiment, {"airybench.kind": "trial", "airybench.study": "both@cxidb"})
            ways.append((seen, one.finished([*runs, "0" * 32]), sorted(tagged), one.run("0" * 32)))
    assert ways[0] == ways[1]
    assert ways[0][1] == len(runs)
    assert len(ways[0][2]) == 3
    assert ways[0][3] is None


def test_a_deleted_run_is_none_and_nan_no_value(tmp_path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = MlflowClient(tracking_uri=uri)
    kept, deleted = (client.create_run("0").info.run_id for _ in range(2))
    for key, value in (("a", 0.5), ("b", math.nan)):
        client.log_metric(kept, key, value)
    client.delete_run(deleted)
    with glance(uri) as look:
        assert look.run(deleted) is None
        assert dict(look.run(kept).metrics) == {"a": 0.5}
        assert (look.run(kept).status, look.finished([kept, deleted])) == ("RUNNING", 0)
        client.set_terminated(kept)
        assert look.finished([kept, deleted]) == 1


def test_a_store_that_is_gone_is_said_so(tmp_path) -> None:
    with pytest.raises(TrackingError, match="there is no tracking store"), glance(f"sqlite:///{tmp_path / 'no.db'}"):
        pass
