"""Grad-CAM++ maps against equation 19 of the paper, by gradients written out by hand, and against what was drawn."""

from typing import Any

import numpy as np
import pytest
import torch
from pytorch_grad_cam import GradCAMPlusPlus
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from airybench.config import TrialConfig
from airybench.errors import ConfigError
from airybench.inference.gradcam import ExactGradCAMPlusPlus, Explainer, on_image, target_layer
from airybench.inference.predictor import Predictor

CPU = torch.device("cpu")


class TwoLayers(nn.Module):
    """A 1 x 1 convolution, a ReLU, and one dense layer on the pixels of its maps: its gradients are its weights."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        rng = np.random.default_rng(8)
        self.conv = nn.Conv2d(1, 3, 1)
        self.act = nn.ReLU()
        self.dense = nn.Linear(3 * 4 * 4, 2)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([1.0, 2.0, -1.0]).view(3, 1, 1, 1))
            self.conv.bias.copy_(torch.tensor([0.1, -1.0, 2.0]))
            self.dense.weight.copy_(torch.from_numpy(scale * rng.normal(size=(2, 48))))
            self.dense.weight[0, ::5] = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (N, 2) of images (N, 1, 4, 4)."""
        result: torch.Tensor = self.dense(self.act(self.conv(x)).flatten(1))
        return result


def by_hand(image: np.ndarray, network: TwoLayers, column: int) -> tuple[np.ndarray, np.ndarray]:
    """Channel weights and map of one class in float64; Y = exp(S), so that dY/dA = exp(S) g with g = dS/dA.

    Equation 19: alpha_ij = g_ij^2 / (2 g_ij^2 + sum_ab A_ab g_ij^3); weight = sum_ij alpha_ij relu(dY/dA_ij). The
    factor exp(S) is the same in all channels, and drops out of a map that is scaled to 1.
    """
    scale, offset = np.array([1.0, 2.0, -1.0]), np.array([0.1, -1.0, 2.0])
    activations = np.maximum(scale[:, None, None] * image + offset[:, None, None], 0)
    slopes = network.dense.weight.detach().double().numpy()[column].reshape(3, 4, 4)
    alpha = np.zeros_like(slopes)
    for k in range(3):
        total = activations[k].sum()
        for i in range(4):
            for j in range(4):
                g = slopes[k, i, j]
                if g != 0:
                    alpha[k, i, j] = g**2 / (2 * g**2 + total * g**3)
    weights = (alpha * np.maximum(slopes, 0)).sum((1, 2))
    cam = np.maximum((weights[:, None, None] * activations).sum(0), 0)
    return weights, (cam - cam.min()) / (cam - cam.min()).max()


def library(kind: type[GradCAMPlusPlus], network: TwoLayers, images: torch.Tensor, columns: list[int]) -> Any:
    kept: dict[str, np.ndarray] = {}
    with kind(network, [network.act]) as cam:
        own = cam.get_cam_weights

        def watched(*args: Any) -> np.ndarray:
            kept["weights"] = own(*args)
            return kept["weights"]

        cam.get_cam_weights = watched
        maps = cam(images, [ClassifierOutputTarget(column) for column in columns])
    return kept["weights"], maps


@pytest.mark.parametrize("scale", [1.0, 1e-2, 1e-4, 1e-6])
def test_weights_and_maps_are_those_of_equation_19(scale: float) -> None:
    network = TwoLayers(scale).eval()
    image = np.random.default_rng(2).random((4, 4)).round(3) * 3
    images = torch.from_numpy(image).float()[None, None].expand(2, 1, 4, 4)
    weights, maps = library(ExactGradCAMPlusPlus, network, images, [0, 1])
    for column in (0, 1):
        expected, cam = by_hand(image, network, column)
        np.testing.assert_allclose(weights[column], expected, rtol=1e-5)
        np.testing.assert_allclose(maps[column], cam, atol=1e-3)


def test_the_librarys_own_fails_where_gradients_are_small() -> None:
    network = TwoLayers(1e-4).eval()
    image = np.random.default_rng(2).random((4, 4)) * 3
    images = torch.from_numpy(image).float()[None, None]
    weights, _ = library(GradCAMPlusPlus, network, images, [1])
    expected, _ = by_hand(image, network, 1)
    assert (weights[0] < 0.1 * expected).all()


def predictor(classes: int = 2, **changes: object) -> Predictor:
    torch.manual_seed(0)
    base = {"arch": "vgg", "head_width": 16, "image_size": 96, "dropout": 0.0} | changes
    return Predictor(TrialConfig().replace(base), ("a", "b", "c")[:classes], "multilabel").eval()


def counts(number: int = 3, side: int = 128) -> np.ndarray:
    return np.random.default_rng(1).poisson(20, (number, side, side)).astype(np.uint16)


SMALL = [{"arch": "vgg"}, {"arch": "vgg", "batch_norm": True}, {"arch": "resnet"}, {"arch": "timm:resnet10t"}]


