"""Shots in another run: their own run gives them back bit for bit, and another one shows its own beam and level."""

import numpy as np
import pytest

from airybench.physics.another_run import helium_in_run, small_angle_in_run
from airybench.physics.runs import run_of, run_settings
from airybench.physics.simulate import SimulatedShots, simulate

SEED = 3
LATER = 5


@pytest.fixture(scope="module", params=["helium", "cxidb"])
def shots(request: pytest.FixtureRequest) -> tuple[str, SimulatedShots]:
    return request.param, simulate(request.param, range(4), SEED)


def in_run(name: str, shots: SimulatedShots, row: int, run: int) -> np.ndarray:
    truth = {key: float(values[row]) for key, values in shots.truth.items()}
    if name == "helium":
        return helium_in_run(truth, float(shots.photon_energy[row]), SEED, row, run)
    classes = ("PBCV-1", "T4", "Magnetosome", "Nanorice", "Background")
    return small_angle_in_run(classes[shots.labels[row].argmax()], truth, SEED, row, run)


def test_its_own_run_gives_the_shot_itself(shots: tuple[str, SimulatedShots]) -> None:
    name, found = shots
    for row in range(4):
        assert np.array_equal(in_run(name, found, row, run_of(SEED, row)), found.images[row])


def test_another_run_has_its_own_level(shots: tuple[str, SimulatedShots]) -> None:
    name, found = shots
    own, other = (run_settings(name, SEED, run) for run in (run_of(SEED, 0), LATER))
    closed = ~own.settings.frame.sensitive & ~own.settings.frame.dead & (own.settings.frame.hot == 0)
    assert own.offset != other.offset
    for row in range(4):
        image = in_run(name, found, row, LATER)
        assert image.shape == found.images[row].shape
        assert not np.array_equal(image, found.images[row])
        if name == "cxidb":  # nothing but the camera is seen behind the gap
            rise = np.median(image[closed].astype(float)) - np.median(found.images[row][closed].astype(float))
            assert rise == pytest.approx(other.offset - own.offset, abs=4)
