"""All runs that fit a filter, page by page."""

from collections.abc import Iterator, Sequence

from mlflow import MlflowClient
from mlflow.entities import Run as MlflowRun

_PAGE = 1000


def found_runs(
    client: MlflowClient, experiments: Sequence[str], wanted: str, *, order_by: Sequence[str] = ()
) -> Iterator[MlflowRun]:
    """Every run of some experiments that fits, however many they are.

    Args:
        client: of the store.
        experiments: their ids; none has no run.
        wanted: filter string, see `filters`.
        order_by: as MLflow takes it.
    """
    token: str | None = None
    while experiments:
        page = client.search_runs(
            list(experiments), wanted, max_results=_PAGE, order_by=list(order_by), page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return
