"""Ways to spoil an HDF5 file by its structure: other types, groups for data sets, circles, views of themselves."""

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np

DTYPES = (
    "u1",
    "i2",
    ">u2",
    "u4",
    "i8",
    "u8",
    ">f4",
    "f8",
    "f2",
    "c8",
    "?",
    "S3",
    "S0",
    "V7",
    [("a", "i4"), ("b", "S2")],
)
SHAPES = ((), (0,), (1,), (3,), (0, 4), (1, 1), (2, 3, 4), (1, 2, 3, 4), (7, 1, 1, 1, 1))
HUGE = ((1 << 40,), (1 << 31, 1 << 31), (5, 1 << 20, 1 << 20), (1 << 62, 2))
TEXTS = ("", "x", "\x00", "a" * 70_000, "ü\u2028\n", "[" * 5000, "-1", "nan", "1e999", "9" * 400, '{"a": {}}')
NUMBERS = (0, 1, -1, 3, 255, 65535, 2**31, 2**63 - 1, 2**64 - 1, -(2**63))
REALS = (float("nan"), float("inf"), -0.5, 1e-300, 1e300)
NAMES = ("images", "ids", "labels", "mask", "data", "a" * 300, "..", "ü", "entry_1", "entry_x", "truth", "events")
ATTRIBUTES = (
    "schema",
    "schema_version",
    "class_names",
    "label_kind",
    "seed",
    "left_out",
    "notes",
    "name",
    "source_files",
)
ATTRIBUTES += (
    "units",
    "numEvents",
    "image_nr_low",
    "content_sha256",
    "version",
    "count",
    "part",
    "map_side",
    "NX_class",
)

FAULTS = (OSError, ValueError, TypeError, KeyError, RuntimeError, MemoryError)
Node = tuple[h5py.Group, str]


def spoil_hdf5(path: Path, rng: random.Random) -> str:
    """Spoil a good file in one way, or in a few; returns the names of the ways."""
    ways = [rng.choice(WAYS) for _ in range(rng.choice((1, 1, 1, 2)))]
    for way in ways:
        # A way may not fit what another one left.
        with (
            suppress(*FAULTS),
            h5py.File(path, "a", locking=False) as file,
        ):
            way(file, rng)
    return "+".join(way.__name__ for way in ways)


def _nodes(file: h5py.File, kind: type = object) -> list[Node]:
    """Parent and name of everything of a kind, links not followed."""
    found: list[Node] = []

    def walk(group: h5py.Group, depth: int) -> None:
        for name in list(group)[:40]:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                if kind is object:
                    found.append((group, name))
                continue
            item = group[name]
            if isinstance(item, kind):
                found.append((group, name))
            if isinstance(item, h5py.Group) and depth < 8:
                walk(item, depth + 1)

    walk(file, 0)
    return found


def _one(file: h5py.File, rng: random.Random, kind: type = object) -> Node:
    nodes = _nodes(file, kind)
    return rng.choice(nodes) if nodes else (file, "new")


def _put(node: Node, value: Any) -> None:
    group, name = node
    if name in group or group.get(name, getlink=True) is not None:
        del group[name]
    if value is not None:
        group[name] = value


def _taken(file: h5py.File, rng: random.Random) -> tuple[Node, np.ndarray]:
    """A data set of plain numbers, and its values."""
    node = _one(file, rng, h5py.Dataset)
    try:
        data = node[0][node[1]]
        # What another way left may kill this process when it is read: a view of itself, a chunk of a C library.
        safe = not data.is_virtual and data.compression in (None, "gzip", "lzf") and data.size < 10_000_000
        values = np.asarray(data[()]) if safe else np.arange(6)
    except (KeyError, OSError, TypeError):
        values = np.arange(6)
    return node, values if values.dtype.kind in "biufcSV" else np.arange(6)


