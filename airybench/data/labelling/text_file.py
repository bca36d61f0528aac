"""Text files as people and their programs save them: whichever encoding and line ends, or a clear refusal."""

import re
from dataclasses import dataclass
from pathlib import Path

from airybench.errors import DataError
from airybench.paths import refuse_special

_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)
"""Byte order marks, the longer ones first."""

_OTHERS = (
    (b"\x89HDF", "an HDF5 file", "labels inside it are given by --labels KEY"),
    (b"PK\x03\x04", "a spreadsheet or an archive", "save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet of old Excel", "save the sheet as CSV"),
    (b"\x1f\x8b", "compressed by gzip", "unpack it"),
    (b"\x93NUMPY", "a NumPy file", "give a text file"),
    (b"{", "JSON", "write one line for each shot"),
    (b"[", "JSON", "write one line for each shot"),
    (b"<", "HTML or XML", "save the table as CSV"),
    (b"%PDF", "PDF", "write one line for each shot"),
    (b"{\\rtf", "rich text", "save it as plain text"),
)
"""How files that are no text begin, what they are, and the remedy."""

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_HEAD = 65536


@dataclass(frozen=True)
class TextFile:
    """The content of a text file.

    Attributes:
        path: the file.
        lines: without their ends.
        encoding: in words, for people.
    """

    path: Path
    lines: list[str]
    encoding: str


def read_text(path: Path) -> TextFile:
    """Read a text file in UTF-8, UTF-16, UTF-32 or Latin-1, with line ends of any system.

    Raises:
        DataError: it is missing, a folder, empty, or no text.
    """
    refuse_special(path)
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            _refuse_other_kinds(path, head)
            content = head + file.read()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})", "give a text file, such as CSV") from error
    text, encoding = _decoded(path, content)
    text = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\x1a").removesuffix("\n")
    if not text.strip():
        raise DataError(f"{path}: is empty", "give one line for each shot")
    control = _CONTROL.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        raise DataError(
            f"{path}: line {line} holds the control character {control[0]!r}: not a text file", "save it as CSV"
        )
    return TextFile(path, text.split("\n"), encoding)


def _refuse_other_kinds(path: Path, head: bytes) -> None:
    """Refuse what is known to be no text by its first bytes, before all of it is read."""
    for mark, what, remedy in sorted(_OTHERS, key=lambda one: -len(one[0])):
        if head.startswith(mark):
            raise DataError(f"{path}: is {what}, not a list or table as text", remedy)
    if b"\x00" in head and _wide(head) is None:
        raise DataError(f"{path}: holds zero bytes: not a text file", "save it as CSV in UTF-8")


def _wide(head: bytes) -> str | None:
    """The encoding of text with two or four bytes for each character; None for other content.

    >>> _wide("id,label".encode("utf-16-le")), _wide(b"id,label")
    ('utf-16-le', None)
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark) and encoding != "utf-8-sig":
            return encoding
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > 0.7 * half and even < 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.7 * half and odd < 0.05 * half else None


def _decoded(path: Path, content: bytes) -> tuple[str, str]:
    """The text, and the name of its encoding."""
    encoding = _wide(content[:_HEAD])
    if encoding:
        try:
            return content.decode(encoding).removeprefix("\ufeff"), encoding.upper()
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path}: not whole {encoding.upper()} text ({error.reason})", "save it in UTF-8"
            ) from error
    try:
        return content.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp1252"), "Latin-1 (Windows), since it is not UTF-8"
    except UnicodeDecodeError:
        return content.decode("latin-1"), "Latin-1, since it is not UTF-8"
