"""Deleting the runs of a study."""

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from airybench.errors import TrackingError
from airybench.tracking.store import check, hidden
from airybench.tracking.tags import Tag


def delete_runs(uri: str, experiment_id: str, study: str) -> int:
    """Mark the runs of a study as deleted, which MLflow can undo; returns how many.

    Raises:
        TrackingError: the store does not answer.
    """
    check(uri, existing=True)
    client = MlflowClient(tracking_uri=uri)
    wanted = f"tags.`{Tag.STUDY}` = '{study}'"
    count = 0
    try:
        while page := client.search_runs([experiment_id], filter_string=wanted, max_results=1000):
            for run in page:
                client.delete_run(run.info.run_id)
                count += 1
    except MlflowException as error:
        raise TrackingError(
            f"runs of {study} in {hidden(uri)} cannot be deleted: {str(error).splitlines()[0]}"
        ) from None
    return count
