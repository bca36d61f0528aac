"""Inputs other than plain images: correlation maps and the noise of a study."""

import numpy as np
import pytest
import torch

from airybench.config import DataConfig, TrainConfig, TrialConfig
from airybench.data.loading.loaded import LoadedSplit
from airybench.data.loading.noise import amplitude, draws, with_noise
from airybench.data.loading.preprocess import network_inputs, preprocess, resized
from airybench.inference.predictor import Predictor
from airybench.physics.correlation import correlation_map

SMALL = {"image_size": 40, "antialias": True}


def counts(shots: int = 4, side: int = 67) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).poisson(30, (shots, side, side)).astype(np.uint16))


def test_plain_images_are_only_preprocessed() -> None:
    for scaling in ("counts", "unit"):
        expected = preprocess(counts(), 40, antialias=True, scaling=scaling)
        assert torch.equal(network_inputs(counts(), DataConfig(**SMALL), scaling), expected)
        assert torch.equal(network_inputs(counts(), DataConfig(**SMALL), scaling, ids=np.arange(4)), expected)


@pytest.mark.parametrize("kind", ["angular", "radial"])
def test_a_map_is_that_of_the_cropped_and_resized_image(kind: str) -> None:
    config = DataConfig(**SMALL, input="ccf", ccf_kind=kind, ccf_delta=30.0, ccf_zero="mask")
    found = network_inputs(counts(), config, "counts")
    image = preprocess(counts(), 40, antialias=True, scaling="counts")[:, 0]
    expected = correlation_map(image, kind=kind, delta=30.0, zero="mask")
    assert found.shape == (4, 1, 40, 40)
    assert torch.equal(found[:, 0], expected)
    assert found.abs().max() <= 1


def test_the_predictor_sees_the_same_from_raw_counts_and_exports_with_a_free_batch() -> None:
    torch.manual_seed(0)
    config = TrialConfig().replace({**SMALL, "input": "ccf", "arch": "vgg", "head_width": 8})
    predictor = Predictor(config, ("a", "b"), "multilabel").eval()
    with torch.no_grad():
        expected = predictor.network(network_inputs(counts(), config.data, config.input_scaling)).sigmoid()
        torch.testing.assert_close(predictor(counts()), expected)
        batch = {0: torch.export.Dim("batch")}
        exported = torch.export.export(predictor, (counts(2),), dynamic_shapes=(batch,)).module()
        torch.testing.assert_close(exported(counts()), expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("level", ["mean", "mean-std", "max"])
def test_noise_is_uniform_up_to_its_amplitude(level: str) -> None:
    images = resized(counts(), 40, antialias=True)
    plain = images.numpy()[:, 0].astype(np.float64)
    expected = {"mean": plain.mean((1, 2)), "mean-std": plain.mean((1, 2)) + plain.std((1, 2)),
                "max": plain.max((1, 2))}[level]  # fmt: skip
    np.testing.assert_allclose(amplitude(images, level).flatten(), expected, rtol=1e-5)
    added = (with_noise(images, level, np.arange(4), 7) - images)[:, 0].numpy() / expected[:, None, None]
    assert -1e-4 < added.min() < 0.01
    assert 0.99 < added.max() < 1 + 1e-4
    spread = (1 / 12 / added.size) ** 0.5
    assert abs(added.mean() - 0.5) < 5 * spread
    assert np.histogram(added, 10, (0, 1))[0] == pytest.approx([added.size / 10] * 10, rel=0.15)


def test_noise_depends_on_id_and_seed_only() -> None:
    ids = np.array([5, -3, 2**62, 8])
    drawn = draws(ids, 16, 1)
    assert torch.equal(draws(ids[::-1].copy(), 16, 1).flip(0), drawn)
    assert torch.equal(draws(ids[2:3], 16, 1)[0], drawn[2])
    assert not torch.equal(draws(ids, 16, 2), drawn)
    assert len({float(shot.sum()) for shot in drawn}) == 4
    assert drawn.min() >= 0
    assert drawn.max() < 1


def test_noise_comes_before_the_map_and_the_scaling() -> None:
    ids = np.arange(10, 14)
    noisy = with_noise(resized(counts(), 40, antialias=True), "max", ids, 1612)
    config = DataConfig(**SMALL, noise="max")
    torch.testing.assert_close(network_inputs(counts(), config, "unit", ids=ids), noisy / 65535)
    seen = network_inputs(counts(), config.model_copy(update={"input": "ccf"}), "counts", ids=ids)
    torch.testing.assert_close(seen[:, 0], correlation_map(noisy[:, 0]))
    # The network itself gets no ids: the images it meets later have noise of their own.
    assert torch.equal(network_inputs(counts(), config, "counts"), resized(counts(), 40, antialias=True))


def test_maps_are_neither_flipped_nor_rotated() -> None:
    inputs = torch.arange(8 * 36).float().view(8, 1, 6, 6)
    maps = LoadedSplit(inputs, torch.arange(8).float().view(-1, 1), np.arange(8), flippable=False)
    for images, labels in maps.training_batches(TrainConfig(batch_size=4, seed=7, flips=True, rotation="any"), 1):
        assert torch.equal(images, inputs[labels.flatten().long()])
