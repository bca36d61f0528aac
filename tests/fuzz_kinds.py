"""Every kind of file that the program reads: a good one of each, and the ways in which it is read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import fuzz_own_files as own
import h5py
import numpy as np

Read = Callable[[Path], object]


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes:
        make: writes good files into a folder.
        reads: ways to read that folder, in this order; each is tried, whatever became of the one before.
        spoilt: pattern of the files that are spoilt.
        heavy: whether reading imports PyTorch, which takes seconds.
    """

    make: Callable[[Path], object]
    reads: tuple[Read, ...]
    spoilt: str = "*"
    heavy: bool = False


def _images(count: int = 8) -> np.ndarray:
    return np.random.default_rng(1).poisson(20, (count, 12, 15)).astype("<u2")


def _source(paths: Sequence[str], options: Callable[[Path], Any] | None = None) -> tuple[Read, ...]:
    """`data info` and `data import`, and the check of the store that came of it."""

    def how(folder: Path) -> Any:
        from airybench.data.reading.options import DEFAULT_OPTIONS

        return options(folder) if options else DEFAULT_OPTIONS

    def found(folder: Path) -> list[Path]:
        return [path for name in paths for path in (sorted(folder.glob(name)) if "*" in name else [folder / name])]

    def info(folder: Path) -> object:
        from airybench.data.formats.description import describe_source

        return describe_source(found(folder), how(folder))

    def bring(folder: Path) -> object:
        from airybench.data.formats.dispatch import import_data
        from airybench.data.store.check import check
        from airybench.errors import DataError

        store = import_data(found(folder), folder / "imported.h5", how(folder))
        try:
            return check(store)
        except DataError:  # about images that are rightly in it, such as blank ones
            store.path.unlink()
            raise

    return info, bring


def _keyed(**given: Any) -> Callable[[Path], Any]:
    """Options: `keys` and `frames` by their names, a value of `Path` is a file of the folder."""

    def options(folder: Path) -> Any:
        from airybench.data.reading.options import FrameOptions, LabelOptions, Selection, SourceOptions, StackKeys

        parts = {"keys": StackKeys, "frames": FrameOptions, "labels": LabelOptions, "selection": Selection}
        made = {
            name: parts[name](**{key: folder / one if isinstance(one, Path) else one for key, one in values.items()})
            for name, values in given.items()
        }
        return replace(SourceOptions(), **made)

    return options


def _deposit(folder: Path) -> None:
    from files import deposit_file

    deposit_file(folder / "deposit.cxi", list(_images(6)), [(1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)] * 6)


def _field(module: str, maker: str, **given: Any) -> Callable[[Path], object]:
    """A generator of the layouts of facilities."""

    def make(folder: Path) -> object:
        import importlib

        return getattr(importlib.import_module(module), maker)(folder, **given)

    return make


def _stack(folder: Path) -> None:
    with h5py.File(folder / "stack.h5", "w") as file:
        file.create_dataset("images", data=_images(), chunks=(1, 12, 15), compression="gzip")
        file["ids"], file["labels"], file["runs"] = np.arange(8), np.arange(8) % 2, np.arange(8) // 4
        file["energy"] = np.full(8, 1.2)
        file["energy"].attrs["units"] = "keV"
        file["mask"], file["good"], file["pulse"] = 1 - np.eye(12, 15, dtype="u1"), np.arange(8) != 3, np.arange(8) * 3


_STACK = _keyed(
    keys={
        "images": "images", "ids": ("ids",), "labels": "labels", "groups": "runs", "energy": "energy", "mask": "mask",
        "mask_convention": "good-is-one", "events": ("pulse",),
    },
    selection={"keep": ("good",)},
    labels={"class_names": ("A", "B")},
)  # fmt: skip


