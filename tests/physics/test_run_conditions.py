"""The detectors of version 2, with what they do to counts computed from their parts."""

import numpy as np
import pytest
from scipy.special import gamma

from airybench.physics.run_conditions import small_angle_conditions, wide_angle_conditions

MAKERS = (wide_angle_conditions, small_angle_conditions)


def dark(conditions, seed: int):
    frame = conditions.run.settings.frame
    image = conditions.detect(np.zeros(frame.flat.shape, np.float32), np.nan, np.random.default_rng(seed))
    return image.astype(float), frame


@pytest.mark.parametrize("make", MAKERS)
def test_hole_hot_and_dead_pixels_stay_where_they_are(make):
    first, frame = dark(make(11, 0), 0)
    later, same = dark(make(11, 900), 1)
    assert same is frame
    hidden = ~frame.sensitive | frame.dead
    for image in (first, later):
        assert (image[hidden] == 0).all()
        assert (image[frame.hot > 0] > 0.6 * frame.hot[frame.hot > 0]).all()


@pytest.mark.parametrize("make", MAKERS)
def test_stray_light_goes_the_way_of_other_photons(make):
    conditions = make(11, 3)
    run = conditions.run
    images = [dark(conditions, seed)[0] for seed in range(40)]
    frame = run.settings.frame
    plain = frame.sensitive & ~frame.dead & (frame.hot == 0)
    found = np.mean(images, axis=0) - run.offset
    gain = run.gain * frame.flat
    if make is wide_angle_conditions:
        # an exponential pulse to the power gamma has the mean Gamma(1 + gamma), as long as photons are few
        gain = gain * gamma(1 + run.gamma)
        angle, half = run.gradient_angle, (len(frame.flat) - 1) / 2
        rows, columns = np.indices(frame.flat.shape) - half
        rows, columns = rows - run.geometry.row_shift, columns - run.geometry.column_shift
        slope = (columns * np.cos(angle) + rows * np.sin(angle)) / (half * 2**0.5)
        share = 0.5 + 0.5 * np.sin(np.pi / 2 * np.clip(slope, -1, 1))
        gain = gain * (1 / run.gradient + (1 - 1 / run.gradient) * share)
    expected = gain * conditions.frame.stray
    if make is small_angle_conditions:
        assert found[plain].mean() == pytest.approx(expected[plain].mean(), abs=0.5, rel=0.03)
    else:
        assert found[plain].mean() == pytest.approx(expected[plain].mean(), abs=0.5, rel=0.08)
    dim = plain & (conditions.frame.stray < np.median(conditions.frame.stray))
    assert found[plain & ~dim].mean() > found[dim].mean()


def test_rows_share_their_noise():
    conditions = small_angle_conditions(11, 3)
    frame = conditions.run.settings.frame
    images = [dark(conditions, seed)[0] for seed in (1, 2)]
    plain = frame.sensitive & ~frame.dead & (frame.hot == 0)
    light = conditions.frame.stray * conditions.run.gain * frame.flat
    rows = [np.median(np.where(plain, image - light, np.nan)[:, 130:], axis=1) for image in images]
    assert abs(np.nanstd(rows[0] - rows[1]) / 2**0.5 - frame.row_noise) < 0.25 * frame.row_noise + 2


@pytest.mark.parametrize("make", MAKERS)
def test_truth_holds_numbers_of_one_kind(make):
    one, other = make(11, 3).truth(), make(12, 700).truth()
    assert {name: type(value) for name, value in one.items()} == {name: type(value) for name, value in other.items()}
    assert one["row_shift"] != one["run_row_shift"]


def test_bright_spots_bloom_along_columns():
    conditions = small_angle_conditions(11, 3)
    frame = conditions.run.settings.frame
    spot = np.zeros(frame.flat.shape, np.float32)
    spot[60, 60] = 1
    image = conditions.detect(spot, 40_000.0, np.random.default_rng(0)).astype(float)
    full = 60_000
    cells = float(40_000 * conditions.run.gain * frame.flat[60, 60] / full)
    beyond = np.abs(np.flatnonzero(image[:, 60] > 0.5 * full) - 60).max()
    assert beyond == pytest.approx(cells / 2, abs=1 + 0.2 * cells)
    assert (image[40:80, 64] < 0.1 * full).sum() > 30