@pytest.mark.parametrize("changes", SMALL, ids=lambda changes: "-".join(map(str, changes.values())))
def test_maps_of_every_family(changes: dict[str, object]) -> None:
    own = predictor(**({"head_width": 0} if changes["arch"] != "vgg" else {}) | changes)
    answers = np.array([[1, 1], [0, 0], [0, 1]], np.uint8)
    with torch.no_grad():
        before = own.logits(torch.from_numpy(counts()))
    found = Explainer(own, CPU).maps(counts(), answers)
    assert (found.shape, found.dtype) == ((3, 96, 96), np.float16)
    assert found.min() >= 0
    assert found.max() <= 1
    for one in found:
        assert one.max() == pytest.approx(1, abs=1e-3) or one.max() == 0
    assert sum(one.max() > 0.9 for one in found) >= 2
    # The network answers as before, and no gradient is left behind.
    with torch.no_grad():
        torch.testing.assert_close(own.logits(torch.from_numpy(counts())), before)
    assert all(p.grad is None for p in own.network.parameters())


def test_what_the_library_sees_is_not_overwritten_by_the_network() -> None:
    own = predictor()
    layer = target_layer(own)
    assert layer.inplace is False
    seen: list[torch.Tensor] = []
    layer.register_forward_hook(lambda module, given, out: seen.extend([given[0].clone(), given[0], out]))
    with torch.no_grad():
        own.logits(torch.from_numpy(counts(1)))
    given, after, out = seen
    torch.testing.assert_close(given, after)
    torch.testing.assert_close(out, nn.functional.leaky_relu(given, 0.2))
    assert out.shape[1:3] == (512, 6)


def test_more_pairs_than_one_backward_pass_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    own = predictor(image_size=64)
    answers = np.array([[1, 1], [1, 0], [1, 1]], np.uint8)
    whole = Explainer(own, CPU).maps(counts(side=64), answers)
    monkeypatch.setattr("airybench.inference.gradcam.PAIRS", 2)
    parts = Explainer(own, CPU).maps(counts(side=64), answers)
    np.testing.assert_allclose(parts, whole, atol=2e-3)
    assert Explainer(own, CPU).maps(counts(side=64), np.zeros((3, 2), np.uint8)).shape == (0, 64, 64)


@pytest.fixture(scope="module")
def sorter() -> Predictor:
    """Trained to answer `a` for a blob in the left half and `b` for one in the right half, both for two."""
    own = predictor(image_size=64, arch="vgg", head_width=16)
    own.train()
    optimizer = torch.optim.Adam(own.network.parameters(), lr=5e-4)
    rng = np.random.default_rng(3)
    for _ in range(25):
        images, labels, _ = blobs(8, rng)
        loss = nn.functional.binary_cross_entropy_with_logits(own.logits(torch.from_numpy(images)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return own.eval()


def blobs(count: int, rng: np.random.Generator) -> tuple[np.ndarray, torch.Tensor, np.ndarray]:
    images = rng.poisson(2, (count, 64, 64)).astype(np.float64)
    labels = rng.integers(0, 2, (count, 2))
    rows, columns = np.mgrid[:64, :64]
    places = np.stack([rng.integers(10, 54, (count, 2)), rng.integers([10, 42], [22, 54], (count, 2))], axis=2)
    for shot in range(count):
        for half in np.flatnonzero(labels[shot]):
            row, column = places[shot, half]
            images[shot] += 3000 * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 18)
    return images.astype(np.uint16), torch.from_numpy(labels).float(), places


@pytest.mark.slow
def test_maps_follow_the_blob_and_differ_between_classes(sorter: Predictor) -> None:
    images, labels, places = blobs(12, np.random.default_rng(4))
    both = labels.numpy().astype(np.uint8)
    with torch.no_grad():
        assert ((sorter(torch.from_numpy(images)) > 0.5) == labels.bool()).float().mean() > 0.9
    maps = Explainer(sorter, CPU).maps(images, both).astype(np.float64)
    away, wrong = [], []
    for (shot, half), found in zip(np.argwhere(both), maps, strict=True):
        peak = np.array(np.unravel_index(found.argmax(), found.shape))
        away.append(np.linalg.norm(peak - places[shot, half]))
        wrong.append(np.linalg.norm(peak - places[shot, 1 - half]))
    assert np.median(away) < 20  # the last maps are 4 x 4 over 64 px
    assert np.median(away) < 0.6 * np.median(wrong)
    for shot in np.flatnonzero(both.sum(1) == 2):
        first, second = maps[np.argwhere(both)[:, 0] == shot]
        assert np.abs(first - second).max() > 0.3


def test_a_network_without_feature_maps_is_refused() -> None:
    own = predictor(arch="timm:vit_tiny_patch16_224", head_width=0, image_size=64)
    with pytest.raises(
        ConfigError, match="does not end in feature maps, so there are no Grad-CAM maps; leave out --explain"
    ):
        Explainer(own, CPU)


def test_a_map_lies_where_the_network_looked() -> None:
    found = np.zeros((32, 32), np.float16)
    found[8:16, 16:24] = 1
    image = on_image(found, (259, 259))
    assert image.shape == (259, 259)
    assert np.isnan(image[0]).all()
    assert np.isnan(image[:, 257:]).all()
    rows, columns = np.nonzero(image > 0.5)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (1 + 64, 1 + 127, 1 + 128, 1 + 191)
