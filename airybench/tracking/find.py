"""Finding runs by their tags: studies, their winners, baselines."""

from mlflow.entities import Run as MlflowRun
from mlflow.exceptions import MlflowException

from airybench.errors import DataError, TrackingError
from airybench.provenance import Provenance
from airybench.study_name import StudyName
from airybench.tracking.filters import every, status_is, tag_is, tag_like
from airybench.tracking.search import found_runs
from airybench.tracking.store import Tracking, client_of
from airybench.tracking.tags import Tag


def parents(tracking: Tracking, study: str) -> list[MlflowRun]:
    """Parent runs of a study, the latest one of each full name.

    Args:
        tracking: the store; every experiment in it is searched, since `mlflow run` may have chosen another.
        study: `NAME@D`, or NAME for its studies of every data set.
    """
    latest = _sweeps(tracking, study if StudyName.parse(study).dataset else f"{study}@%")
    # "_" and "%" in a name are wildcards of LIKE
    return [run for full, run in latest.items() if StudyName.parse(full).matches(study)]


def studies(tracking: Tracking) -> list[str]:
    """Full names of the studies in a store, latest first."""
    return list(_sweeps(tracking, "%"))


def _sweeps(tracking: Tracking, pattern: str) -> dict[str, MlflowRun]:
    """The latest parent run of each study whose full name fits a pattern of LIKE, latest first."""
    client = client_of(tracking.uri)
    found = client.search_runs(
        [one.experiment_id for one in client.search_experiments()],
        filter_string=every(tag_is(Tag.KIND, "sweep"), tag_like(Tag.STUDY, pattern)),
        order_by=["attributes.start_time DESC"],
        max_results=1000,
    )
    latest: dict[str, MlflowRun] = {}
    for run in found:
        latest.setdefault(run.data.tags[Tag.STUDY], run)
    return latest


def winner_of(tracking: Tracking, study: str) -> str:
    """Id of the run that won a study.

    Raises:
        DataError: no such study, several of that name, or it has no winner yet.
    """
    found = parents(tracking, study)
    names = sorted(run.data.tags[Tag.STUDY] for run in found)
    if not found:
        raise DataError(
            f"winner:{study}: no study of that name in {tracking.uri}; give NAME or NAME@D of a sweep, or "
            "another --tracking-uri"
        )
    if len(found) > 1:
        raise DataError(f"winner:{study} could be {' or '.join(f'winner:{name}' for name in names)}; name one of them")
    winner = found[0].data.tags.get(Tag.WINNER)
    if not winner:
        raise DataError(f"winner:{study}: study {names[0]} has no winner yet; let its sweep finish first")
    return str(winner)


def baselines(tracking: Tracking, name: str, data: Provenance) -> list[tuple[str, dict[str, str]]]:
    """Finished baselines on one split of one store, latest first.

    Args:
        tracking: where runs are.
        name: of the baseline, a key of `TITLES`.
        data: the store and the split that they were scored on; the same split of other images is another matter.

    Returns:
        Run id and parameters of each.
    """
    wanted = every(tag_is(Tag.BASELINE, name), status_is("FINISHED"))
    client = client_of(tracking.uri)
    found: list[tuple[str, dict[str, str]]] = []
    for run in found_runs(client, [tracking.experiment_id], wanted, order_by=["attributes.start_time DESC"]):
        known = Provenance.from_tags(run.data.tags)
        if (known.data_sha256, known.split_digest) == (data.data_sha256, data.split_digest):
            found.append((run.info.run_id, dict(run.data.params)))
    return found


def tags_and_metrics(tracking: Tracking, run_id: str) -> tuple[dict[str, str], dict[str, float]]:
    """The tags and the last metrics of a run.

    Raises:
        TrackingError: there is no such run, or it was deleted.
    """
    try:
        data = client_of(tracking.uri).get_run(run_id).data
    except MlflowException:
        raise TrackingError(f"run {run_id} is not in {tracking.uri}; its study cannot be reported on") from None
    return dict(data.tags), dict(data.metrics)
