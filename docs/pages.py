"""Takes the pictures of docs/comparing.md again: `python -m docs.pages [NAME ...] [--folder FOLDER] [--output FOLDER]`.

Runs a small study on simulated data, opens MLflow on it as `airybench ui` does, and takes a picture of each page in
Chromium; some ten minutes on two cores. With `--folder` the study stays there, and is not run again.
"""

import argparse
import getpass
import io
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from airybench.tracking.filters import of_study
from airybench.tracking.pages import address, model_place, run_place, runs_place
from airybench.tracking.search import found_runs
from airybench.tracking.store import client_of, connect
from airybench.tracking.tags import Tag
from airybench.tracking.view import views_of
from docs.browser import choose, new_page

PICTURES = Path(__file__).with_name("comparing")
STUDY = "activation@helium"
SWEEP = (
    "sweep --dataset helium --study activation --count 256 --image-size 32 --epochs 3 --seeds 2 --arch resnet "
    "--log-activation --no-log-activation --alpha 0.2,0.5 --leakiness 0,0.2"
)
REPORT = "report --study activation --output report.html"
WIDTH, HEIGHT = 1300, 800
COLOURS = 64
MOST_BYTES = 300_000
PATIENCE = 240_000  # ms that a page may take on a busy machine
SETTLED = 2000  # ms in which plots and tables are drawn after their words are there

REPLACED = """([folder, instead]) => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    if (node.data.includes(folder)) node.data = node.data.replaceAll(folder, instead);
  }
}"""
"""Names the folder of the study in the text of a page as it would be called elsewhere."""


@dataclass(frozen=True)
class Shown:
    """A study in MLflow, as its pages are reached.

    Attributes:
        pages: address of MLflow's pages.
        folder: of the study; its store is there.
        experiment: id.
        parent: id of the run of the study.
        cells: ids of the runs of its cells, the best first.
        trial: id of the run of the best trial of the best cell.
        trials: ids of the runs of all its trials.
        model: URI of the winner.
        view: key of the prepared view.
    """

    pages: str
    folder: Path
    experiment: str
    parent: str
    cells: list[str]
    trial: str
    trials: list[str]
    model: str
    view: str

    def run(self, run_id: str, tab: str = "") -> str:
        """Address of the page of a run, or of one of its tabs."""
        place, _, query = run_place(self.experiment, run_id).partition("?")
        return address(self.pages, f"{place}{tab}?{query}")

    def comparison(self) -> str:
        """Address of MLflow's comparison of all trials."""
        runs = ",".join(f'"{run_id}"' for run_id in self.trials)
        return address(self.pages, f'#/compare-runs?runs=[{runs}]&experiments=["{self.experiment}"]')


def scores_compared(page: Any) -> None:
    """Draw the score of every trial beside its loss in training."""
    page.get_by_text("Parallel Coordinates Plot").first.wait_for()
    choose(page, 1, "best/macro_ap")
    page.locator(".js-plotly-plot").first.get_by_text("best/macro_ap").wait_for()


def scores_charted(page: Any) -> None:
    """Wait until the score of every cell is drawn."""
    page.get_by_text("score/val").first.wait_for()


def figure_opened(page: Any) -> None:
    """Open the picture of the leaderboard among the artifacts."""
    page.get_by_text("plots", exact=True).click()
    page.get_by_text("leaderboard.png").click()
    page.wait_for_function("[...document.images].some(one => one.complete && one.naturalWidth > 300)")


def saying(text: str) -> Callable[[Any], None]:
    """What waits until some words are on a page."""
    return lambda page: page.get_by_text(text).first.wait_for()


Page = tuple[Callable[[Shown], str], Callable[[Any], None], int]
"""Its address, what waits until it is drawn, and the height of the picture, pixels."""

PAGES: dict[str, Page] = {
    "leaderboard": (lambda one: address(one.pages, runs_place(one.experiment, one.view)), saying("★"), 580),
    "charts": (
        lambda one: address(one.pages, f"{runs_place(one.experiment, one.view)}&compareRunsMode=CHART"),
        scores_charted,
        HEIGHT,
    ),
    "study": (lambda one: one.run(one.parent), saying("Winner:"), HEIGHT),
    "cell": (lambda one: one.run(one.cells[0]), saying("Rank 1 of"), 620),
    "trial": (lambda one: one.run(one.trial), saying("trained on"), HEIGHT),
    "compare": (lambda one: one.comparison(), scores_compared, 600),
    "model": (lambda one: address(one.pages, model_place(one.experiment, one.model)), saying("Takes raw"), HEIGHT),
    "artifacts": (lambda one: one.run(one.parent, "/artifacts"), figure_opened, 700),
    "leaderboard-html": (lambda one: (one.folder / "leaderboard.html").as_uri(), saying("cells ranked"), 420),
    "report": (lambda one: (one.folder / "report.html").as_uri(), saying("test macro_ap"), 900),
}
"""Pages that docs/comparing.md shows, by the name of the picture."""


