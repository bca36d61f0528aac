"""Looking for runs by what they say of themselves."""

from mlflow import MlflowClient

from airybench.tracking.store import Tracking


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


def tags(tracking: Tracking, run_id: str) -> dict[str, str]:
    """The tags of a run."""
    return dict(MlflowClient(tracking_uri=tracking.uri).get_run(run_id).data.tags)
