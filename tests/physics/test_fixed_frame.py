"""What a data set has on all its frames."""

import numpy as np
import pytest

from airybench.physics.fixed_frame import FixedFrame, bloom, draw_frame
from airybench.physics.optics.geometry import Geometry


def frame(seed: int) -> FixedFrame:
    return draw_frame(np.random.default_rng(seed), Geometry(), (0.1, 0.2), (3, 6))


def test_frames_are_drawn_within_their_ranges():
    frames = [frame(seed) for seed in range(40)]
    for one in frames:
        hot = one.hot[one.hot > 0]
        assert len(hot) <= 40
        assert ((hot >= 1e3) & (hot <= 4e4 * 1.001)).all()
        assert not (one.hot > 0)[one.dead | ~one.sensitive].any()
        assert one.dead.sum() <= 0.002 * one.sensitive.sum() + 1
        assert one.flat.std() == pytest.approx(one.flat_spread, rel=0.05)
        assert one.flat.mean() == pytest.approx(1, abs=0.01)
        rows, columns = np.indices((259, 259)) - 129.0
        inside = np.hypot(rows - one.hole_row, columns - one.hole_column) / 129 < one.hole
        assert not one.sensitive[inside].any()
        assert (~one.opaque_rows).any(axis=1).sum() == one.gap
        assert (one.sensitive == ~inside & one.opaque_rows).all()
    assert max(one.offset for one in frames) > 500
    assert len({one.truth()["hot_pixels"] for one in frames}) > 10


def test_charge_is_kept_stays_in_its_column_and_does_not_cross_the_gap():
    one = frame(1)
    counts = np.zeros((259, 259), np.float32)
    counts[50, 30] = 1000
    spread = bloom(counts, one, 100)
    assert spread.sum() == pytest.approx(1000, rel=1e-5)
    assert spread.max() < 101
    assert set(np.nonzero(spread)[1]) == {30}
    rows = np.nonzero(spread[:, 30] > 1)[0]
    assert len(rows) == pytest.approx(10, abs=2)
    assert rows.mean() == pytest.approx(50, abs=1)
    counts[50, 30], counts[110, 30] = 0, 10_000
    assert not bloom(counts, one, 100)[~one.opaque_rows].any()
    assert not bloom(counts, one, 100)[140:].any()
