"""The hash over everything in a store that can change a result, and the hashes of its images."""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.store.columns import fixed_text, read_column
from airybench.data.store.schema import FIRST_VERSION, arrays
from airybench.reporter import Progress

SLICE = 256
"""Images read at a time: 34 MB of 259 x 259 counts."""

HASH = "content_sha256"
"""Attribute that holds the hash over all the rest."""

OnImages = Callable[[NDArray[np.uint16], NDArray[np.uint64]], None]
"""Takes a slice of images, uint16 (n, H, W), and their hashes, uint64 (n,)."""

_BYTES = 8  # of the hash of an image


class PerShot:
    """Hash over arrays that come shot by shot, as images and masks do; each shot gets a hash of its own as well."""

    def __init__(self) -> None:
        self._all = hashlib.sha256()

    def add(self, values: NDArray[Any]) -> NDArray[np.uint64]:
        """Add shots in store order.

        Args:
            values: of each shot, shape (n, H, W).

        Returns:
            Hash of each shot over its shape and values, uint64, shape (n,): equal where the images are.
        """
        plain = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
        head = repr(values.shape[1:]).encode()
        own = []
        for shot in plain:
            digest = hashlib.sha256(head)
            digest.update(shot.data)
            own.append(digest.digest())
        self._all.update(b"".join(own))
        return np.array([int.from_bytes(one[:_BYTES], "little") for one in own], np.uint64)

    def hexdigest(self) -> str:
        """The hash over all shots so far."""
        return self._all.hexdigest()


def image_hashes(images: NDArray[np.uint16]) -> NDArray[np.uint64]:
    """Hash of each image, equal for images that are equal in every pixel; masks do not count.

    Args:
        images: counts, shape (n, H, W).

    >>> images = np.array([[[1, 2]], [[1, 2]], [[2, 1]]], np.uint16)
    >>> first, again, other = image_hashes(images)
    >>> first == again, first == other
    (np.True_, np.False_)
    """
    return PerShot().add(images)


def stored_sha256(file: h5py.File, *, images: str, masks: str | None = None) -> str:
    """Hash over all data sets and attributes of a store, once those that come shot by shot have been hashed.

    Every data set counts with its key, dtype and shape, and every attribute with its name, so that nothing can be moved
    from one to another.

    Args:
        file: an open store.
        images: hash over the images, see `PerShot`.
        masks: the same over the masks, where each shot has its own.
    """
    known = {"images": images, "mask": masks}
    data = {}
    for key, values in arrays(file):
        kind = "text" if h5py.check_string_dtype(values.dtype) else values.dtype.newbyteorder("<").str
        data[key] = [kind, list(values.shape), known.get(key) or _whole(values)]
    attributes = {key: plain_attribute(value) for key, value in file.attrs.items() if key != HASH}
    text = json.dumps({"data": data, "attributes": attributes}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def content_sha256(
    file: h5py.File,
    on_images: Sequence[OnImages] = (),
    progress: Progress | None = None,
) -> str:
    """The hash that a store should have, by the rule of its schema version.

    Version 1 hashes ids, labels (where there are any), photon_energy and images only, little-endian, C order, in store
    order.

    Args:
        file: an open store.
        on_images: each is called with every slice of images and their hashes.
        progress: called with (images done, images in all).
    """
    first = int(file.attrs["schema_version"]) == FIRST_VERSION
    old, images, masks = hashlib.sha256(), PerShot(), None
    for key in ("ids", "labels", "photon_energy"):
        if first and key in file:
            old.update(_bytes(read_column(file[key])))
    data = file["images"]
    for start in range(0, len(data), SLICE):
        batch = data[start : start + SLICE]
        if first:
            old.update(_bytes(batch))
        if not first or on_images:
            hashes = images.add(batch)
            for watch in on_images:
                watch(batch, hashes)
        if progress:
            progress(start + len(batch), len(data))
    if first:
        return old.hexdigest()
    if "mask" in file and file["mask"].ndim == data.ndim:
        masks = PerShot()
        for start in range(0, len(file["mask"]), SLICE):
            masks.add(file["mask"][start : start + SLICE])
    return stored_sha256(file, images=images.hexdigest(), masks=masks.hexdigest() if masks else None)


def plain_attribute(value: Any) -> Any:
    """An attribute as JSON takes it; numbers, text and nothing stay apart.

    >>> plain_attribute(np.int64(3)), plain_attribute("3"), plain_attribute(h5py.Empty("i8"))
    (3, '3', None)
    """
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, bytes):
        return repr(value)
    if isinstance(value, np.ndarray | np.generic):
        return plain_attribute(value.item()) if not value.shape else [plain_attribute(one) for one in value.tolist()]
    return value if isinstance(value, str | int | float | bool | list) else repr(value)


def _whole(values: h5py.Dataset) -> str:
    column = read_column(values)
    if column.dtype.kind == "U":
        return hashlib.sha256(json.dumps(column.tolist()).encode()).hexdigest()
    return hashlib.sha256(_bytes(column)).hexdigest()


def _bytes(values: NDArray[Any]) -> bytes | memoryview:
    """Values as they are hashed, little-endian, C order."""
    kept = fixed_text(values)
    return np.ascontiguousarray(kept, kept.dtype.newbyteorder("<")).data if kept.size else b""
