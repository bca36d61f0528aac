"""Runs of version 2: their lengths, and what their shots have in common."""

import numpy as np
import pytest

from airybench.errors import ConfigError, InputError
from airybench.physics.runs import POINTING, data_set_settings, run_of, run_settings, shot_beam


def test_runs_follow_one_another_and_have_100_to_400_shots():
    for seed in (0, 1612):
        runs = np.array([run_of(seed, index) for index in range(6000)])
        assert runs[0] == 0
        assert set(np.diff(runs)) == {0, 1}
        lengths = np.bincount(runs)[:-1]
        assert 100 <= lengths.min() <= lengths.max() <= 400
        assert len(set(lengths.tolist())) > 10
    assert run_of(0, 10**15) > run_of(0, 10**15 - 401)
    with pytest.raises(InputError, match="seed -1"):
        run_of(-1, 5)


@pytest.mark.parametrize("kind", ["helium", "cxidb"])
def test_what_a_data_set_shares_and_what_its_runs_do_not(kind):
    one, two, other = run_settings(kind, 3, 0), run_settings(kind, 3, 1), run_settings(kind, 4, 0)
    assert one.settings.frame is two.settings.frame
    assert (one.settings.frame.flat != other.settings.frame.flat).any()
    for name in ("photon_energy", "gain", "offset", "geometry", "stray_photons", "size"):
        assert getattr(one, name) != getattr(two, name), name
    assert (one.stray >= 0).all()
    assert one.photon_energy == np.float32(one.photon_energy)


def test_the_beam_of_a_shot_stays_near_that_of_its_run():
    run = run_settings("helium", 3, 0)
    rng = np.random.default_rng(1)
    beams = [shot_beam(run, rng) for _ in range(500)]
    away = [
        np.hypot(g.row_shift - run.geometry.row_shift, g.column_shift - run.geometry.column_shift) for g, _ in beams
    ]
    assert max(away) <= POINTING + 1e-6
    assert np.mean(away) == pytest.approx(POINTING * 2 / 3, rel=0.1)  # uniform on a disc
    assert min(factor for _, factor in beams) >= 0.7 - 1e-6
    assert max(factor for _, factor in beams) <= 1.3 + 1e-6


def test_beams_of_runs_spread_as_the_data_set_says():
    for seed in (1, 2):
        shifts = np.array([run_settings("cxidb", seed, n).geometry.row_shift for n in range(300)])
        spread = data_set_settings("cxidb", seed).beam_spread
        reach = 4.5 / 2**0.5
        drawn = np.clip(np.random.default_rng(0).normal(0, spread, 100_000), -reach, reach)
        assert shifts.std() == pytest.approx(drawn.std(), rel=0.12)
        assert abs(shifts.mean()) < 4 * spread / 300**0.5


def test_another_data_set_is_refused():
    with pytest.raises(ConfigError, match="unknown data set 'neon'"):
        data_set_settings("neon", 1)
