"""A good deposit is spoilt in many random ways, and either refused in one line or imported exactly as it says.

What is compared: when a spoilt file is imported and the store passes `data check`, then images, label vectors, ids and
energies equal, entry by entry, what plain h5py reads from that same spoilt file at the places the layout names, and the
store has as many shots as the file has groups `entry_<number>`. A flipped byte of a pixel, id, energy or label that
decodes to another valid value is such content: nothing in the layout could tell it.
"""

import random
import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from files import import_deposit

from airybench.data.store.check import check
from airybench.data.store.store import Store
from airybench.errors import AirybenchError

JOULE = 1.602176634e-19
LEAVES = (
    "instrument_1/detector_1/data",
    "note_1/data",
    "instrument_1/source_1/energy",
    "experimental_identifier",
)


def good(path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = [(1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0), (0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0), (0,) * 10 + (1,)]
    with h5py.File(path, "w") as file:
        for number in range(1, 7):
            entry = file.create_group(f"entry_{number}")
            image = rng.integers(0, 900, (12, 12)).astype(np.uint16)
            how = {"chunks": (12, 12), "compression": "gzip", "fletcher32": True} if number % 2 else {}
            entry.create_dataset(LEAVES[0], data=image, **how)
            entry[LEAVES[1]] = np.array(labels[number % 3])
            entry[LEAVES[2]] = (20 + number) * JOULE
            entry[LEAVES[3]] = np.int64(1000 + number)


def flip(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        content[rng.randrange(len(content))] ^= rng.randrange(1, 256)
    path.write_bytes(content)


def truncate(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content))])


def drop(path: Path, rng: random.Random) -> None:
    with h5py.File(path, "a") as file:
        key = f"entry_{rng.randint(1, 6)}/{rng.choice(LEAVES)}"
        del file["/".join(key.split("/")[: rng.randint(1, key.count("/") + 1)])]


def reshape(path: Path, rng: random.Random) -> None:
    with h5py.File(path, "a") as file:
        key = f"entry_{rng.randint(1, 6)}/{rng.choice(LEAVES)}"
        del file[key]
        shape = rng.choice(((), (1,), (0,), (11,), (10,), (12, 12), (12, 13), (0, 12), (2, 12, 12)))
        dtype = rng.choice(("u1", "i2", ">u2", "i8", "u8", "f4", "f8", "c8", "S3"))
        value = rng.choice((0, 1, 3, -1, 70000, 2**63, float("nan"), 0.5, 3e-18))
        with np.errstate(all="ignore"):
            file[key] = np.full(shape, np.array(value).astype(dtype))


def plainly(path: Path) -> list[tuple[np.ndarray, list[int], int, float]]:
    """The content as plain h5py reads it."""
    with h5py.File(path) as file:
        entries = sorted((key for key in file if re.fullmatch(r"entry_\d+", key)), key=lambda key: int(key[6:]))
        labelled = any(f"{key}/{LEAVES[1]}" in file for key in entries)
        return [
            (
                file[key][LEAVES[0]][()],
                file[key][LEAVES[1]][()].tolist() if labelled else [],
                int(np.asarray(file[key].get(LEAVES[3], file[key].get("experiment_identifier"))).reshape(-1)[0]),
                float(np.asarray(file[key][LEAVES[2]]).reshape(-1)[0]) / JOULE,
            )
            for key in entries
        ]


@pytest.mark.parametrize("rounds", [80, pytest.param(1000, marks=pytest.mark.slow)])
def test_spoilt_deposits_are_refused_or_imported_exactly(tmp_path: Path, rounds: int) -> None:
    rng = random.Random(1612)
    good(tmp_path / "good.cxi")
    import_deposit(tmp_path / "good.cxi", tmp_path / "good.h5")
    check(Store.open(tmp_path / "good.h5"))
    path, output = tmp_path / "bad.cxi", tmp_path / "bad.h5"
    outcomes = {"refused": 0, "imported": 0}
    for number in range(rounds):
        shutil.copy(tmp_path / "good.cxi", path)
        spoil = (flip, flip, truncate, drop, reshape)[number % 5]
        spoil(path, rng)
        refusal = ""
        try:
            store = import_deposit(path, output, force=True)
            check(store)
        except AirybenchError as error:
            outcomes["refused"] += 1
            refusal = str(error)
        except Exception as error:
            pytest.fail(f"round {number}, {spoil.__name__}: {type(error).__name__}: {error}")
        else:
            outcomes["imported"] += 1
            images, ids, energies = store.read_images(), store.ids(), store.photon_energy()
            labels = store.labels() if store.labelled else np.zeros((store.count, 0))
            content = plainly(path)
            assert len(content) == store.count, number
            for row, (image, vector, identifier, energy) in enumerate(content):
                np.testing.assert_array_equal(images[row], image, err_msg=f"round {number}")
                assert labels[row].tolist() == vector, number
                assert ids[row] == identifier, number
                assert energies[row] == pytest.approx(energy, rel=1e-6), number
        finally:
            output.unlink(missing_ok=True)
        assert "\n" not in refusal, (number, spoil)
        assert not refusal or str(path) in refusal or str(output) in refusal, (number, refusal)
        assert not list(tmp_path.glob(".*.part")), number
    assert min(outcomes.values()) >= rounds // 8, outcomes  # both outcomes occur
