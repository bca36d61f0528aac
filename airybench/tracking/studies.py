"""Deleting the runs of a study."""

from typing import NamedTuple

from mlflow.exceptions import MlflowException

from airybench.errors import TrackingError
from airybench.tracking.filters import field_is, of_study
from airybench.tracking.store import check, client_of

_PAGE = 100


class Deleted(NamedTuple):
    """How many runs were deleted, and how many models that they had logged."""

    runs: int
    models: int


def delete_runs(uri: str, experiment_id: str | None, study: str) -> Deleted:
    """Mark the runs of a study and their logged models as deleted, which MLflow can undo.

    Their disk is freed by `mlflow gc`. The models go first: once its run is gone, nothing leads to one.

    Args:
        uri: of the tracking store.
        experiment_id: of the experiment that holds the runs; None looks in all.
        study: `NAME@D`.

    Raises:
        TrackingError: the store does not answer.
    """
    check(uri, existing=True)
    client = client_of(uri)
    wanted = of_study(study)
    runs, models = 0, 0
    try:
        every = [experiment_id] if experiment_id else [one.experiment_id for one in client.search_experiments()]
        while page := client.search_runs(every, filter_string=wanted, max_results=_PAGE):
            for run in page:
                found = client.search_logged_models(
                    [run.info.experiment_id], field_is("source_run_id", run.info.run_id)
                )
                for model in found:
                    client.delete_logged_model(model.model_id)
                models += len(found)
                client.delete_run(run.info.run_id)
                runs += 1
    except MlflowException as error:
        raise TrackingError(f"runs of {study} in {uri} cannot be deleted: {str(error).splitlines()[0]}") from None
    return Deleted(runs, models)
