"""Pictures that a command writes."""

from pathlib import Path
from typing import TYPE_CHECKING

from airybench.errors import DataError
from airybench.paths import require_new

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDINGS = (".png", ".pdf", ".svg")  # named here too: figures.style takes matplotlib, which a command line waits for
ENDINGS_TEXT = ".png, .pdf or .svg"


def require_picture(path: Path | None, *, force: bool) -> None:
    """Refuse a name that no picture can have, before the long part."""
    if path is not None and path.suffix.lower() not in ENDINGS:
        raise DataError(f"{path}: a picture is a PNG, PDF or SVG; give a name that ends in {ENDINGS_TEXT}")
    if path is not None:
        require_new(path, force=force)


def save_picture(figure: "Figure", path: Path) -> None:
    """Write a figure in the format that the name ends in."""
    from airybench.figures.style import save

    try:
        save(figure, path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror}); name another file") from error
