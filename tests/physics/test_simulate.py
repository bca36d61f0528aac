"""The entry point: shapes, labels that hold on the truth, and the same bytes again."""

import os
import subprocess
import sys
from hashlib import sha256

import numpy as np
import pytest
import torch

from airybench.errors import ConfigError, InputError
from airybench.physics.helium.shot import helium_shot
from airybench.physics.optics.random import Stream, shot_generator
from airybench.physics.populations import CXIDB_CLASSES, HELIUM_CLASSES, helium_label_sets
from airybench.physics.simulate import class_names, label_kind, simulate
from airybench.physics.small_angle.shot import cxidb_shot

SEED = 1612


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def digest(shots) -> str:
    parts = [shots.images, shots.labels, shots.photon_energy, *(shots.truth[name] for name in sorted(shots.truth))]
    return sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


def check_labels(labels, truth):
    """The rules of the labels, written down once more from the text."""
    weak = bool(labels & {"Streak", "Layered"}) and "Prolate" not in labels
    rod = {name: truth[("companion_" if weak else "") + name] for name in ("axis_ratio", "delta", "odd_part")}
    asymmetric = "Asymmetric" in labels
    if "Empty" in labels:
        assert truth["shape"] == 0
        assert labels == {"Empty"}
        return
    if "Spherical/Oblate" in labels:
        assert truth["shape"] == 1
        assert 0.65 - 1e-6 <= 1 / truth["axis_ratio"] <= 1
    if "Round" in labels:
        assert truth["ring_ratio"] < 1.05
        if asymmetric:
            assert truth["axis_ratio"] == pytest.approx(1 / 0.8)
            assert 65 <= truth["delta"] <= 70
    if "Elliptical" in labels:
        assert truth["ring_ratio"] > 1.08
        flattening = 1 / truth["axis_ratio"]
        if asymmetric:
            assert 0.65 - 1e-6 <= flattening <= 0.8 + 1e-6
            assert 25 <= truth["delta"] <= 50
        else:
            assert 0.65 - 1e-6 <= flattening <= 0.9 + 1e-6
            assert truth["delta"] < 5
            assert truth["odd_part"] < 0.05
    if "Prolate" in labels:
        low, high = (5, 7) if "Layered" in labels else (1.3, 4)
        assert truth["shape"] in (2, 3, 4)
        assert low - 1e-6 <= truth["axis_ratio"] <= high + 1e-6
    if "Streak" in labels:
        assert rod["axis_ratio"] > 2
        assert rod["delta"] <= (45 if asymmetric else 25)
    if "Bent" in labels:
        assert (rod["odd_part"] >= 0.3) if asymmetric else (0.1 <= rod["odd_part"] < 0.3)
        assert (30 <= rod["delta"] <= 60) if asymmetric else (10 <= rod["delta"] <= 25)
    if asymmetric:
        assert truth["odd_part"] >= 0.1
        if "Prolate" in labels and not labels & {"Bent", "Streak"}:
            assert 1.3 - 1e-6 <= rod["axis_ratio"] <= 1.5 + 1e-6
    elif "Bent" not in labels:
        assert truth["odd_part"] < 0.1
    if "NewtonRings" in labels:
        x, y, z = (truth[f"newton_{axis}"] for axis in "xyz")
        assert 5_000 <= abs(z) <= 20_000
        assert 5 <= np.degrees(np.arctan(np.hypot(x, y) / abs(z))) <= 20
    else:
        assert np.isnan(truth["newton_z"])
    if "DoubleRings" in labels:
        assert abs(np.log(truth["double_ratio"])) > 0.1
        assert truth["double_coherent"] == 0 or 0 <= truth["double_gap"] <= 300
        if truth["double_coherent"] == 1 and truth["shape"] == 1:
            apart = np.sqrt(sum(truth[f"double_{axis}"] ** 2 for axis in "xyz"))
            assert apart >= 0.75 * truth["radius"] * (1 + truth["double_ratio"])
    else:
        assert truth["double_coherent"] == -1
    if "Layered" in labels:
        assert 5 <= rod["axis_ratio"] <= 7
        pill = truth["companion_radius"] if weak else truth["radius"]
        assert 40 <= pill / (1.5 * rod["axis_ratio"] - 0.5) ** (1 / 3) <= 90.001
    if weak or "Layered" in labels:
        assert 0.3 <= truth["companion_field"] <= 0.6


