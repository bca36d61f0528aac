"""What TIFF files say about their pictures."""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from airybench.data.formats.picture import PictureHeader, damaged, require_depth
from airybench.errors import DataError

TIFF = {b"II*\0": "<", b"MM\0*": ">"}


BIG_TIFF = {b"II+\0": "<", b"MM\0+": ">"}


_WHITE_IS_ZERO = 0


_MOST_PAGES = 1_000_000


_VALUES = {1: "u", 2: "i", 3: "f"}
"""Sample formats of TIFF."""


def tiff_header(path: Path, file: BinaryIO, head: bytes) -> PictureHeader:
    """A TIFF is a chain of directories, one for each picture; all must be alike.

    Source: TIFF revision 6.0, section 2, and the BigTIFF design.
    """
    big = head[:4] in BIG_TIFF
    order = (BIG_TIFF if big else TIFF)[head[:4]]
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
    require_depth(path, bits, (16, 32, 64) if value == "f" else (8, 16, 32, 64))
    return PictureHeader(path, 1, (tags[257], tags[256]), np.dtype(f"{value}{bits // 8}").name, samples > 1)
