"""Masks that a network sees: as a second channel of its input, and as what its correlation maps leave out."""

from pathlib import Path

import numpy as np
import pytest
import torch
from run_store import IMAGES, SPLIT, config, run_store

from airybench.config import DataConfig, TrialConfig
from airybench.data.loading.corrections import ShotCorrections
from airybench.data.loading.loaded import LoadedDataset
from airybench.data.loading.masking import PixelFill
from airybench.data.loading.preprocess import network_inputs, preprocess, resized
from airybench.errors import ConfigError
from airybench.networks.build import build
from airybench.physics.correlation import correlation_map
from airybench.physics.optics.polar import Rings, polar

RANDOM = np.random.default_rng(3)
GOOD = RANDOM.random(IMAGES.shape[1:]) > 0.05
OWN = GOOD & (RANDOM.random(IMAGES.shape) > 0.05)
MASKS = pytest.mark.parametrize("mask", [GOOD, OWN], ids=["shared", "own"])


def loaded(path: Path, mask: np.ndarray, **changes: object) -> LoadedDataset:
    each = np.broadcast_to(mask, IMAGES.shape)
    settings = config("none", **changes)
    shared = mask if mask.ndim == 2 else None
    store = run_store(path / "s.h5", mask=None if shared is not None else each.astype(np.uint8))
    keep, corrections = settings.training.detector_jitter, ShotCorrections.of(store, shared, settings.data)
    return LoadedDataset.from_store(
        store, SPLIT, settings.data, settings.input_scaling, "cpu", keep_counts=keep, corrections=corrections
    )


def resized_mask(mask: np.ndarray) -> torch.Tensor:
    each = np.broadcast_to(mask, IMAGES.shape).astype(np.float32)
    return resized(torch.from_numpy(each), 32, antialias=False)


@MASKS
@pytest.mark.parametrize("scaling", ["counts", "unit", "standardised"])
def test_the_mask_is_the_second_channel_and_is_not_scaled(tmp_path: Path, mask: np.ndarray, scaling: str) -> None:
    found = loaded(tmp_path, mask, input_mask="channel", input_scaling=scaling)
    inputs = torch.cat(list(found.val.evaluation_batches()))
    counts = torch.from_numpy(np.where(mask, IMAGES, 0).astype(np.uint16))
    torch.testing.assert_close(inputs[:, :1], preprocess(counts, 32, antialias=False, scaling=scaling)[SPLIT.val])
    torch.testing.assert_close(inputs[:, 1:], resized_mask(mask)[SPLIT.val])


@MASKS
def test_the_mask_turns_with_its_image_and_gets_no_faults(tmp_path: Path, mask: np.ndarray) -> None:
    changes = {"input_mask": "channel", "rotation": "quarter", "offset_jitter": 100, "batch_size": 4}
    found = loaded(tmp_path, mask, **changes)
    inputs, _ = next(iter(found.train.training_batches(config("none", **changes).training, 1)))
    turned = [resized_mask(mask)[SPLIT.train, 0].rot90(k, (1, 2)) for k in range(4)]
    turned += [one.flip(-1) for one in turned]
    masks = torch.cat(turned)
    assert all((masks == one).all(dim=(1, 2)).any() for one in inputs[:, 1])
    assert inputs[:, 0].max() > 1


def test_without_a_mask_the_second_channel_is_one() -> None:
    inputs = network_inputs(torch.from_numpy(IMAGES), DataConfig(image_size=32, input_mask="channel"), "counts")
    assert (inputs.shape[1], inputs[:, 1].unique().tolist()) == (2, [1.0])


@pytest.mark.parametrize("arch", ["resnet", "vgg", "timm:resnet10t"])
def test_networks_take_both_channels(arch: str) -> None:
    settings = TrialConfig().replace({"arch": arch, "image_size": 32, "input_mask": "channel", "head_width": 8})
    with torch.device("meta"):
        network = build(settings.network, 3, 32, settings.data.channels).eval()
        assert network(torch.empty(2, 2, 32, 32)).shape == (2, 3)


@MASKS
@pytest.mark.parametrize("how", ["zero", "median"])
def test_maps_leave_out_pixels_without_a_value(tmp_path: Path, mask: np.ndarray, how: str) -> None:
    gap = mask.copy()
    gap[..., 20:29, 20:31] = False
    found = loaded(tmp_path, gap, input_mask=how, input="ccf")
    seen = torch.cat(list(found.val.evaluation_batches())).squeeze(1)
    rows = SPLIT.val
    images, valued = [], []
    for row in rows:
        fill = PixelFill(np.broadcast_to(gap, IMAGES.shape)[row], how)
        images.append(fill(torch.from_numpy(IMAGES[row : row + 1]))[0])
        valued.append(fill.valued)
    # Every map is made of the samples of which all pixels have a value, and of nothing else.
    whole = resized(torch.stack(valued), 32, antialias=False).squeeze(1) > 0.9999
    expected = correlation_map(resized(torch.stack(images), 32, antialias=False).squeeze(1), mask=whole)
    torch.testing.assert_close(seen, expected)
    filled = correlation_map(resized(torch.stack(images), 32, antialias=False).squeeze(1))
    assert (seen - filled).abs().max() > 0.1
    assert polar(whole.float(), Rings.of(32)).min() == 0
    assert bool(whole.all()) is False


def test_a_value_in_a_masked_pixel_changes_no_map(tmp_path: Path) -> None:
    settings = DataConfig(image_size=32, input="ccf", input_mask="zero")
    fill = PixelFill(GOOD, "zero")
    spoilt = np.where(GOOD, IMAGES, 60_000).astype(np.uint16)
    maps = [network_inputs(torch.from_numpy(one), settings, "counts", fill=fill) for one in (IMAGES, spoilt)]
    assert torch.equal(*maps)
    store = run_store(tmp_path / "s.h5")
    assert ShotCorrections.of(store, GOOD, settings).fill() is not None


def test_a_channel_of_a_map_is_refused() -> None:
    with pytest.raises(ConfigError, match="input_mask channel is for images"):
        TrialConfig().replace({"input": "ccf", "input_mask": "channel"})
