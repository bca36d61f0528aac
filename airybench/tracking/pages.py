"""Where MLflow's pages are; MLflow is not loaded for it.

Without `workflowType=machine_learning` in the address a page opens in the workspace of chat models, whatever the
experiment is: also one that a link of a description opens in a new tab.
"""

from urllib.parse import urlencode

from airybench.passwords import hidden

_MACHINE_LEARNING = "workflowType=machine_learning"


def run_place(experiment_id: str, run_id: str) -> str:
    """The page of a run as a link on another page of MLflow, wherever that is served."""
    return f"#/experiments/{experiment_id}/runs/{run_id}?{_MACHINE_LEARNING}"


def model_place(experiment_id: str, model_uri: str) -> str:
    """The page of a logged model, `models:/m-...`, as a link on another page."""
    return f"#/experiments/{experiment_id}/models/{model_uri.removeprefix('models:/')}?{_MACHINE_LEARNING}"


def runs_place(experiment_id: str, view: str | None = None) -> str:
    """The table of runs of an experiment as a link on another page.

    Args:
        experiment_id: the experiment.
        view: key of a prepared view that it opens in.
    """
    kept = "" if view is None else urlencode({"viewStateShareKey": view}) + "&"
    return f"#/experiments/{experiment_id}/runs?{kept}{_MACHINE_LEARNING}"


def address(pages: str, place: str) -> str:
    """The address of a place, without a password: a study of an earlier version may have recorded one.

    Args:
        pages: address of MLflow's pages.
        place: as the functions above give it.
    """
    return f"{hidden(pages).rstrip('/')}/{place}"