@pytest.mark.parametrize(("dataset", "classes", "kind"), [
    ("helium", HELIUM_CLASSES, "multilabel"),
    ("cxidb", CXIDB_CLASSES, "multiclass"),
])  # fmt: skip
def test_shots_have_the_promised_form(dataset, classes, kind):
    shots = simulate(dataset, [3, 0, 8, 9], SEED)
    assert class_names(dataset) == classes
    assert label_kind(dataset) == kind
    assert shots.images.shape == (4, 259, 259)
    assert shots.images.dtype == np.uint16
    assert shots.labels.shape == (4, len(classes))
    assert shots.labels.dtype == np.uint8
    assert shots.photon_energy.dtype == np.float32
    assert shots.photon_energy.shape == (4,)
    assert all(values.shape == (4,) for values in shots.truth.values())
    assert {values.dtype for values in shots.truth.values()} == {np.dtype(np.float32), np.dtype(np.int32)}
    if kind == "multiclass":
        assert (shots.labels.sum(axis=1) == 1).all()
    assert set(simulate(dataset, [], SEED).truth) == set(shots.truth)


@pytest.mark.parametrize("dataset", ["helium", "cxidb"])
def test_same_seed_same_bytes_whatever_batch_order_and_threads(dataset):
    indices = [0, 1, 2, 3, 4, 5]
    together = simulate(dataset, indices, SEED)
    backwards = simulate(dataset, indices[::-1], SEED)
    assert (backwards.images[::-1] == together.images).all()
    alone = simulate(dataset, [4], SEED)
    assert (alone.images[0] == together.images[4]).all()
    for name, values in together.truth.items():
        np.testing.assert_array_equal(alone.truth[name][0], values[4])
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert digest(simulate(dataset, indices, SEED)) == digest(together)
    finally:
        torch.set_num_threads(threads)
    assert torch.get_num_threads() == threads
    other = simulate(dataset, indices, SEED + 1)
    assert (other.images != together.images).any()


@pytest.mark.slow
def test_another_process_gives_the_same_bytes():
    code = (
        "from hashlib import sha256; from airybench.physics.simulate import simulate;"
        f"print(sha256(simulate('helium', range(6), {SEED}).images.tobytes()).hexdigest())"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert answer.stdout.strip() == sha256(simulate("helium", range(6), SEED).images.tobytes()).hexdigest()


def test_streams_of_a_shot_are_independent_and_repeatable():
    first, again = (shot_generator(1, 2, Stream.NOISE).random(4) for _ in range(2))
    assert (first == again).all()
    others = [
        shot_generator(*key).random(4) for key in ((1, 2, Stream.LABELS), (2, 1, Stream.NOISE), (1, 3, Stream.NOISE))
    ]
    assert all((first != other).all() for other in others)


def test_labels_of_version_1_hold_on_the_stored_truth():
    shots = simulate("helium", range(48), 7, version=1, balance=0.08)
    assert shots.labels.any(axis=0).all()
    # Ranges are such that the first radius nearly always serves.
    assert np.mean(shots.truth["redraws_of_radius"] > 0) < 0.1
    for i, row in enumerate(shots.labels):
        labels = frozenset(name for name, there in zip(HELIUM_CLASSES, row, strict=True) if there)
        check_labels(labels, {name: float(values[i]) for name, values in shots.truth.items()})


@pytest.mark.slow
def test_every_label_set_can_be_realised(one_thread):
    keys = set()
    for labels in helium_label_sets()[0]:
        for index in range(3):
            shot = helium_shot(labels, SEED, index)
            assert shot.labels == labels
            check_labels(labels, {name: float(np.float32(value)) for name, value in shot.truth.items()})
            keys.add(frozenset(shot.truth))
    assert len(keys) == 1


def test_bright_shots_of_version_1_use_the_range_of_sixteen_bits():
    peaks = simulate("helium", range(40), 2, version=1).images.max(axis=(1, 2))
    assert peaks.max() > 10_000
    assert np.median(peaks) < 20_000


def test_classes_of_the_small_angle_set_differ_in_their_light(one_thread):
    shots = {name: cxidb_shot(name, 4, 0) for name in CXIDB_CLASSES}
    assert shots["Background"].image.max() < shots["PBCV-1"].image.max()
    assert shots["Background"].truth["particles"] == 0
    assert 184 <= shots["PBCV-1"].truth["size"] <= 196
    assert 1 <= shots["Magnetosome"].truth["cubes"] <= 8


def test_wrong_input_is_refused():
    with pytest.raises(ConfigError, match=r"unknown data set 'helum'.*Did you mean 'helium'"):
        simulate("helum", [0], SEED)
    with pytest.raises(ConfigError, match="unknown data set"):
        class_names("neon")
    with pytest.raises(InputError, match="seed -1 found"):
        simulate("helium", [0], -1)
    with pytest.raises(InputError, match="shot index -2 found"):
        simulate("cxidb", [-2], SEED)
    with pytest.raises(ConfigError, match="balance"):
        simulate("cxidb", [0], SEED, balance=0.3)
