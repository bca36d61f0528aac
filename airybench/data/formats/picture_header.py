"""What PNG, TIFF and NPY files say about their pictures, read without decoding them."""

import struct
from pathlib import Path
from typing import BinaryIO

from airybench.data.formats.numpy_array import numpy_arrays
from airybench.data.formats.picture import PictureHeader, damaged, require_depth
from airybench.data.formats.tiff import BIG_TIFF, TIFF, tiff_header
from airybench.errors import DataError

_PNG, _NPY = b"\x89PNG\r\n\x1a\n", b"\x93NUMPY"
_GREY, _GREY_ALPHA = 0, 4
_DEFLATED = 1032
"""Bytes that one byte of zlib can hold, at most."""


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
            if head[:4] in TIFF or head[:4] in BIG_TIFF:
                return _with_pixels(tiff_header(path, file, head))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})", "ask its owner") from error
    except (struct.error, ValueError, OverflowError, MemoryError) as error:
        raise damaged(path) from error
    raise DataError(f"{path}: neither PNG nor TIFF nor NPY, whatever its name says", "get a whole copy")


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
    require_depth(path, bits, (8, 16))
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
