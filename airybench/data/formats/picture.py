"""What is known of pictures before they are decoded."""

from dataclasses import dataclass
from pathlib import Path

from airybench.errors import DataError


@dataclass(frozen=True)
class PictureHeader:
    """What a file says about its pictures.

    Attributes:
        path: the file.
        pages: number of pictures.
        shape: (H, W), pixels.
        dtype: of a pixel, as NumPy writes it.
        coloured: whether a pixel has more than one value.
    """

    path: Path
    pages: int
    shape: tuple[int, int]
    dtype: str
    coloured: bool = False

    @property
    def words(self) -> str:
        """For messages.

        >>> PictureHeader(Path("a.png"), 1, (40, 50), "uint16").words
        '40 x 50 uint16'
        """
        return f"{self.shape[0]} x {self.shape[1]} {self.dtype}{' in colour' if self.coloured else ''}"


def damaged(path: Path) -> DataError:
    """The error for a picture that cannot be decoded."""
    return DataError(f"{path}: truncated or damaged picture", "get a whole copy, or leave it out")


def require_depth(path: Path, bits: int, known: tuple[int, ...]) -> None:
    """Refuse pixels that no type of NumPy holds: less than a byte, or 12 bits, which would lose the upper four."""
    if bits < 8:
        raise DataError(f"{path}: pixels of {bits} bits hold no counts", "save the pictures with 16 bits")
    if bits not in known:
        depths = ", ".join(map(str, known))
        raise DataError(f"{path}: pixels of {bits} bits, {depths} are read", "save the pictures with 16 bits")
