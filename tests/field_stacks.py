"""Small files in layouts of the field, with parts, modules, padding and gaps, and what they hold as NumPy arrays."""

from pathlib import Path

import h5py
import numpy as np


def eiger(folder: Path, counts: tuple[int, ...] = (4, 4, 2), dtype: str = "u4") -> tuple[Path, np.ndarray]:
    """A master whose data sets are links to further files; eleven or more of them need natural order."""
    rng = np.random.default_rng(10)
    images = []
    with h5py.File(folder / "w_master.h5", "w") as master:
        for number, count in enumerate(counts, 1):
            images.append(rng.poisson(4, (count, 12, 14)).astype(dtype))
            name = f"w_data_{number}.h5"
            with h5py.File(folder / name, "w") as file:
                file.create_dataset("entry/data/data", data=images[-1], chunks=(1, 12, 14))
            master.require_group("entry/data")[f"data_{number}"] = h5py.ExternalLink(name, "/entry/data/data")
        mask = np.zeros((12, 14), "u4")
        mask[5:7] = 1
        master["entry/instrument/detector/detectorSpecific/pixel_mask"] = mask
    return folder / "w_master.h5", np.concatenate(images)


def sacla(
    path: Path, tags: tuple[int, ...] = (900, 1002, 904, 910), cancelled: tuple[int, ...] = (904,), run: int = 7
) -> np.ndarray:
    """One data set a shot; the list of tags is longer than the images, in its own order."""
    rng = np.random.default_rng(run)
    images = {}
    with h5py.File(path, "w") as file:
        group = file.create_group(f"run_{run}/detector_2d_assembled_1")
        group["detector_info/name"] = 3
        for tag in tags:
            if tag in cancelled:
                group.create_group(f"tag_{tag}")
            else:
                images[tag] = rng.poisson(3, (8, 10)).astype("u2")
                group[f"tag_{tag}/detector_data"] = images[tag]
        file[f"run_{run}/event_info/tag_number_list"] = np.array(tags)
        file[f"run_{run}/event_info/bl_3/oh_2/photon_energy_in_eV"] = 7000.0 + np.arange(len(tags))
    return np.stack([images[tag] for tag in sorted(images)])


def modules(path: Path, *, planes: int = 0, unmapped: tuple[int, ...] = ()) -> np.ndarray:
    """A view (N, M, H, W) over files of one module each, or (N, M, 2, H, W); some modules miss."""
    rng = np.random.default_rng(7)
    shape = (6, planes, 5, 4) if planes else (6, 5, 4)
    images = rng.poisson(3, (6, 3, *shape[1:])).astype("u2")
    layout = h5py.VirtualLayout(images.shape, "u2")
    flags = h5py.VirtualLayout((6, 3, 5, 4), "u4")
    for number in range(3):
        with h5py.File(path.parent / f"m{number}.h5", "w") as file:
            file["data"] = images[:, number]
            file["mask"] = np.zeros((6, 5, 4), "u4")
            file["mask"][:, number, 0] = 1
        if number not in unmapped:
            layout[:, number] = h5py.VirtualSource(f"m{number}.h5", "data", shape)
            flags[:, number] = h5py.VirtualSource(f"m{number}.h5", "mask", (6, 5, 4))
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        file.create_virtual_dataset("data", layout, fillvalue=0)
        file.create_virtual_dataset("mask", flags, fillvalue=0xFFFFFFFF)
        train, pulse = np.repeat([10**9, 10**9 + 1], 3).astype("u8"), np.tile([0, 4, 8], 2).astype("u8")
        file["trainId"], file["pulseId"] = train, pulse[:, None]
        file["id"] = np.array([f"{a}:{b}" for a, b in zip(train, pulse, strict=True)], object)
    return images
