"""Executes docs/notebook.ipynb in a fresh folder and stores its outputs: `python -m docs.notebook`.

With `--count N` it simulates N shots instead of 1024, fails where a cell fails, and stores nothing unless `--output`
names a file.
"""

import argparse
import base64
import io
import os
import tempfile
from pathlib import Path
from unittest import mock

import nbformat
from nbclient import NotebookClient
from PIL import Image

NOTEBOOK = Path(__file__).with_suffix(".ipynb")
COUNT = "count=1024"
MOST_BYTES = 200_000
WIDEST, COLOURS = 700, 64
TIMEOUT = 1800  # seconds per cell


def lighter(picture: str) -> str:
    """A PNG, base64, at most WIDEST pixels wide and of COLOURS colours, so that the page stays light."""
    image = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")
    if image.width > WIDEST:
        image = image.resize((WIDEST, round(image.height * WIDEST / image.width)), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        content, format="png", optimize=True
    )
    return base64.b64encode(content.getvalue()).decode()


def executed(count: int | None) -> nbformat.NotebookNode:
    """The notebook with the outputs of a plain Jupyter kernel, without timestamps and versions.

    Args:
        count: simulated shots in place of 1024.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        if count is not None and cell.cell_type == "code":
            cell.source = cell.source.replace(COUNT, f"count={count}")
    # Data and runs go into a new folder, whose relative name is what the outputs show.
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, AIRYBENCH_DATA="data"):
        client = NotebookClient(
            notebook, timeout=TIMEOUT, kernel_name="python3", resources={"metadata": {"path": folder}}
        )
        client.execute()
        home = f"{Path(folder).resolve()}{os.sep}"
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            content = output.get("data", {})
            for kind in content.keys() & {"text/html", "text/plain"}:
                content[kind] = content[kind].replace(home, "")  # a name that differs from run to run
            if "image/png" in content:
                content["image/png"] = lighter(content["image/png"])
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return notebook


def main() -> None:
    """Execute and store."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, metavar="N", help="simulated shots in place of 1024")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to store it (default: docs/notebook.ipynb)")
    arguments = parser.parse_args()
    notebook = executed(arguments.count)
    output = arguments.output or (None if arguments.count else NOTEBOOK)
    size = len(nbformat.writes(notebook).encode())
    print(f"{NOTEBOOK.name}: {sum(cell.cell_type == 'code' for cell in notebook.cells)} cells, {size / 1000:.0f} kB")
    if output:
        if size > MOST_BYTES:
            raise SystemExit(f"more than {MOST_BYTES / 1000:.0f} kB: draw fewer or smaller pictures")
        nbformat.write(notebook, output)


if __name__ == "__main__":
    main()