def _emc(suffix: str, detector: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        rng = np.random.default_rng(10)
        frames, shape = rng.poisson(0.8, (6, 12, 9)), (12, 9)
        flat = [frame.ravel() for frame in frames]
        ones, multi = [np.flatnonzero(one == 1) for one in flat], [np.flatnonzero(one > 1) for one in flat]
        counts = [one[one > 1] for one in flat]
        if suffix == "h5":
            with h5py.File(folder / "photons.h5", "w") as file:
                file["num_pix"] = [108]
                for name, rows in (("place_ones", ones), ("place_multi", multi), ("count_multi", counts)):
                    data = file.create_dataset(name, (6,), h5py.vlen_dtype(np.int32))
                    for number, row in enumerate(rows):
                        data[number] = row
        else:
            header = np.zeros(256, "<i4")
            header[:2] = 6, 108
            parts = (
                header,
                [len(row) for row in ones],
                [len(row) for row in multi],
                *map(np.concatenate, (ones, multi)),
            )
            parts = (*parts, np.concatenate(counts))
            (folder / "photons.emc").write_bytes(b"".join(np.asarray(part, "<i4").tobytes() for part in parts))
        x, y = np.mgrid[:12, :9].astype(float)
        far = np.sqrt((x - 4) ** 2 + (y - 5) ** 2 + 200.0**2)
        q = [(x - 4) * 30 / far, (y - 5) * 30 / far, -30 * (1 - 200 / far)]
        mask = np.zeros(shape, int)
        mask[3] = 2
        if detector == "h5":
            with h5py.File(folder / "detector.h5", "w") as file:
                for name, values in zip(("qx", "qy", "qz", "mask"), [*q, mask], strict=True):
                    file[name] = values.ravel()
                file["detd"], file["ewald_rad"], file["corr"] = 200.0, 30.0, np.ones(108)
        else:
            rows = np.stack([one.ravel() for one in (*q, np.ones(shape), mask)], axis=1)
            np.savetxt(
                folder / "detector.dat", rows, header="108 200 30", comments="", fmt="%.15e %.15e %.15e %.15e %d"
            )

    return make


def _npz(folder: Path) -> None:
    np.savez(folder / "a.npz", images=_images(), shot_id=np.arange(8) + 40)


def _pictures(suffix: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        from PIL import Image

        for label in ("Round", "Empty"):
            (folder / "p" / label).mkdir(parents=True)
        for number, image in enumerate(_images(4)):
            path = folder / "p" / ("Round", "Empty")[number % 2] / f"shot_{number}{suffix}"
            if suffix == ".npy":
                np.save(path, image)
            else:
                Image.fromarray(image).save(path)

    return make


def _table(heading: str, row: str, name: str) -> Callable[[Path], None]:
    """Shots whose labels, or whose list, are in a file of text."""

    def make(folder: Path) -> None:
        np.savez(folder / "a.npz", images=_images(), shot_id=np.arange(8) + 40)
        classes = ("Round", "Elliptical", "Empty")
        lines = [heading, *(row.format(i=40 + number, n=classes[number % 3], k=number % 2) for number in range(8))]
        (folder / name).write_text("\n".join(lines) + "\n")

    return make


def _labelled(**labels: Any) -> tuple[Read, ...]:
    return _source(["a.npz"], _keyed(keys={"photon_energy": 800.0}, labels={"csv": Path("labels.csv"), **labels}))


_LISTED = _source(["a.npz"], _keyed(keys={"photon_energy": 800.0}, selection={"select": Path("list.txt")}))
_ENERGY = _keyed(keys={"photon_energy": 800.0})


def _modules(folder: Path) -> None:
    text = "clen = 0.1\nres = 5000\nadu_per_eV = 0.001\ndata = /raw\ndim0 = %\ndim2 = ss\ndim3 = fs\n"
    for number in range(2):
        edges = "min_fs = 0", "max_fs = 3", "min_ss = 0", "max_ss = 2", f"corner_x = {6 * number}", "corner_y = 0"
        text += "".join(f"m{number}/{one}\n" for one in (f"dim1 = {number}", *edges, "fs = x", "ss = y"))
    (folder / "a.geom").write_text(text)
    with h5py.File(folder / "modules.h5", "w") as file:
        file["raw"], file["id"] = np.random.default_rng(2).poisson(9, (5, 2, 3, 4)).astype("u2"), np.arange(5)


_PLACED = _keyed(keys={"images": "raw", "ids": ("id",), "photon_energy": 800.0}, frames={"geometry": Path("a.geom")})


KINDS: dict[str, Kind] = {
    "store": Kind(own.store, (own.open_store, own.export_store, own.predict_store)),
    "old store": Kind(own.old_store, (own.open_store, own.predict_store)),
    "deposit": Kind(_deposit, _source(["deposit.cxi"])),
    "cheetah": Kind(_field("field_files", "cheetah_cxi"), _source(["hits.cxi"])),
    "cheetah masks": Kind(_field("field_files", "cheetah_cxi", mask_each=True), _source(["hits.cxi"])),
    "euxfel": Kind(_field("euxfel_files", "euxfel_cxi"), _source(["virtual.cxi"], _keyed(
        keys={"photon_energy": 800.0}, frames={"stack_modules": True})), "virtual.cxi"),
    "euxfel modules": Kind(_field("euxfel_files", "euxfel_cxi"), _source(["virtual.cxi"], _keyed(
        keys={"photon_energy": 800.0}, frames={"stack_modules": True})), "CORR*"),
    "eiger": Kind(_field("field_files", "eiger_master"), _source(["w_master.h5"])),
    "fermi": Kind(_field("field_files", "fermi_runs"), _source(["."]), "Run_*/**/*.h5"),
    "sacla": Kind(_field("field_files", "sacla_run"), _source(["sacla.h5"])),
    "swissfel": Kind(_field("field_files", "swissfel_run"), _source(["*JF06T08V04.h5"], _ENERGY)),
    "stack": Kind(_stack, _source(["stack.h5"], _STACK)),
    "stack alone": Kind(_stack, _source(["stack.h5"])),
    "sacla hits": Kind(_field("field_files", "sacla_hits"), _source(["hits.h5"])),
    "emc": Kind(_emc("emc", "dat"), _source(["photons.emc"], _keyed(
        keys={"photon_energy": 800.0}, frames={"geometry": Path("detector.dat")}))),
    "emc hdf5": Kind(_emc("h5", "h5"), _source(["photons.h5"], _keyed(
        keys={"photon_energy": 800.0}, frames={"geometry": Path("detector.h5")}))),
    "npy": Kind(lambda folder: np.save(folder / "a.npy", _images()), _source(["a.npy"], _ENERGY)),
    "npz": Kind(_npz, _source(["a.npz"], _ENERGY)),
    "png": Kind(_pictures(".png"), _source(["p"], _ENERGY), "p/*/*"),
    "tif": Kind(_pictures(".tif"), _source(["p"], _ENERGY), "p/*/*"),
    "pictures npy": Kind(_pictures(".npy"), _source(["p"], _ENERGY), "p/*/*"),
    "labels": Kind(_table("id,label", "{i},{n}", "labels.csv"), _labelled(), "*.csv"),
    "labels wide": Kind(_table("shot;A;B", "{i};{k};1", "labels.csv"), _labelled(unsure="class"), "*.csv"),
    "list": Kind(_table("# good", "{i}", "list.txt"), _LISTED, "*.txt"),
    "list cleaned": Kind(_table("# timestamp, event_id, hit, filename, index", "1.5, {i}, 1, a.npz, 0", "list.txt"),
                         _LISTED, "*.txt"),
    "geometry": Kind(_modules, _source(["modules.h5"], _PLACED)),
    "split": Kind(own.split, (own.read_split,)),
    "experiment": Kind(own.experiment, (own.load_experiment,)),
    "weights": Kind(own.weights, (own.load_weights,), heavy=True),
    "checkpoint": Kind(own.checkpoint, (own.load_checkpoint,), "c/*/*", heavy=True),
    "predictions": Kind(own.predictions, (own.read_predictions,), heavy=True),
    "parts": Kind(own.parts, (own.join_parts,), "out.h5.parts/*", heavy=True),
    "journal": Kind(own.journal, (own.read_journal, own.list_journals), "*.journal", heavy=True),
}  # fmt: skip
"""By name."""