def other_dtype(file: h5py.File, rng: random.Random) -> None:
    node, values = _taken(file, rng)
    dtype = np.dtype(rng.choice(DTYPES))
    with np.errstate(all="ignore"):
        raw = (
            np.zeros(values.shape, dtype) if dtype.kind in "VS" else np.resize(values, values.shape).real.astype(dtype)
        )
    _put(node, raw)


def as_text(file: h5py.File, rng: random.Random) -> None:
    node, values = _taken(file, rng)
    text = np.array([rng.choice(TEXTS).replace("\x00", "") for _ in range(values.size)], object).reshape(values.shape)
    _put(node, text.astype(h5py.string_dtype()))


def other_shape(file: h5py.File, rng: random.Random) -> None:
    node, values = _taken(file, rng)
    shape = rng.choice((*SHAPES, values.shape[1:], (1, *values.shape), values.shape[::-1], (*values.shape, 1)))
    _put(node, np.resize(values, shape) if values.size else np.zeros(shape, values.dtype))


def other_values(file: h5py.File, rng: random.Random) -> None:
    node, values = _taken(file, rng)
    if values.dtype.kind in "iufb" and values.size:
        flat = values.reshape(-1).copy()
        with np.errstate(all="ignore"):
            some = np.array(rng.choice(REALS if flat.dtype.kind == "f" else NUMBERS)).astype(flat.dtype)
        flat[rng.randrange(len(flat)) if rng.random() < 0.5 else slice(None)] = some
        values = flat.reshape(values.shape)
    _put(node, values)


def shorter(file: h5py.File, rng: random.Random) -> None:
    node, values = _taken(file, rng)
    _put(node, values[: rng.randrange(len(values))] if values.ndim and len(values) else values)


def group_for_data(file: h5py.File, rng: random.Random) -> None:
    node = _one(file, rng, h5py.Dataset)
    _put(node, None)
    inside = node[0].create_group(node[1])
    for name in rng.sample(("data", "images", "0", "mask"), rng.randrange(3)):
        inside[name] = np.arange(4)


def data_for_group(file: h5py.File, rng: random.Random) -> None:
    _put(_one(file, rng, h5py.Group), np.arange(rng.randrange(9)))


def null(file: h5py.File, rng: random.Random) -> None:
    _put(_one(file, rng, h5py.Dataset), h5py.Empty(rng.choice(("u2", "f4", "i8", "S4"))))


def named_type(file: h5py.File, rng: random.Random) -> None:
    _put(_one(file, rng), np.dtype(rng.choice(("u2", "f8", "S3"))))


def odd_type(file: h5py.File, rng: random.Random) -> None:
    """References, lists of numbers of their own length, enumerations."""
    group, name = node = _one(file, rng, h5py.Dataset)
    _put(node, None)
    kind = rng.choice((h5py.ref_dtype, h5py.regionref_dtype, h5py.vlen_dtype("i4"), h5py.enum_dtype({"a": 1}, "u2")))
    group.create_dataset(name, rng.choice(((), (3,), (2, 3))), kind)


def huge(file: h5py.File, rng: random.Random) -> None:
    group, name = node = _one(file, rng, h5py.Dataset)
    _put(node, None)
    shape = rng.choice(HUGE)
    chunks = tuple(min(length, rng.choice((1, 64))) for length in shape)
    group.create_dataset(name, shape, rng.choice(("u2", "i8", "f4", "u1")), chunks=chunks, fillvalue=rng.choice((0, 1)))


def gone(file: h5py.File, rng: random.Random) -> None:
    _put(_one(file, rng), None)


def renamed(file: h5py.File, rng: random.Random) -> None:
    group, name = _one(file, rng)
    new = rng.choice(NAMES)
    if name in group and new not in group and new != "..":
        group.move(name, new)


