"""A report on finished studies, as an HTML page with Markdown beside it."""

from collections.abc import Sequence
from pathlib import Path

import torch
from matplotlib.figure import Figure

from airybench.config.margin import DELTA
from airybench.data.store.store import Store
from airybench.errors import AirybenchError, DataError, StudyError
from airybench.inference.gradcam import Explainer
from airybench.inference.logits import for_store, placed
from airybench.jobs.models import open_model
from airybench.paths import appearing, data_folder
from airybench.report.answers import StudyAnswers, answer_study, together
from airybench.report.examples import examples, find_store
from airybench.report.page import html, markdown
from airybench.reporter import SILENT, Reporter
from airybench.sweep.saved_studies import names, read
from airybench.sweep.storage import StudyStorage, open_storage

SMALLEST = 128
"""From this image size on the last features have 4 x 4 pixels or more: both families halve the image five times."""


def write_report(
    wanted: Sequence[str],
    output: Path,
    *,
    pictures: bool = True,
    delta: float = DELTA,
    storage: str | None = None,
    reporter: Reporter = SILENT,
) -> list[StudyAnswers]:
    """Write a report on studies.

    Args:
        wanted: NAME or `NAME@D`; every study where empty.
        output: the HTML file; Markdown is written beside it.
        pictures: whether to show examples of right and wrong predictions.
        delta: largest difference that does not matter.
        storage: where studies are kept, a folder or a PostgreSQL URL; by default journals in the data folder.
        reporter: receives one line for each study that is left out or has no pictures.

    Returns:
        What the report says, study by study.

    Raises:
        StudyError: no study could be reported on, or one that was asked for could not.
        DataError: the file cannot be written.
    """
    home = open_storage(storage, data_folder() / "studies")
    studies = together(_answered(wanted, home, reporter), delta)
    galleries = {}
    if pictures:
        for one in studies:
            try:
                galleries[one.name, one.dataset] = _gallery(one)
            except DataError as error:
                reporter.notify(f"{one.name}@{one.dataset}: no pictures of shots: {error}")
    try:
        with appearing(output) as page, appearing(output.with_suffix(".md")) as text:
            page.write_text(html(studies, galleries, delta), encoding="utf-8")
            text.write_text(markdown(studies, delta), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{output}: cannot be written ({error.strerror}); choose another --output") from error
    return studies


def _answered(wanted: Sequence[str], storage: StudyStorage, reporter: Reporter) -> list[StudyAnswers]:
    studies = []
    for name in names(storage, wanted):
        try:
            studies.append(answer_study(read(storage, name)))
        except AirybenchError as error:
            if wanted:
                raise
            reporter.notify(f"{name} is left out: {error}")
    if not studies:
        raise StudyError(f"no study in {storage} has a finished trial; run one with: airybench sweep --dataset helium")
    return studies


def _gallery(one: StudyAnswers) -> list[Figure]:
    winner = one.winner
    store = find_store(one.dataset, winner.config.data, one.provenance.data_sha256)
    simulated = " (simulated data)" if one.provenance.simulated else ""
    title = f"{winner.label} on {one.dataset} test{simulated}"
    return examples(winner.predictions[0], store, title, _explainer(one, store))


def _explainer(one: StudyAnswers, store: Store) -> Explainer | None:
    """Draws what the winner looked at; None where its maps would not show places on the detector.

    Those are networks that see correlation maps, and images so small that the last features are hardly more than one
    pixel.
    """
    winner = one.winner
    if winner.config.data.input != "image" or winner.config.data.image_size < SMALLEST:
        return None
    device = torch.device("cpu")
    try:
        predictor, corrections = for_store(placed(open_model(winner.trials[0].run_id, one.uri), device), store)
        return Explainer(predictor, device, corrections)
    except AirybenchError:
        return None  # its weights are gone, or it does not end in feature maps: the patterns are shown without maps
