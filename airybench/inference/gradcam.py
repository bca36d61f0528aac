"""Where a network looked: Grad-CAM++ maps, one for each class it answered."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_grad_cam import GradCAMPlusPlus
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from airybench.data.loading.preprocess import network_inputs
from airybench.errors import ConfigError
from airybench.inference.predictor import Predictor

PAIRS = 64
"""Pairs of shot and class in one backward pass."""


class ExactGradCAMPlusPlus(GradCAMPlusPlus):  # type: ignore[misc]
    """The library's Grad-CAM++ with its pixel weights in cancelled form, a = 1 / (2 + sum(A) g) where g is not 0.

    The library adds 1e-6 to a denominator of the order of g^2, which is 1e-8 here, and leaves nothing of the weights.

    Source: Chattopadhay et al., Grad-CAM++, WACV (2018), equation 19 divided by g^2.
    """

    def get_cam_weights(
        self,
        input_tensor: Tensor,
        target_layers: Sequence[nn.Module],
        target_category: Any,
        activations: NDArray[np.float32],
        grads: NDArray[np.float32],
    ) -> NDArray[np.float64]:
        """Weight of every channel, shape (N, K), from activations and gradients (N, K, h, w)."""
        slopes = grads.astype(np.float64)
        below = 2 + activations.astype(np.float64).sum(axis=(2, 3), keepdims=True) * slopes
        pixel = np.divide(1, below, out=np.zeros_like(below), where=(slopes != 0) & (below != 0))
        weights: NDArray[np.float64] = (np.maximum(slopes, 0) * pixel).sum(axis=(2, 3))
        return weights


class Explainer:
    """Draws maps for one model.

    Args:
        predictor: on `device`, in evaluation mode.
        device: where to compute.

    Raises:
        ConfigError: the network does not end in feature maps.
    """

    def __init__(self, predictor: Predictor, device: torch.device) -> None:
        self._predictor, self._device = predictor, device
        self._target = target_layer(predictor)

    def maps(
        self,
        counts: NDArray[np.uint16] | Tensor,
        answers: NDArray[np.integer[Any]],
        ids: NDArray[np.int64] | None = None,
    ) -> NDArray[np.float16]:
        """One map for every answer.

        Args:
            counts: shape (N, H, W).
            answers: 0/1, shape (N, C).
            ids: of the shots, shape (N,), where the noise of a study belongs on them.

        Returns:
            In [0, 1], the largest 1 unless nothing speaks for the class; shape (M, S, S) on the pixels of the
            network's input, in the order of `numpy.argwhere(answers)`.
        """
        config = self._predictor.config
        inputs = network_inputs(torch.as_tensor(counts).to(self._device), config.data, config.input_scaling, ids=ids)
        pairs = np.argwhere(answers)
        found = np.empty((len(pairs), *inputs.shape[-2:]), np.float16)
        with ExactGradCAMPlusPlus(self._predictor.network, [self._target]) as cam:
            for start in range(0, len(pairs), PAIRS):
                some = pairs[start : start + PAIRS]
                targets = [ClassifierOutputTarget(int(column)) for column in some[:, 1]]
                found[start : start + PAIRS] = cam(inputs[torch.from_numpy(some[:, 0])], targets)
        self._predictor.network.zero_grad(set_to_none=True)
        return found


def target_layer(predictor: Predictor) -> nn.Module:
    """The last feature maps before the pooling.

    Raises:
        ConfigError: there are none.
    """
    network: Any = predictor.network
    arch = predictor.config.network.arch
    if arch == "resnet":
        norm: nn.Module = network.norm
        return norm
    if arch == "vgg":
        last = network.features[-2]
        last.inplace = False  # what is looked at must not be overwritten
        activation: nn.Module = last
        return activation
    return _last_maps(predictor)


def _last_maps(predictor: Predictor) -> nn.Module:
    """The last module of another timm model whose output has the shape of its features, channels first."""
    network: Any = predictor.network
    size = predictor.config.data.image_size
    inputs = torch.zeros(1, 1, size, size, device=next(network.parameters()).device)
    seen: list[tuple[nn.Module, tuple[int, ...]]] = []
    hooks = [
        module.register_forward_hook(lambda module, _, out: seen.append((module, tuple(getattr(out, "shape", ())))))
        for module in network.modules()
        if not list(module.children())
    ]
    try:
        with torch.no_grad():
            features = network.forward_features(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    shape = tuple(features.shape)
    found = [module for module, of in seen if of == shape]
    if len(shape) != 4 or shape[1] != network.num_features or not found:
        raise ConfigError(
            f"{predictor.config.network.title} does not end in feature maps, so there is nothing to draw; leave out "
            "--explain"
        )
    if hasattr(found[-1], "inplace"):
        found[-1].inplace = False  # type: ignore[assignment]
    return found[-1]


def on_image(found: NDArray[np.floating[Any]], shape: tuple[int, int]) -> NDArray[np.float32]:
    """A map on the pixels of the image it was made from; NaN outside the central power of two, which is not looked at.

    Args:
        found: shape (S, S).
        shape: (H, W) of the image.
    """
    side = 1 << (min(shape).bit_length() - 1)
    top, left = (shape[0] - side) // 2, (shape[1] - side) // 2
    image = np.full(shape, np.nan, np.float32)
    image[top : top + side, left : left + side] = cv2.resize(found.astype(np.float32), (side, side))
    return image
