"""Grad-CAM++ maps: which pixels a network based each of its positive answers on."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_grad_cam import GradCAMPlusPlus
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from airybench.data.loading.corrections import ShotCorrections
from airybench.data.loading.preprocess import central_square, network_inputs
from airybench.data.store.ids import ShotIds
from airybench.errors import ConfigError
from airybench.inference.predictor import Predictor

PAIRS = 64
"""Pairs of shot and class per backward pass."""


class ExactGradCAMPlusPlus(GradCAMPlusPlus):  # type: ignore[misc]
    """The library's Grad-CAM++ with its pixel weights in cancelled form, a = 1 / (2 + sum(A) g) where g is not 0.

    The library adds 1e-6 to a denominator of the order of g^2, which is 1e-8 here: that would suppress all weights.

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
        """Weight of every channel, shape (N, K), from activations and gradients of shape (N, K, h, w)."""
        slopes = grads.astype(np.float64)
        below = 2 + activations.astype(np.float64).sum(axis=(2, 3), keepdims=True) * slopes
        pixel = np.divide(1, below, out=np.zeros_like(below), where=(slopes != 0) & (below != 0))
        weights: NDArray[np.float64] = (np.maximum(slopes, 0) * pixel).sum(axis=(2, 3))
        return weights


class Explainer:
    """Computes maps for one model.

    Args:
        predictor: on `device`, in evaluation mode.
        device: where to compute.
        corrections: of the store whose shots are explained, where the predictor is for one, see `for_store`.

    Raises:
        ConfigError: the network does not end in feature maps.
    """

    def __init__(self, predictor: Predictor, device: torch.device, corrections: ShotCorrections | None = None) -> None:
        self._predictor, self._device, self._corrections = predictor, device, corrections
        self._target = target_layer(predictor)

    def maps(
        self,
        counts: NDArray[np.uint16] | Tensor,
        answers: NDArray[np.integer[Any]],
        ids: ShotIds | None = None,
        rows: NDArray[np.int64] | None = None,
    ) -> NDArray[np.float16]:
        """One map for every positive answer.

        Args:
            counts: shape (N, H, W).
            answers: 0/1, shape (N, C).
            ids: of the shots, shape (N,), if the noise of the training is to be added to them as well.
            rows: of the shots in their store, shape (N,), where each is corrected by its run or its own mask.

        Returns:
            Values from 0 to 1, where 1 is the maximum of each map unless nothing supports the class; shape (M, S, S),
            on the pixels of the network's input, in the order of `numpy.argwhere(answers)`.
        """
        config = self._predictor.config
        if self._corrections is not None and rows is not None:
            counts = self._corrections.corrected(np.asarray(counts), rows)
        raw = torch.as_tensor(counts).to(self._device)
        inputs = network_inputs(raw, config.data, config.input_scaling, ids=ids, fill=self._predictor.fill)
        pairs = np.argwhere(answers)
        maps = np.empty((len(pairs), *inputs.shape[-2:]), np.float16)
        with ExactGradCAMPlusPlus(self._predictor.network, [self._target]) as cam:
            for start in range(0, len(pairs), PAIRS):
                some = pairs[start : start + PAIRS]
                targets = [ClassifierOutputTarget(int(column)) for column in some[:, 1]]
                maps[start : start + PAIRS] = cam(inputs[torch.from_numpy(some[:, 0])], targets)
        self._predictor.network.zero_grad(set_to_none=True)
        return maps


def target_layer(predictor: Predictor) -> nn.Module:
    """The module whose output is the last feature maps before the pooling.

    Raises:
        ConfigError: the network has no feature maps.
    """
    network: Any = predictor.network
    arch = predictor.config.network.arch
    if arch == "resnet":
        norm: nn.Module = network.norm
        return norm
    if arch == "vgg":
        last = network.features[-2]
        last.inplace = False  # the feature maps must not be overwritten
        activation: nn.Module = last
        return activation
    return _last_maps(predictor)


def _last_maps(predictor: Predictor) -> nn.Module:
    """The last module of another timm model whose output has the shape of the final features, channels first."""
    network: Any = predictor.network
    size = predictor.config.data.image_size
    inputs = torch.zeros(1, predictor.config.data.channels, size, size, device=next(network.parameters()).device)
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
    candidates = [module for module, output_shape in seen if output_shape == shape]
    if len(shape) != 4 or shape[1] != network.num_features or not candidates:
        raise ConfigError(
            f"{predictor.config.network.title} does not end in feature maps, so there are no Grad-CAM maps; leave out "
            "--explain"
        )
    if hasattr(candidates[-1], "inplace"):
        candidates[-1].inplace = False  # type: ignore[assignment]
    return candidates[-1]


def on_image(values: NDArray[np.floating[Any]], shape: tuple[int, int]) -> NDArray[np.float32]:
    """A map on the pixels of the original image; NaN outside the central power of two, which the network does not see.

    Args:
        values: the map, shape (S, S).
        shape: (H, W) of the image.

    >>> on_image(np.ones((2, 2)), (5, 6))[:, 2]
    array([ 1.,  1.,  1.,  1., nan], dtype=float32)
    """
    seen = central_square(shape)
    image = np.full(shape, np.nan, np.float32)
    image[seen] = cv2.resize(values.astype(np.float32), image[seen].shape)
    return image
