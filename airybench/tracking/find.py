"""Looking for runs by what they say of themselves."""

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from airybench.errors import TrackingError
from airybench.tracking.store import Tracking, hidden


def baselines(tracking: Tracking, name: str, split_digest: str) -> list[tuple[str, dict[str, str]]]:
    """Finished baselines on one split, latest first.

    Args:
        tracking: where runs are.
        name: `majority` or `svm`.
        split_digest: of the split that they were scored on.

    Returns:
        Run id and parameters of each.
    """
    wanted = (
        f"tags.`airybench.baseline` = '{name}' and tags.`airybench.split_digest` = '{split_digest}' "
        "and attributes.status = 'FINISHED'"
    )
    client = MlflowClient(tracking_uri=tracking.uri)
    found = client.search_runs([tracking.experiment_id], wanted, order_by=["attributes.start_time DESC"])
    return [(run.info.run_id, dict(run.data.params)) for run in found]


def said(tracking: Tracking, run_id: str) -> tuple[dict[str, str], dict[str, float]]:
    """The tags and the last metrics of a run.

    Raises:
        TrackingError: there is no such run, or not any more.
    """
    try:
        data = MlflowClient(tracking_uri=tracking.uri).get_run(run_id).data
    except MlflowException:
        raise TrackingError(f"run {run_id} is not in {hidden(tracking.uri)}; its study cannot be reported on") from None
    return dict(data.tags), dict(data.metrics)
