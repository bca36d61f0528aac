"""Ways to spoil a file: bytes of any kind of file, and the structure of HDF5, JSON, YAML, text, NPZ and safetensors."""

import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import yaml
from fuzz_hdf5 import spoil_hdf5

DEEP = 3000
TOKENS = ("", "nan", "-1", "1e999", "9" * 5000, "\x00", '"', "'", "#", "MAYBE", "?", "a|b", "\udcff", "0x10", "None")
TOKENS += ("2026-11-26", "=1+1", " ", "\t", ";;;;", "\ufeff", "x" * 200_000, "../../etc/passwd", "A" * 70)
HEADS = (
    b"\x89HDF\r\n\x1a\n",
    b"PK\x03\x04",
    b"\x93NUMPY\x01\x00",
    b"\x89PNG\r\n\x1a\n",
    b"II*\x00",
    b"MM\x00*",
    b"\x80\x04",
)
HEADS += (b"", b"\xff\xfe", b"\xef\xbb\xbf", b"{" * 64, b"\x00" * 64, b"\xff" * 64)


def spoil(path: Path, rng: random.Random) -> str:
    """Spoil a good file in place; returns the name of the way."""
    by_structure = _structural(path)
    if by_structure is not None and rng.random() < 0.6:
        return by_structure(path, rng)
    way = rng.choice(BYTES)
    path.write_bytes(way(path.read_bytes(), rng))
    return way.__name__


def _structural(path: Path) -> Callable[[Path, random.Random], str] | None:
    suffix = path.suffix.lower()
    if suffix in STRUCTURES:
        return STRUCTURES[suffix]
    return spoil_hdf5 if h5py.is_hdf5(path) else None


def _place(content: bytes | bytearray, rng: random.Random) -> int:
    """A byte; one of the first 200 every second time, where headers are."""
    return rng.randrange(min(len(content), 200) if rng.random() < 0.5 else len(content)) if content else 0


def flip(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8, 64)) if content else 0):
        changed[_place(changed, rng)] ^= rng.randrange(1, 256)
    return bytes(changed)


def truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: _place(content, rng)]


def insert(content: bytes, rng: random.Random) -> bytes:
    at = _place(content, rng)
    return content[:at] + rng.randbytes(rng.choice((1, 2, 8, 100))) + content[at:]


def cut(content: bytes, rng: random.Random) -> bytes:
    at = _place(content, rng)
    return content[:at] + content[at + rng.choice((1, 2, 8, 100)) :]


def extreme(content: bytes, rng: random.Random) -> bytes:
    """A field of 2, 4 or 8 bytes becomes all ones, zero or the largest number of its kind."""
    at, width = _place(content, rng) & ~1, rng.choice((2, 4, 8))
    value = rng.choice(
        (b"\xff" * width, b"\x00" * width, b"\xff" * (width - 1) + b"\x7f", b"\x7f" + b"\xff" * (width - 1))
    )
    return content[:at] + value + content[at + width :]


def repeated(content: bytes, rng: random.Random) -> bytes:
    at = _place(content, rng)
    return content[: at + 50] + content[at:]


def other_head(content: bytes, rng: random.Random) -> bytes:
    head = rng.choice(HEADS)
    return head + content[len(head) if rng.random() < 0.7 else 0 :]


BYTES = (flip, flip, truncate, insert, cut, extreme, repeated, other_head)


def odd_value(rng: random.Random) -> Any:
    """A value that no reader expects."""
    deep: Any = 0
    for _ in range(rng.choice((3, 70, 200))):
        deep = [deep] if rng.random() < 0.5 else {"a": deep}
    return rng.choice((
        None, True, -1, 0, 3, 0.5, 10**30, -(2**63), 2**63, float("nan"), float("inf"), 1e308, "", "x", "ü" * 300,
        "nan", [], {}, [[]], [None], {"": 1}, {"a": {"b": [1]}}, [1, "a"], deep, "x" * 100_000, list(range(2000)),
        "1", [True],
    ))  # fmt: skip


def spoil_tree(content: Any, rng: random.Random) -> Any:
    """Replace, drop, add or repeat one value somewhere in lists and mappings."""
    places: list[tuple[Any, Any]] = []

    def walk(part: Any) -> None:
        for key in list(part) if isinstance(part, dict) else range(min(len(part), 50)):
            places.append((part, key))
            if isinstance(part[key], dict | list):
                walk(part[key])

    if isinstance(content, dict | list):
        walk(content)
    if not places or rng.random() < 0.03:
        return odd_value(rng)
    part, key = rng.choice(places)
    way = rng.random()
    if way < 0.7:
        part[key] = odd_value(rng)
    elif way < 0.85:
        del part[key]
    elif isinstance(part, dict):
        part[rng.choice(("more", "", "seed", "count"))] = odd_value(rng)
    else:
        part.append(rng.choice((part[key], odd_value(rng))))
    return content


def _json_text(content: Any, rng: random.Random) -> str:
    text = json.dumps(spoil_tree(content, rng))
    way = rng.random()
    if way < 0.85:
        return text
    at = text.find(":") + 1 or 1
    return text[:at] + rng.choice(("[" * DEEP, "9" * 5000, '"\\ud800"', '{"a":' * DEEP, "1e400", "-")) + text[at:]


