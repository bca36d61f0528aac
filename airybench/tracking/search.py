"""All that a search finds, page by page."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from mlflow import MlflowClient
from mlflow.entities import LoggedModel
from mlflow.entities import Run as MlflowRun
from mlflow.store.entities import PagedList

from airybench.tracking.filters import field_is

PAGE = 1000
"""Entries that MLflow is asked for at once."""

T = TypeVar("T")


def every_page(search: Callable[[str | None], PagedList[T]]) -> Iterator[T]:
    """All entries of a search, however many they are.

    Args:
        search: from the token of a page, None for the first, to its entries.
    """
    token: str | None = None
    while True:
        page = search(token)
        yield from page
        token = page.token
        if not token:
            return


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
    if not experiments:
        return iter(())
    return every_page(
        lambda token: client.search_runs(
            list(experiments), wanted, max_results=PAGE, order_by=list(order_by), page_token=token
        )
    )


def models_of_run(client: MlflowClient, experiment: str, run_id: str) -> list[LoggedModel]:
    """The models that a run logged, those that a kill left half made included.

    Args:
        client: of the store.
        experiment: id of the run's experiment.
        run_id: of the run.
    """
    return list(client.search_logged_models([experiment], field_is("source_run_id", run_id)))
