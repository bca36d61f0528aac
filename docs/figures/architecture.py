"""The picture of the rooms of the package, as an SVG that follows the reader's colour scheme."""

from html import escape

WIDTH, MARGIN, GAP, HEIGHT = 640, 14, 8, 54
ARROW = 26
"""Width of the strip on the left with the arrow."""

FLOORS: tuple[tuple[tuple[str, str, float], ...], ...] = (
    (("cli", "parse, call one job, print", 1), ("api", "the same for notebooks", 1)),
    (("jobs", "one function per command", 1.6), ("bench", "speed and memory", 1)),
    (("report", "answers, claims, the page", 1), ("analysis", "intervals, leaderboard, comparison", 1.25)),
    (("sweep", "the study: space, storage, scheduler, workers", 1),),
    (("trial", "one cell with one seed: prepare, execute, record the outcome", 1),),
    (("tracking", "MLflow", 0.8), ("inference", "evaluate, predict, export", 1.3), ("figures", "plots", 0.75)),
    (("training", "loop, loss, metrics, checkpoints, devices", 1),),
    (("data.loading", "batches", 1.15), ("data.datasets", "by name", 1.2), ("data.formats", "import", 1.1)),
    (("data.labelling", "labels, lists of shots", 1), ("data.reading", "options, counts, stacks", 1)),
    (("data.split", "train, val, test", 1), ("data.store", "one HDF5 file", 1), ("data.hdf5", "opened safely", 1)),
    (("networks", "activation, architectures", 1), ("physics", "two simulators, features, maps", 1.1)),
    (
        ("config", "what can be set", 1),
        ("reporter", "progress, notices", 1),
        ("interrupts, forking", "Ctrl-C, processes", 1.3),
    ),
    (("parsing, paths, temporary, cores, provenance, study_name", "", 1),),
    (("errors", "one line, with the remedy", 1), ("passwords, version", "kept out of addresses", 1)),
)
"""Rows from the top floor down; each room with its purpose and its relative width."""

STYLE = """
  .page { fill: #ffffff; } .room { fill: #eaf3fa; stroke: #0072B2; } text { fill: #1a1a1a; font-family: sans-serif; }
  .purpose { fill: #4a4a4a; font-size: 12.5px; } .name { font-size: 17px; font-weight: 600; }
  .arrow { stroke: #D55E00; fill: none; stroke-width: 3; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #131416; } .room { fill: #1d2b36; stroke: #56b4e9; } text { fill: #f0f0f0; }
    .purpose { fill: #c4c4c4; } .arrow { stroke: #e69f00; }
  }
"""


def drawing() -> str:
    """The SVG: rooms as boxes, higher floors above the ones they import from."""
    height = 2 * MARGIN + len(FLOORS) * (HEIGHT + GAP) - GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="The rooms of airybench; every import points down">',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}" rx="8"/>',
        f'<path class="arrow" d="M {MARGIN + 6} {MARGIN + 4} V {height - MARGIN - 4} m -7 -10 l 7 10 l 7 -10"/>',
    ]
    left, right = MARGIN + ARROW, WIDTH - MARGIN
    for row, rooms in enumerate(FLOORS):
        top = MARGIN + row * (HEIGHT + GAP)
        unit = (right - left - GAP * (len(rooms) - 1)) / sum(share for *_, share in rooms)
        x = float(left)
        for name, purpose, share in rooms:
            middle, width = x + share * unit / 2, share * unit
            parts.append(f'<rect class="room" x="{x:.1f}" y="{top}" width="{width:.1f}" height="{HEIGHT}" rx="5"/>')
            parts.append(_text("name", middle, top + (23 if purpose else 33), name))
            if purpose:
                parts.append(_text("purpose", middle, top + 42, purpose))
            x += width + GAP
    return "\n".join([*parts, "</svg>"]) + "\n"


def _text(kind: str, x: float, y: float, words: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y}" text-anchor="middle">{escape(words)}</text>'
