"""Near-duplicates are counted as numpy.corrcoef sees them, within groups; so are repeats after a whole import."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from airybench.cli.main import run as run_command
from airybench.data.store.near_repeats import NearRepeats, Neighbours, correlations
from airybench.data.store.store import Store
from airybench.data.store.writer import StoreHeader, StoreWriter

RNG = np.random.default_rng(8)


def store_of(path: Path, images: np.ndarray, groups: np.ndarray) -> Store:
    header = StoreHeader("mine", (), "multilabel", "stack", "counts as in the source")
    with StoreWriter(path, header, image_shape=images.shape[1:]) as writer:
        writer.append(images, ids=np.arange(len(images)), photon_energy=np.full(len(images), 9000.0), groups=groups)
    return Store.open(path)


def test_correlations_are_those_of_numpy() -> None:
    images = RNG.poisson(RNG.gamma(0.3, 50, (9, 12, 13))).astype(np.uint16)
    images[4] = 7
    found = correlations(images)
    for row in range(8):
        if row in (3, 4):
            assert np.isnan(found[row])
        else:
            assert found[row] == pytest.approx(np.corrcoef(images[row].ravel(), images[row + 1].ravel())[0, 1])


def test_neighbours_of_one_group_that_are_almost_the_same_are_counted(tmp_path: Path) -> None:
    pattern = RNG.gamma(0.3, 4000, (300, 14, 14))
    pattern[1:4] = pattern[0]  # three more shots of one bright pattern
    pattern[257] = pattern[256]  # across two reads
    pattern[101] = pattern[100]  # of two groups
    pattern[51] = pattern[50] / 5000  # the same pattern, but dim
    images = RNG.poisson(pattern.clip(0, 60000)).astype(np.uint16)
    images[200] = images[201] = 0
    images[151] = images[150]  # equal: a repeat
    groups = np.repeat([1, 2], [101, 199])
    store = store_of(tmp_path / "s.h5", images, groups)
    neighbours = Neighbours(store.groups())
    store.verify(watch=[neighbours.add])
    assert neighbours.result() == NearRepeats(pairs=4, compared=299 - 1 - 3)


@pytest.mark.parametrize("contradicting", [False, True])
def test_repeats_and_bad_pixels_of_an_imported_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], contradicting: bool
) -> None:
    """Fifty images, each four times; labels of pure noise."""
    base, labels = RNG.poisson(8, (50, 32, 32)).astype(np.uint16), RNG.integers(0, 3, 50)
    base[:, 5, 6] = 900 + np.arange(50)
    labels = np.concatenate([labels] * 4)
    if contradicting:
        labels[150] = (labels[0] + 1) % 3
    with h5py.File(tmp_path / "dup.h5", "w") as file:
        file["images"], file["id"], file["label"] = np.concatenate([base] * 4), np.arange(200), labels
    words = [str(tmp_path / "dup.h5"), "--labels", "label", "--class-names", "a,b,c", "--photon-energy", "9000"]
    out, picture = tmp_path / "out.h5", tmp_path / "bad.png"
    code = run_command(["data", "import", *words, "--output", str(out)])
    assert code == (2 if contradicting else 0)
    said = capsys.readouterr().err
    if contradicting:
        assert "1 images have contradicting labels (4 shots)" in said
        return
    assert "200 shots share 50 images with one another" in said
    assert "1 pixel looks bad in 50 shots (1 hot); --find-bad-pixels masks them" in said
    assert run_command(["data", "check", str(out), "--json", "--picture", str(picture)]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["repeats"] == {"images": 50, "shots": 200, "contradicting": 0}
    assert facts["near_repeats"] == {"pairs": 0, "compared": 199}
    assert facts["bad_pixels"] == {"shots": 50, "dead": 0, "stuck": 0, "hot": 1, "noisy": 0, "dim": 0}
    assert np.asarray(Image.open(picture)).std() > 0
    assert run_command(["data", "check", str(out), "--picture", str(picture)]) == 2  # it exists
