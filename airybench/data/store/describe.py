"""What a store holds, as plain values for a table or JSON."""

from pathlib import Path
from typing import Any

import numpy as np

from airybench.data.store.schema import FIRST_VERSION
from airybench.data.store.store import Store
from airybench.errors import AirybenchError

SCHEMA_1 = "1: the hash covers ids, labels, energies and images only"


def describe(store: Store) -> dict[str, Any]:
    """Summarise a store without reading its images: shape, classes with their counts, energies, source and checksum.

    Args:
        store: the store.

    Returns:
        Plain values; `classes` maps names to numbers of shots, `photon_energy_ev` is [lowest, highest].
    """
    labels = store.labels() if store.labelled else np.zeros((store.count, 0), np.uint8)
    energies = store.photon_energy()
    mask = store.good_share()
    return {
        "path": str(store.path),
        "name": store.name,
        "source": store.source,
        "simulator": f"version {store.simulator}" if store.simulated else None,
        "source_files": list(store.source_files) or None,
        "left_out": [str(one) for one in store.left_out] or None,
        "notes": dict(store.notes) or None,
        "mask": None if mask is None else f"{mask:.1%} of all pixels good",
        "shots": store.count,
        "image_shape": list(store.image_shape),
        "label_kind": store.label_kind if store.labelled else "unlabelled",
        "classes": dict(zip(store.class_names, labels.sum(axis=0, dtype=np.int64).tolist(), strict=True)),
        "label_sets": len(np.unique(labels, axis=0)),
        "groups": len(np.unique(store.groups())),
        "photon_energy_ev": [round(float(energies.min()), 3), round(float(energies.max()), 3)],
        "seed": store.seed,
        "counts_rule": store.counts_rule,
        "size_bytes": store.path.stat().st_size,
        "content_sha256": store.content_sha256,
        "schema": SCHEMA_1 if store.version == FIRST_VERSION else str(store.version),
    }


def outline(path: Path) -> dict[str, Any]:
    """A store in short, or what is wrong with a file that is none.

    Args:
        path: a file that ends in `.h5`.
    """
    known: dict[str, Any] = {"path": str(path), "size_bytes": path.stat().st_size}
    try:
        store = Store.open(path)
    except AirybenchError as error:
        return known | {"problem": str(error)}
    return known | {
        "name": store.name,
        "source": store.source,
        "simulator": store.simulator if store.simulated else None,
        "shots": store.count,
        "classes": len(store.class_names),
        "image_shape": list(store.image_shape),
        "problem": "",
    }