def spoil_json(path: Path, rng: random.Random) -> str:
    path.write_text(_json_text(json.loads(path.read_text("utf-8")), rng), "utf-8")
    return "json"


def spoil_lines(path: Path, rng: random.Random) -> str:
    """A journal: one JSON text a line; one of them is spoilt, dropped, repeated or moved."""
    lines = path.read_text("utf-8").splitlines()
    at, way = rng.randrange(len(lines)), rng.random()
    if way < 0.7:
        lines[at] = _json_text(json.loads(lines[at]), rng)
    elif way < 0.8:
        del lines[at]
    elif way < 0.9:
        lines.insert(rng.randrange(len(lines)), lines[at])
    else:
        rng.shuffle(lines)
    path.write_text("\n".join(lines) + "\n" * (rng.random() < 0.8), "utf-8")
    return "lines"


def spoil_yaml(path: Path, rng: random.Random) -> str:
    if rng.random() < 0.7:
        path.write_text(yaml.safe_dump(spoil_tree(yaml.safe_load(path.read_text("utf-8")), rng)), "utf-8")
        return "yaml"
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    odd = (
        "[" * DEEP, "a: " * 90 + "1", "&a [*a]", "base: &b {space: *b}", "a: !!python/object:os.system x",
        "? [a]\n: 1", "- " * DEEP, "%YAML 9.9\n---\n", "base: !!binary x", "a: 1\n---\nb: 2", "base: 2026-13-45",
        "<<: 1",
        bomb, "a: 0o" + "7" * 5000, "a: " + "9" * 5000, "a: !!timestamp x", "a: 1_0:99:99", "!!set {a}", "\t- x",
        "{a: 1, a: 2}",
    )  # fmt: skip
    text = path.read_text("utf-8")
    chosen = rng.choice(odd)
    path.write_text(chosen if rng.random() < 0.5 else f"{text}\n{chosen}\n", "utf-8")
    return "odd yaml"


def spoil_text(path: Path, rng: random.Random) -> str:
    """A table or list: cells, lines, separators and the encoding."""
    lines = path.read_text("utf-8").split("\n")
    way = rng.choice(("cell", "cell", "cell", "drop", "repeat", "separator", "encoding", "long"))
    at = rng.randrange(len(lines))
    separator = next((one for one in ",;\t =" if one in lines[at]), ",")
    if way == "cell":
        cells = lines[at].split(separator)
        cells[rng.randrange(len(cells))] = rng.choice(TOKENS)
        lines[at] = separator.join(cells)
    elif way == "drop":
        del lines[at]
    elif way == "repeat":
        lines[at:at] = lines[: rng.choice((1, 3))]
    elif way == "separator":
        lines[at if rng.random() < 0.5 else 0] = lines[at].replace(separator, rng.choice((";", "\t", "|", "", "::")))
    elif way == "long":
        lines[at] = separator.join([lines[at]] * 3000)
    encoding = rng.choice(("utf-16", "utf-16-be", "latin-1", "utf-32", "cp037")) if way == "encoding" else "utf-8"
    path.write_bytes("\n".join(lines).encode(encoding, "surrogateescape" if encoding == "utf-8" else "replace"))
    return f"text {way}"


def spoil_npz(path: Path, rng: random.Random) -> str:
    """The bytes of one member; the archive around it is sound."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(sorted(members))
    way = rng.choice(BYTES)
    members[name] = way(members[name], rng)
    with zipfile.ZipFile(path, "w") as archive:
        for key, content in members.items():
            archive.writestr(rng.choice(("../x.npy", "x", key)) if key == name and rng.random() < 0.1 else key, content)
    return f"npz {way.__name__}"


def spoil_npy(path: Path, rng: random.Random) -> str:
    """The header, a dict of Python that says dtype, order and shape."""
    content = path.read_bytes()
    for old, new in (
        (
            b"'<u2'",
            rng.choice((b"'<f8'", b"'|O'", b"'|S0'", b"'<M8[s]'", b"'<V4'", b"None", b"'>c16'", b"[('a','<u2')]")),
        ),
        (b"False", rng.choice((b"True", b"False", b"1", b"None"))),
        (b"(", rng.choice((b"(-1, ", b"(99999999999, ", b"((", b"(0, ", b"(1.5, ", b"("))),
    ):
        content = content.replace(old, new, 1) if rng.random() < 0.6 else content
    path.write_bytes(content)
    return "npy header"


def spoil_safetensors(path: Path, rng: random.Random) -> str:
    """The header, JSON behind its length."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    head = _json_text(json.loads(content[8 : 8 + length]), rng).encode()
    told = rng.choice((0, 2**63, 10**9, len(head) - 1)) if rng.random() < 0.1 else len(head)
    path.write_bytes(told.to_bytes(8, "little") + head + content[8 + length :])
    return "safetensors header"


STRUCTURES: dict[str, Callable[[Path, random.Random], str]] = {
    ".json": spoil_json,
    ".journal": spoil_lines,
    ".yaml": spoil_yaml,
    ".csv": spoil_text,
    ".txt": spoil_text,
    ".dat": spoil_text,
    ".geom": spoil_text,
    ".npz": spoil_npz,
    ".npy": spoil_npy,
    ".safetensors": spoil_safetensors,
}
