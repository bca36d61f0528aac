"""Pictures that a command writes."""

from pathlib import Path
from typing import TYPE_CHECKING

from airybench.errors import DataError
from airybench.paths import require_new

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def require_picture(path: Path | None, *, force: bool) -> None:
    """Refuse a name that no picture can have, before the long part."""
    if path is not None and path.suffix.lower() != ".png":
        raise DataError(f"{path}: a picture is a PNG file; give a name that ends in .png")
    if path is not None:
        require_new(path, force=force)


def save_picture(figure: "Figure", path: Path) -> None:
    """Write a figure as PNG."""
    from airybench.figures.style import save

    try:
        save(figure, path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror}); name another file") from error
