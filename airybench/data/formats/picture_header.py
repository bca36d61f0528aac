"""What PNG, TIFF and NPY files say about their pictures, read without decoding them."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from airybench.data.formats.numpy_array import numpy_arrays
from airybench.errors import DataError

_PNG, _NPY = b"\x89PNG\r\n\x1a\n", b"\x93NUMPY"
_TIFF = {b"II*\0": "<", b"MM\0*": ">"}
_BIG_TIFF = {b"II+\0": "<", b"MM\0+": ">"}
_GREY, _GREY_ALPHA = 0, 4
_DEFLATED = 1032
"""Bytes that one byte of zlib can hold, at most."""

_WHITE_IS_ZERO = 0
_MOST_PAGES = 1_000_000
_VALUES = {1: "u", 2: "i", 3: "f"}
"""Sample formats of TIFF."""


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


def picture_header(path: Path) -> PictureHeader:
    """Read the header of a file; its first bytes say of what kind it is.

    Raises:
        DataError: the file cannot be read, is damaged, or of a kind that loses counts.
    """
    try:
        with path.open("rb") as file:
            head = file.read(8)
            file.seek(0)
            if head == _PNG:
                return _with_pixels(_png(path, file))
            if head[:6] == _NPY:
                return _with_pixels(_npy(path))
            if head[:4] in _TIFF or head[:4] in _BIG_TIFF:
                return _with_pixels(_tiff(path, file, head))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})", "ask its owner") from error
    except (struct.error, ValueError, OverflowError, MemoryError) as error:
        raise damaged(path) from error
    raise DataError(f"{path}: neither PNG nor TIFF nor NPY, whatever its name says", "get a whole copy")


def damaged(path: Path) -> DataError:
    """The error for a picture that cannot be decoded."""
    return DataError(f"{path}: truncated or damaged picture", "get a whole copy, or leave it out")


def _with_pixels(header: PictureHeader) -> PictureHeader:
    """A header as it is, unless it is that of no picture, or of pictures without pixels."""
    if 0 in (header.pages, *header.shape):
        raise DataError(f"{header.path}: holds {header.pages} pictures of {header.words}", "leave it out")
    return header


def _png(path: Path, file: BinaryIO) -> PictureHeader:
    """Head, and chunks that fit the file: a decoder allocates what they claim before it finds it missing.

    Source: the PNG specification, chunks and IHDR.
    """
    width, height, bits, colour = struct.unpack(">16xIIBB", file.read(26))
    _require_depth(path, bits, (8, 16))
    end, where, packed, kind = path.stat().st_size, len(_PNG), 0, b""
    while kind != b"IEND":
        file.seek(where)
        length, kind = struct.unpack(">I4s", file.read(8))
        where += length + 12
        packed += length * (kind == b"IDAT")
        if where > end:
            raise damaged(path)
    if width * height * (bits // 8) > _DEFLATED * packed:
        raise damaged(path)
    return PictureHeader(path, 1, (height, width), f"uint{bits}", colour not in (_GREY, _GREY_ALPHA))


def _require_depth(path: Path, bits: int, known: tuple[int, ...]) -> None:
    """Refuse pixels that no type of NumPy holds: less than a byte, or 12 bits, which would lose the upper four."""
    if bits < 8:
        raise DataError(f"{path}: pixels of {bits} bits hold no counts", "save the pictures with 16 bits")
    if bits not in known:
        depths = ", ".join(map(str, known))
        raise DataError(f"{path}: pixels of {bits} bits, {depths} are read", "save the pictures with 16 bits")


def _npy(path: Path) -> PictureHeader:
    array = next(iter(numpy_arrays(path).values()))
    if len(array.shape) not in (2, 3) or array.dtype.kind not in "biuf":
        raise DataError(f"{path}: holds {array.dtype} {array.shape}, one image (H, W) is expected", "leave it out")
    height, width = array.shape[-2:]
    if len(array.shape) > 2 and width in (3, 4):
        raise DataError(
            f"{path}: holds {array.dtype} {array.shape}, a picture in colour", "give one number for each pixel"
        )
    return PictureHeader(path, 1 if len(array.shape) == 2 else array.shape[0], (height, width), array.dtype.name)


def _tiff(path: Path, file: BinaryIO, head: bytes) -> PictureHeader:
    """A TIFF is a chain of directories, one for each picture; all must be alike.

    Source: TIFF revision 6.0, section 2, and the BigTIFF design.
    """
    big = head[:4] in _BIG_TIFF
    order = (_BIG_TIFF if big else _TIFF)[head[:4]]
    file.seek(8 if big else 4)
    pages: list[PictureHeader] = []
    seen: set[int] = set()
    (where,) = struct.unpack(order + ("Q" if big else "I"), file.read(8 if big else 4))
    while where:
        if where in seen or len(pages) > _MOST_PAGES:
            raise damaged(path)
        seen.add(where)
        file.seek(where)
        tags, where = _directory(file, order, big=big)
        pages.append(_page(path, tags))
    for number, page in enumerate(pages):
        if page != pages[0]:
            raise DataError(f"{path}: picture {number} is {page.words}, picture 0 {pages[0].words}", "separate them")
    if not pages:
        raise damaged(path)
    first = pages[0]
    return PictureHeader(path, len(pages), first.shape, first.dtype, first.coloured)


def _directory(file: BinaryIO, order: str, *, big: bool) -> tuple[dict[int, int], int]:
    """First value of each tag of a directory, and where the next directory is."""
    count_size, entry, next_size = (8, "HHQ8s", 8) if big else (2, "HHI4s", 4)
    (count,) = struct.unpack(order + ("Q" if big else "H"), file.read(count_size))
    if count > 0xFFFF:
        raise ValueError(count)
    size = struct.calcsize(order + entry)
    tags = {}
    for tag, kind, _, value in struct.iter_unpack(order + entry, file.read(size * count)):
        letter = {1: "B", 3: "H", 4: "I", 16: "Q"}.get(kind)
        if letter and struct.calcsize(letter) <= len(value):
            tags[tag] = struct.unpack_from(order + letter, value)[0]
    (following,) = struct.unpack(order + ("Q" if big else "I"), file.read(next_size))
    return tags, following


def _page(path: Path, tags: dict[int, int]) -> PictureHeader:
    samples, value = tags.get(277, 1), _VALUES.get(tags.get(339, 1))
    if 256 not in tags or 257 not in tags or value is None:
        raise damaged(path)
    if tags.get(262) == _WHITE_IS_ZERO:
        raise DataError(f"{path}: stored with black and white exchanged (WhiteIsZero)", "save it as BlackIsZero")
    # The bits of several samples stand elsewhere in the file; such a picture is looked at when it is decoded.
    bits = tags.get(258, 1) if samples == 1 else 8
    _require_depth(path, bits, (16, 32, 64) if value == "f" else (8, 16, 32, 64))
    return PictureHeader(path, 1, (tags[257], tags[256]), np.dtype(f"{value}{bits // 8}").name, samples > 1)
