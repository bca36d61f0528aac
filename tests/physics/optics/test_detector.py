"""Detector stages, each against the statistics it stands for."""

import numpy as np
import pytest

from airybench.physics.optics import detector
from airybench.physics.optics import detector_stages as stages
from airybench.physics.optics.geometry import Geometry

GEOMETRY = Geometry()


def test_photons_are_poisson_distributed():
    rng = np.random.default_rng(0)
    expected = rng.uniform(0.5, 40, (32, 32)).astype(np.float32)
    shots = np.array([stages.detect_photons(expected, rng) for _ in range(2000)])
    ratio = shots.var(axis=0, ddof=1) / shots.mean(axis=0)
    assert ratio.mean() == pytest.approx(1, abs=0.03)
    assert np.abs(shots.mean(axis=0) / expected - 1).mean() < 0.03


def test_the_number_of_photons_counts_the_sensitive_area_only():
    pattern = np.ones((259, 259), np.float32)
    pattern[129, 129] = 1e9
    sensitive = stages.outside_hole(GEOMETRY, 0.2)
    scaled = stages.expected_photons(pattern, 5e4, sensitive)
    assert scaled[sensitive].sum() == pytest.approx(5e4, rel=1e-4)
    assert not stages.expected_photons(np.zeros_like(pattern), 5e4, sensitive).any()


def test_the_plate_amplifies_by_exponential_pulses_and_a_power_law():
    rng = np.random.default_rng(1)
    photons = np.full((300, 300), 5, np.float32)
    linear = stages.amplify(photons, rng, gamma=1.0, gain=10.0)
    # Five exponential pulses of mean 10: mean 50, variance 5 * 100.
    assert linear.mean() == pytest.approx(50, rel=0.01)
    assert linear.var() == pytest.approx(500, rel=0.03)
    bent = stages.amplify(photons * 1000, rng, gamma=0.6, gain=10.0)
    assert bent.mean() == pytest.approx(10 * 5000**0.6, rel=0.01)
    assert not stages.amplify(np.zeros((3, 3), np.float32), rng, gamma=0.6, gain=10.0).any()


def test_the_phosphor_spreads_light_and_loses_none():
    point = np.zeros((41, 41), np.float32)
    point[20, 20] = 100
    spread = stages.blur_phosphor(point, 0.8)
    assert spread.sum() == pytest.approx(100, rel=1e-4)
    rows = np.arange(41) - 20
    assert (spread.sum(axis=1) * rows**2).sum() / 100 == pytest.approx(0.8**2, rel=0.05)


def test_efficiency_falls_off_to_one_side():
    efficiency = stages.efficiency_gradient(GEOMETRY, 2.0, 0.0)
    row = efficiency[129]
    assert (np.diff(row) >= 0).all()
    assert 0.5 <= efficiency.min() < 0.62
    assert 0.9 < efficiency.max() <= 1
    np.testing.assert_allclose(efficiency, efficiency[:1].repeat(259, axis=0), rtol=1e-5)
    assert (stages.efficiency_gradient(GEOMETRY, 1.0, 0.3) == 1).all()


def test_stray_light_falls_off_from_the_beam_axis():
    halo = stages.stray_light(GEOMETRY, 0.5, 0.4)
    assert halo[129, 129] == pytest.approx(0.5)
    assert (np.diff(halo[129, 129:]) < 0).all()


def test_read_out_adds_offset_and_noise():
    rng = np.random.default_rng(2)
    counts = stages.read_out(np.zeros((300, 300), np.float32), rng, offset=100.0, noise=7.0)
    assert counts.mean() == pytest.approx(100, abs=0.1)
    assert counts.std() == pytest.approx(7, rel=0.02)


def test_hole_and_gap_are_where_they_should_be():
    hole = stages.outside_hole(Geometry(row_shift=3.0, column_shift=-2.0), 0.2)
    rows, columns = np.nonzero(~hole)
    assert rows.mean() == pytest.approx(132)
    assert columns.mean() == pytest.approx(127)
    assert len(rows) == pytest.approx(np.pi * (0.2 * 129) ** 2, rel=0.01)
    gap = stages.outside_gap(GEOMETRY, 5)
    assert set(np.nonzero(~gap)[0]) == {127, 128, 129, 130, 131}


def test_the_centre_moves_by_one_to_three_percent():
    rng = np.random.default_rng(4)
    shifts = np.array([detector.draw_centre_shift(rng, 0.01, 0.03, 129.0) for _ in range(500)])
    lengths = np.hypot(*shifts.T) / 129
    assert lengths.min() >= 0.01
    assert lengths.max() <= 0.03
    assert np.abs(shifts.mean(axis=0)).max() < 0.5


def test_counts_are_clipped_and_never_wrap():
    counts = stages.digitise(np.array([[-3.0, 0.4, 70_000.0, 12.6]], np.float32))
    assert counts.dtype == np.uint16
    assert counts.tolist() == [[0, 0, 65535, 13]]
    assert stages.digitise(np.array([[70_000.0]], np.float32), 60_000).tolist() == [[60_000]]


def test_whole_chains():
    pattern = (1e3 / (1 + (GEOMETRY.radius() * 10) ** 4)).astype(np.float32)
    for draw, detect, blind in (
        (detector.draw_wide_angle, detector.detect_wide_angle, (129, 129)),
        (detector.draw_small_angle, detector.detect_small_angle, (129, 10)),
    ):
        rng = np.random.default_rng(5)
        settings = draw(rng, GEOMETRY)
        assert 1e3 <= settings.photons <= 1e7
        image = detect(pattern, settings, rng)
        assert image.shape == (259, 259)
        assert image.dtype == np.uint16
        assert image[blind] == 0
        again = detect(pattern, settings, np.random.default_rng(6))
        assert (again == detect(pattern, settings, np.random.default_rng(6))).all()
        empty = detect(np.zeros_like(pattern), settings, rng)
        assert empty.sum() < image.sum()
