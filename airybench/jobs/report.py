"""From names of studies to a report on disk."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from matplotlib.figure import Figure

from airybench.errors import AirybenchError, DataError, StudyError
from airybench.inference.gradcam import Explainer
from airybench.inference.logits import placed
from airybench.jobs.models import open_model
from airybench.paths import data_folder
from airybench.report.answers import StudyAnswers, answer
from airybench.report.examples import examples, find_store
from airybench.report.page import html, markdown, sentence
from airybench.sweep.saved_studies import names, read
from airybench.sweep.storage import open_storage

SMALLEST = 128
"""Images from here on have 4 x 4 last features or more in both families, which halve them five times."""


def write_report(
    wanted: Sequence[str],
    output: Path,
    *,
    notify: Callable[[str], None],
    pictures: bool = True,
    storage: str | None = None,
) -> list[dict[str, object]]:
    """Write a report on studies, and return its answers.

    Args:
        wanted: NAME or `NAME@D`; every study there where none is given.
        output: the HTML file; Markdown goes beside it.
        notify: handed one line for each study that is left out, or that has no pictures.
        pictures: whether to show shots that were told right and wrong.
        storage: where studies are kept, a folder or a PostgreSQL URL; by default journals in the data folder.

    Raises:
        StudyError: no study could be reported on, or one that was asked for.
        DataError: the file cannot be written.
    """
    home = open_storage(storage, data_folder() / "studies")
    found: list[StudyAnswers] = []
    for name in names(home, wanted):
        try:
            found.append(answer(read(home, name)))
        except AirybenchError as error:
            if wanted:
                raise
            notify(f"{name} is left out: {error}")
    if not found:
        raise StudyError(f"no study in {home} has a finished trial; run one with: airybench sweep --dataset helium")
    galleries = {}
    if pictures:
        for one in found:
            try:
                galleries[one.name, one.dataset] = _gallery(one)
            except DataError as error:
                notify(f"{one.name}@{one.dataset} goes without pictures of shots: {error}")
    try:
        output.write_text(html(found, galleries), encoding="utf-8")
        output.with_suffix(".md").write_text(markdown(found), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{output}: cannot be written ({error.strerror}); choose another --output") from error
    return [
        {
            "study": f"{one.name}@{one.dataset}",
            "verdict": settled.verdict,
            "difference": settled.contrast.difference.value,
            "low": settled.contrast.difference.low,
            "high": settled.contrast.difference.high,
            "sentence": sentence(settled, one.metric),
        }
        for one in found
        for settled in one.answers
    ]


def _gallery(one: StudyAnswers) -> Figure:
    winner = one.winner
    data = winner.config.data
    store = find_store(one.dataset, data.count, data.data_seed, one.facts["data sha256"])
    heading = f"{winner.config.label} on {one.dataset} test{' (simulated data)' if one.simulated else ''}"
    return examples(winner.answers.kept[0], store, heading, _explainer(one))


def _explainer(one: StudyAnswers) -> Explainer | None:
    """Who draws what the winner looked at; None where its maps would say nothing of places on the detector.

    Those are networks that see correlation maps, and images so small that the last features are all but one pixel.
    """
    winner = one.winner
    if winner.config.data.input != "image" or winner.config.data.image_size < SMALLEST:
        return None
    device = torch.device("cpu")
    try:
        return Explainer(placed(open_model(winner.records[0].run_id, one.uri), device), device)
    except AirybenchError:
        return None  # its weights are gone, or it does not end in feature maps: the patterns are shown all the same
