"""Draws the figures of the documentation again, and prints numbers of their text.

    python -m docs.figures [NAME ...] [--output FOLDER]

Without names all of them. Needs the `dev` extra (miepython). The galleries and the counts are those of the simulated
stores of 7264 helium and 1024 cxidb shots, which are simulated first if the data folder does not have them (six
minutes). `results` draws the figures of docs/results/*.json and writes their tables into docs/reproduction.md.
"""

import argparse
import io
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure
from PIL import Image

from airybench.figures.style import STYLE
from docs.figures import architecture, results
from docs.figures.aims import aims
from docs.figures.answers import picture
from docs.figures.asymmetry import ewald, odd
from docs.figures.judging import calibration, power, verdicts
from docs.figures.natural import natural
from docs.figures.newton import newton
from docs.figures.sphere import sphere
from docs.figures.statistics import poisson, population
from docs.figures.stores import counts, gallery_cxidb, gallery_cxidb_2, gallery_helium_more, gallery_helium_round

FIGURES = (
    sphere, newton, odd, poisson, population, natural, ewald, gallery_helium_round, gallery_helium_more, gallery_cxidb,
    gallery_cxidb_2,
)  # fmt: skip
JUDGING = (verdicts, power, calibration)
"""Figures of docs/statistics.md."""

DOCS = Path(__file__).parents[1]


def write(figure: Figure, path: Path) -> None:
    """Write a PNG of at most 256 colours, so that the page stays light."""
    content = io.BytesIO()
    figure.savefig(content, format="png")
    image = Image.open(content).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def write_results() -> None:
    """The figure of every published answer, and the tables of all."""
    answers = results.all_results()
    for name, found in answers.items():
        with rc_context(STYLE):
            write(picture(found), DOCS / "reproduction" / f"{name}.png")
    text = results.PAGE.read_text(encoding="utf-8")
    results.PAGE.write_text(results.with_tables(text, answers.values()), encoding="utf-8")


def main() -> None:
    """Draw the figures named on the command line, or all."""
    known = {figure.__name__: figure for figure in (*FIGURES, *JUDGING)}
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    names = f"{', '.join(known)}, architecture, results, counts or aims (default: all)"
    parser.add_argument("names", nargs="*", metavar="NAME", help=names)
    parser.add_argument("--output", type=Path, default=DOCS / "physics", help="folder of the physics figures")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or [*known, "architecture", "results", "counts", "aims"]:
        if name in {"counts", "aims"}:
            (counts if name == "counts" else aims)()
        elif name == "architecture":
            (DOCS / "architecture.svg").write_text(architecture.drawing(), encoding="utf-8")
        elif name == "results":
            write_results()
        else:
            folder = DOCS / "statistics" if known[name] in JUDGING else arguments.output
            with rc_context(STYLE):
                write(known[name](), folder / f"{name.replace('_', '-')}.png")


if __name__ == "__main__":
    main()
