"""Writing a store as a deposit in the layout of CXIDB id 94, at the store's own image size."""

import os
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np

from airybench.data.formats.deposit_labels import LABELS
from airybench.data.formats.export_file import ExportFile
from airybench.data.hdf5.opening import writing
from airybench.data.reading.cxi_keys import ENERGY, IDS, IMAGE
from airybench.data.reading.photon_energy import JOULE_PER_EV
from airybench.data.store.columns import storable
from airybench.data.store.store import Store
from airybench.errors import DataError
from airybench.paths import locked, require_free, require_new
from airybench.reporter import SILENT, Progress, Reporter

BATCH = 32
"""Images held in memory at a time."""

_OVERHEAD = 6000
"""Bytes of groups and headers per entry, measured with the defaults of h5py and rounded up."""


def export_store(
    store: Store,
    output: str | Path,
    *,
    force: bool = False,
    reporter: Reporter = SILENT,
) -> Path:
    """Write a deposit. Importing it restores images, labels and ids exactly, and energies to float32 precision.

    Class names and label kind go into attributes of the file, since the layout itself has no place for them.

    Args:
        store: what to write.
        output: the file to make.
        force: replace an existing file.
        reporter: receives progress, and a notice about what the layout has no place for.

    Raises:
        DataError: the file exists, the disk is full, or the store is damaged.
    """
    path = Path(output).absolute()
    if path.resolve() == store.path.resolve():
        raise DataError(f"{path}: cannot be replaced by its own export", "name another file with --output")
    lost = _without_place(store)
    if lost:
        reporter.notify(f"{store.path.name}: the layout has no place for {', '.join(lost)}; they are not exported")
    temporary = path.with_name(f".{path.name}.part")
    with locked(path):
        require_new(path, force=force)
        height, width = store.image_shape
        require_free(path.parent, store.count * (height * width * 2 + _OVERHEAD))
        with writing(path, "export"):
            sink = ExportFile(temporary)
        try:
            with reporter.progress(f"exporting {store.path.name}") as progress:
                _write(store, sink, path, progress)
            with writing(path, "export"):
                sink.settle()
                os.fsync(sink.fileno())
                os.replace(temporary, path)
        finally:
            sink.close()
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    return path


def _without_place(store: Store) -> list[str]:
    """What a store holds and the layout cannot, in words."""
    contents = {
        "the mask": store.mask() is not None,
        "groups": bool(store.groups().any()),
        "events": bool(store.columns("events")),
        "simulation parameters": bool(store.columns("truth")),
    }
    return [name for name, present in contents.items() if present]


def _write(store: Store, sink: ExportFile, path: Path, progress: Progress) -> None:
    """Write every shot as an entry of its own.

    Args:
        store: what to write.
        sink: the file.
        path: what to call it in messages.
        progress: called with (entries done, entries in all).
    """
    ids, energies = storable(store.ids()), store.photon_energy().astype(np.float64) * JOULE_PER_EV
    labels = store.labels().astype(np.int64) if store.labelled else None
    with h5py.File(sink, "w") as file:
        file.attrs["class_names"] = np.array(store.class_names, dtype=h5py.string_dtype())
        file.attrs["label_kind"] = store.label_kind
        for start in range(0, store.count, BATCH):
            rows = np.arange(start, min(start + BATCH, store.count))
            for row, image in zip(rows, store.read_images(rows), strict=True):
                entry = file.create_group(f"entry_{row + 1}")
                entry[IMAGE] = image
                entry[ENERGY] = energies[row]
                entry[IDS[0]] = ids[row]
                if labels is not None:
                    entry[LABELS] = labels[row]
            file.flush()
            with writing(path, "export"):
                sink.settle()
            progress(int(rows[-1]) + 1, store.count)