def attribute(file: h5py.File, rng: random.Random) -> None:
    group, name = _one(file, rng)
    item = group.get(name) if rng.random() < 0.4 else file
    item = file if item is None else item
    known = list(item.attrs) or list(ATTRIBUTES)
    key = rng.choice(known if rng.random() < 0.7 else ATTRIBUTES)
    value: Any = rng.choice((
        h5py.Empty("f4"), h5py.Empty("S3"), np.zeros((2, 2)), np.zeros(0, "f4"), rng.choice(TEXTS[:2] + TEXTS[4:]),
        np.bytes_(b"\xff\xfe"), rng.choice(REALS), np.array(rng.choice(NUMBERS), object), ["a", "a"], file.ref,
        np.array([(1, b"x")], [("a", "i4"), ("b", "S2")]), np.array([b"\xff", b"a"]), np.array(3j), True,
        np.void(b"ab"),
    ))  # fmt: skip
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = np.asarray(value.item())
    if rng.random() < 0.15:
        if key in item.attrs:
            del item.attrs[key]
        return
    try:
        item.attrs[key] = value
    except (OSError, ValueError, TypeError):  # 64 KB are the most that an old file takes
        item.attrs[key] = h5py.Empty("i8")


def circle(file: h5py.File, rng: random.Random) -> None:
    group, name = node = _one(file, rng)
    _put(node, None)
    where = group.name.rstrip("/")
    value = rng.choice((
        h5py.SoftLink(f"{where}/{name}"), h5py.SoftLink(where or "/"), h5py.SoftLink("."), h5py.SoftLink("/nowhere"),
        group, file["/"], h5py.ExternalLink(Path(file.filename).name, f"{where}/{name}"),
        h5py.ExternalLink(Path(file.filename).name, "/"),
    ))  # fmt: skip
    group[name] = value


def outside(file: h5py.File, rng: random.Random) -> None:
    group, name = node = _one(file, rng)
    _put(node, None)
    target = rng.choice(
        ("/etc/passwd", "../other.h5", "missing.h5", "", "\udcff".encode("utf-8", "surrogateescape").hex())
    )
    if rng.random() < 0.5:
        group[name] = h5py.ExternalLink(target, "/data")
    else:
        group.create_dataset(name, (4, 4), "u2", external=[(target or "raw.bin", 0, 32)])


def view_of_itself(file: h5py.File, rng: random.Random) -> None:
    group, name = node = _one(file, rng, h5py.Dataset)
    shape = getattr(group.get(name), "shape", None) or (4,)
    _put(node, None)
    other = rng.choice((name, "other_view", "gone"))
    where = group.name.rstrip("/")
    for key, source in {name: other, **({"other_view": name} if other == "other_view" else {})}.items():
        layout = h5py.VirtualLayout(shape, "u2")
        file_name = rng.choice((".", Path(file.filename).name, "missing.h5", "/etc/passwd"))
        layout[...] = h5py.VirtualSource(file_name, f"{where}/{source}", shape)
        if group.get(key, getlink=True) is None:
            group.create_virtual_dataset(key, layout)


def bad_chunk(file: h5py.File, rng: random.Random) -> None:
    """Random bytes, or too few, where a chunk is due."""
    for group, name in rng.sample(nodes := _nodes(file, h5py.Dataset), len(nodes)):
        values = group[name]
        if values.chunks and values.size and not values.is_virtual:
            _, chunk = values.id.read_direct_chunk((0,) * values.ndim)
            content = bytearray(chunk)
            for _ in range(rng.choice((1, 4, 40))):
                content[rng.randrange(len(content))] = rng.randrange(256)
            content = content[: rng.randrange(len(content))] if rng.random() < 0.3 else content
            values.id.write_direct_chunk((0,) * values.ndim, bytes(content))
            return


WAYS: tuple[Callable[[h5py.File, random.Random], None], ...] = (
    other_dtype, as_text, other_shape, other_values, shorter, group_for_data, data_for_group, null, named_type,
    odd_type, huge, gone, renamed, attribute, attribute, circle, outside, view_of_itself, bad_chunk,
)  # fmt: skip
