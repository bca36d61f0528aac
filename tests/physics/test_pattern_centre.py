"""The centre of a pattern against pairs of pixels counted one by one, and closed forms of known centre."""

import numpy as np
import pytest
import torch

from airybench.physics.correlation import correlation_map
from airybench.physics.optics.polar import Rings, polar
from airybench.physics.pattern_centre import REACH, _self_inversion, found_centres

SIZE = 64


def rings_about(row: float, column: float, twofold: float = 0.0) -> np.ndarray:
    """A sphere-like pattern, (sin u / u)^2 falling off, with a share of twofold symmetry."""
    rows, columns = np.indices((SIZE, SIZE))
    radius, angle = np.hypot(rows - row, columns - column), np.arctan2(rows - row, columns - column)
    u = radius / 3 + 1e-9
    return 1e5 * (np.sin(u) / u) ** 2 / (1 + radius) * (1 + twofold * np.cos(2 * angle)) + 1


def test_each_shift_is_the_correlation_of_the_pairs_of_good_pixels() -> None:
    rng, size = np.random.default_rng(0), 9
    image, good = rng.poisson(20, (size, size)).astype(np.float64), rng.random((size, size)) < 0.85
    image[~good] = 60000  # a masked pixel may hold anything
    found = _self_inversion(torch.from_numpy(image[None]), torch.from_numpy(good))[0].numpy()
    logs = np.log1p(image)
    for down in range(2 * size - 1):
        for right in range(2 * size - 1):
            pairs = [
                (logs[i, j], logs[down - i, right - j])
                for i in range(size)
                for j in range(size)
                if 0 <= down - i < size and 0 <= right - j < size and good[i, j] and good[down - i, right - j]
            ]
            expected = np.corrcoef(np.array(pairs).T)[0, 1] if len(pairs) >= 0.25 * size * size else 0.0
            assert found[down, right] == pytest.approx(expected, abs=1e-9), (down, right)


@pytest.mark.parametrize("centre", [(31.5, 31.5), (29.3, 33.9), (33.0, 30.2)])
def test_closed_forms_are_centred_to_a_tenth_of_a_pixel(centre: tuple[float, float]) -> None:
    pattern = torch.from_numpy(rings_about(*centre, twofold=0.4)[None])
    assert found_centres(pattern)[0].numpy() == pytest.approx(centre, abs=0.1)
    noisy = torch.poisson(pattern, generator=torch.Generator().manual_seed(1))
    assert found_centres(noisy)[0].numpy() == pytest.approx(centre, abs=0.2)


def test_a_hole_that_stays_on_the_frame_misleads_only_without_the_mask() -> None:
    pattern, mask = torch.from_numpy(rings_about(33.6, 29.8)), torch.ones(SIZE, SIZE)
    mask[20:44, 18:46] = 0
    holed = torch.where(mask > 0, pattern, torch.zeros_like(pattern))[None]
    off, found = (np.hypot(*(found_centres(holed, one)[0].numpy() - (33.6, 29.8))) for one in (None, mask))
    assert found < 0.2
    assert off > 0.5
    np.testing.assert_array_equal(found_centres(holed, mask), found_centres(holed, mask.expand(1, -1, -1)))


def test_images_do_not_influence_one_another_and_even_ones_keep_the_middle() -> None:
    patterns = torch.from_numpy(np.stack([rings_about(30, 33), np.full((SIZE, SIZE), 7.0), rings_about(33, 32)]))
    together = found_centres(patterns)
    for one, centre in zip(patterns, together, strict=True):
        torch.testing.assert_close(found_centres(one[None])[0], centre)
    assert together[1].tolist() == [31.5, 31.5]
    far = found_centres(torch.from_numpy(rings_about(10, 50)[None]))[0].numpy()
    assert np.abs(far - 31.5).max() <= REACH * SIZE + 0.5


def first_harmonic(maps: torch.Tensor) -> float:
    """Amplitude of cos D in the maps, root mean square over the rings between a fifth and four fifths."""
    rings = maps[:, SIZE // 5 : 4 * SIZE // 5].double()
    phase = torch.arange(SIZE) * (2 * np.pi / SIZE)
    return float((2 * (rings * phase.cos()).mean(dim=-1)).square().mean().sqrt())


def test_a_map_about_the_pattern_has_no_harmonic_of_the_shift() -> None:
    centre = (31.5 + 2.2, 31.5 - 1.6)  # 2.7 px off
    pattern = torch.poisson(torch.from_numpy(rings_about(*centre)[None]), generator=torch.Generator().manual_seed(2))
    frame, found, given = (first_harmonic(correlation_map(pattern, centre=one)) for one in ("frame", "found", centre))
    assert frame > 0.6
    assert found < 0.4 * frame
    assert given < 0.4 * frame


def test_a_map_about_a_given_centre_is_that_of_rings_there_over_what_the_frame_holds() -> None:
    centre = (29.0, 34.0)
    pattern = np.random.default_rng(4).poisson(rings_about(*centre, twofold=0.6))
    found = correlation_map(torch.from_numpy(pattern.astype(np.float64)[None]), centre=centre)[0].numpy()
    rows, columns = Rings(SIZE, SIZE, 4 * SIZE, centre).positions()
    samples = polar(torch.from_numpy(pattern.astype(np.float64)[None]), Rings(SIZE, SIZE, 4 * SIZE, centre))[0].numpy()
    seen = (rows >= 0) & (rows <= SIZE - 1) & (columns >= 0) & (columns <= SIZE - 1)
    for ring in (5, 30, 55, 62):
        values, good = samples[ring], seen[ring]
        mean, variance = values[good].mean(), values[good].var()
        for column in (0, 9, 32, 50):
            both = good & np.roll(good, -4 * column)
            products = (values - mean) * (np.roll(values, -4 * column) - mean)
            expected = np.clip(products[both].mean() / variance, -1, 1)
            assert found[ring, column] == pytest.approx(expected, abs=2e-3), (ring, column)
    assert not seen[62].all(), "the outermost rings leave the frame"


def test_images_of_a_batch_have_centres_of_their_own() -> None:
    patterns = torch.from_numpy(np.stack([rings_about(30.0, 33.0, 0.5), rings_about(33.5, 30.5, 0.5)]))
    together = correlation_map(patterns, centre="found")
    for one, expected in zip(patterns, together, strict=True):
        torch.testing.assert_close(correlation_map(one[None], centre="found")[0], expected)
    about = correlation_map(patterns[:1], centre=tuple(found_centres(patterns[:1])[0].tolist()))
    torch.testing.assert_close(about[0], together[0], atol=1e-4, rtol=1e-4)