def airybench(command: str, folder: Path) -> None:
    """Run a command in the folder of the study; it does nothing again that is done."""
    subprocess.run(
        [sys.executable, "-m", "airybench", *command.split()], cwd=folder, env=environment(folder), check=True
    )


def environment(folder: Path) -> dict[str, str]:
    """With data beside the runs, and a user who is the reader."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    code = str(Path(__file__).parents[1])
    return kept | {"AIRYBENCH_DATA": str(folder / "data"), "LOGNAME": "you", "PYTHONPATH": code}


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of the pages that `airybench ui` opens on a folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "airybench", "ui", "--no-browser", "--port", str(port)],
        cwd=folder, env=environment(folder), text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        found = process.stdout.readline().strip()
        if not found:
            raise SystemExit("airybench ui does not start")
        yield found
    finally:
        process.terminate()
        process.wait()


def study_shown(pages: str, folder: Path) -> Shown:
    """The study of a folder."""
    tracking = connect(f"sqlite:///{folder / 'mlflow.db'}")
    ((own, view),) = views_of(tracking, STUDY)
    client = client_of(own.uri)

    def runs(kind: str, order: str) -> list[Any]:
        return list(found_runs(client, [own.experiment_id], of_study(STUDY, kind=kind), order_by=[order]))

    (parent,) = runs("sweep", "attributes.start_time DESC")
    client.download_artifacts(parent.info.run_id, "leaderboard.html", str(folder))
    return Shown(
        pages=pages,
        folder=folder,
        experiment=own.experiment_id,
        parent=parent.info.run_id,
        cells=[run.info.run_id for run in runs("cell", "metrics.`score/rank` ASC")],
        trial=parent.data.tags[Tag.WINNER],
        trials=[run.info.run_id for run in runs("trial", "metrics.`best/macro_ap` DESC")],
        model=parent.data.tags[Tag.MODEL_URI],
        view=view.key,
    )


def require_nothing_private(text: str, name: str, folder: Path) -> None:
    """Refuse a page that shows a path of this machine or its user."""
    shown = [word for word in (str(folder), str(Path.home()), str(Path(__file__).parents[1])) if word in text]
    shown += [word for word in text.replace("/", " ").split() if word == getpass.getuser()]
    if shown:
        raise SystemExit(f"{name} shows {', '.join(shown)}")


def picture(page: Any, name: str, one: Shown) -> bytes:
    """A PNG of a page, of few colours."""
    place, ready, height = PAGES[name]
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.goto("about:blank")  # else another place of the same page is no navigation
    page.goto(place(one))
    ready(page)
    page.wait_for_timeout(SETTLED)
    page.evaluate(REPLACED, [one.folder.as_posix(), "/home/you/sweeps"])
    require_nothing_private(page.inner_text("body"), name, one.folder)
    image = Image.open(io.BytesIO(page.screenshot(timeout=PATIENCE))).convert("RGB")
    content = io.BytesIO()
    image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        content, format="png", optimize=True
    )
    return content.getvalue()


def main() -> None:
    """Take the pictures named on the command line, or all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(PAGES)} (default: all)")
    parser.add_argument("--folder", type=Path, help="where the study stays (default: it does not)")
    parser.add_argument("--output", type=Path, default=PICTURES, help="folder of the pictures")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        airybench(SWEEP, folder)
        airybench(REPORT, folder)
        arguments.output.mkdir(parents=True, exist_ok=True)
        with served(folder) as pages, new_page(WIDTH, HEIGHT) as page:
            page.set_default_timeout(PATIENCE)
            one = study_shown(pages, folder)
            for name in arguments.names or PAGES:
                content = picture(page, name, one)
                if len(content) > MOST_BYTES:
                    raise SystemExit(f"{name} has {len(content) / 1000:.0f} kB: make it smaller")
                (arguments.output / f"{name}.png").write_bytes(content)
                print(f"{name}.png: {len(content) / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
