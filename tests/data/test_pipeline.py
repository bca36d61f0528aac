"""From counts to batches: crops, resize against OpenCV, scaling, and what an epoch is made of."""

import cv2
import numpy as np
import pytest
import torch

from airybench.config import TrainConfig
from airybench.data.pipeline import EVALUATION_BATCH, Part, preprocess


def counts(side: int, shots: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 65536, (shots, side, side)).astype(np.uint16)


def prepared(images: np.ndarray, size: int, *, antialias: bool = False, scaling: str = "counts") -> np.ndarray:
    result = preprocess(torch.from_numpy(images), size, antialias=antialias, scaling=scaling)
    assert result.dtype == torch.float32
    assert result.shape == (len(images), 1, size, size)
    return result[:, 0].numpy()


@pytest.mark.parametrize(
    ("side", "first", "last"),
    [(259, 1, 257), (256, 0, 256), (257, 0, 256), (255, 63, 191), (1035, 5, 1029), (1024, 0, 1024), (64, 0, 64)],
)
def test_central_power_of_two_without_resize(side: int, first: int, last: int) -> None:
    images = counts(side, 1)
    for antialias in (False, True):
        found = prepared(images, last - first, antialias=antialias)
        np.testing.assert_array_equal(found, images[:, first:last, first:last].astype(np.float32))


def test_oblong_detector_is_cropped_on_both_axes() -> None:
    images = np.random.default_rng(0).integers(0, 9, (1, 40, 71)).astype(np.uint16)
    np.testing.assert_array_equal(prepared(images, 32), images[:, 4:36, 19:51].astype(np.float32))


@pytest.mark.parametrize("size", [224, 128, 40, 300])
def test_plain_bilinear_is_opencvs(size: int) -> None:
    images = counts(259)
    expected = np.stack(
        [
            cv2.resize(image[1:257, 1:257].astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR)
            for image in images
        ]
    )
    # Both round the weights: neighbours may differ by 65535, so a weight's last bits are worth a few counts.
    np.testing.assert_allclose(prepared(images, size), expected, atol=4)


def test_antialias_keeps_the_mean_where_plain_bilinear_does_not() -> None:
    images = np.zeros((1, 256, 256), np.uint16)
    images[:, 4:-8:8, 4:-8:8] = 6400 * 32 * 32 / 31 / 31  # one bright pixel in 64, none on the rim: mean 100
    assert prepared(images, 32, antialias=True).mean() == pytest.approx(100, rel=0.01)
    assert abs(prepared(images, 32).mean() - 100) > 20
    noise = counts(256)
    assert prepared(noise, 40, antialias=True).mean() == pytest.approx(noise.mean(), rel=0.01)
    assert prepared(noise, 40, antialias=True).std() < 0.6 * prepared(noise, 40).std()


def test_extremes_of_uint16_are_exact() -> None:
    images = np.zeros((1, 64, 64), np.uint16)
    images[:, :32] = 65535
    raw, unit = prepared(images, 64), prepared(images, 64, scaling="unit")
    assert set(np.unique(raw)) == {0.0, 65535.0}
    assert set(np.unique(unit)) == {0.0, 1.0}
    images[:] = 65535
    for antialias in (False, True):
        np.testing.assert_allclose(prepared(images, 40, antialias=antialias, scaling="unit"), 1, rtol=1e-6)


def test_unit_is_counts_over_full_scale() -> None:
    images = counts(259)
    unit = prepared(images, 40, antialias=True, scaling="unit")
    np.testing.assert_allclose(unit * 65535, prepared(images, 40, antialias=True), rtol=1e-6)
    assert 0 <= unit.min() < unit.max() <= 1


def test_log1p_is_the_logarithm_of_the_resized_counts() -> None:
    images = counts(259)
    expected = np.log(1 + prepared(images, 40, antialias=True).astype(np.float64))
    np.testing.assert_allclose(prepared(images, 40, antialias=True, scaling="log1p"), expected, rtol=1e-6)


def test_values_between_counts_are_kept() -> None:
    found = prepared(counts(259), 224)
    assert (found != found.round()).mean() > 0.5


def part(shots: int, side: int = 6) -> Part:
    """Shot i: every pixel is told apart, and the label is i itself."""
    inputs = torch.arange(shots * side * side).float().view(shots, 1, side, side)
    return Part(inputs, torch.arange(shots).float().view(-1, 1), np.arange(shots))


def epoch(of: Part, batch: int, seed: int = 7, number: int = 1, *, flips: bool = False, **how: object) -> list[tuple]:
    shares = {name: how.pop(name) for name in ("skip", "shard") if name in how}
    return list(of.training_batches(TrainConfig(batch_size=batch, seed=seed, flips=flips, **how), number, **shares))


@pytest.mark.parametrize(
    ("shots", "batch", "batches", "size"), [(25, 4, 6, 4), (24, 4, 6, 4), (5, 8, 1, 5), (1, 1, 1, 1)]
)
def test_each_shot_at_most_once_and_no_short_batch(shots: int, batch: int, batches: int, size: int) -> None:
    of = part(shots)
    found = epoch(of, batch)
    assert [len(images) for images, _ in found] == [size] * batches
    labels = torch.cat([labels for _, labels in found]).flatten().long()
    assert len(labels.unique()) == len(labels)
    torch.testing.assert_close(torch.cat([images for images, _ in found]), of.inputs[labels])


def test_every_shot_is_met_over_epochs() -> None:
    met = {int(label) for number in range(1, 9) for _, labels in epoch(part(25), 4, number=number) for label in labels}
    assert met == set(range(25))


def test_order_and_flips_hang_on_seed_and_epoch_only() -> None:
    of = part(16)
    torch.manual_seed(0)
    first = torch.cat([images for images, _ in epoch(of, 4, flips=True)])
    torch.manual_seed(1)
    again = torch.cat([images for images, _ in epoch(of, 4, flips=True)])
    assert torch.equal(first, again)
    for other in (epoch(of, 4, seed=8, flips=True), epoch(of, 4, number=2, flips=True)):
        assert not torch.equal(first, torch.cat([images for images, _ in other]))
    assert not torch.equal(epoch(of, 4, seed=0, number=2)[0][1], epoch(of, 4, seed=1, number=1)[0][1])


def test_flips_give_the_four_symmetric_versions_alike_often() -> None:
    of = part(64)
    held = [0, 0, 0, 0]
    for number in range(1, 26):
        for images, labels in epoch(of, 16, number=number, flips=True):
            for image, label in zip(images[:, 0], labels.flatten().long(), strict=True):
                plain = of.inputs[label, 0]
                versions = [plain, plain.flip(0), plain.flip(1), plain.flip(0, 1)]
                (which,) = [k for k, version in enumerate(versions) if torch.equal(image, version)]
                held[which] += 1
    assert sum(held) == 1600
    assert all(abs(number - 400) < 5 * (1600 * 3 / 16) ** 0.5 for number in held)


def test_training_leaves_the_resident_inputs_alone() -> None:
    of = part(8)
    before = of.inputs.clone()
    for images, _ in epoch(of, 4, flips=True):
        images.zero_()
    assert torch.equal(of.inputs, before)


def test_evaluation_meets_every_shot_in_order() -> None:
    shots = 2 * EVALUATION_BATCH + 3
    of = part(shots, 2)
    batches = list(of.evaluation_batches())
    assert [len(batch) for batch in batches] == [EVALUATION_BATCH, EVALUATION_BATCH, 3]
    assert torch.equal(torch.cat(batches), of.inputs)
    assert len(of) == shots
