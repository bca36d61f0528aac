"""Any timm model by its name, with the logarithmic activation after its first convolution."""

from collections import OrderedDict
from difflib import get_close_matches
from typing import Any

import timm
import torch
from timm.models import get_pretrained_cfg, is_model, list_models
from torch import nn

from airybench.config import TIMM, NetworkConfig
from airybench.errors import ConfigError, unknown
from airybench.networks.activation import CountsStem, log_activation


def build_timm_model(config: NetworkConfig, classes: int, image_size: int, channels: int = 1) -> nn.Module:
    """Build a timm model by its name, untrained, with its own activations.

    Args:
        config: its `arch` is `timm:NAME`.
        classes: number of logits C.
        image_size: side S of the images, pixels.
        channels: of the input, K.

    Returns:
        A network from float32 (N, K, S, S) to logits (N, C).

    Raises:
        ConfigError: timm has no such model, cannot build it for this input, or it has no first convolution.
    """
    name = config.arch.removeprefix(TIMM)
    if not is_model(name):
        near = get_close_matches(name, list_models(), n=6, cutoff=0.4)
        raise unknown("timm model", name, [*near, "... (timm.list_models() names them all)"])
    sized: dict[str, Any] = {"img_size": image_size} if _has_fixed_size(name) else {}
    try:
        network: nn.Module = timm.create_model(name, in_chans=channels, num_classes=classes, **sized)
    except (TypeError, ValueError, AssertionError, RuntimeError) as error:
        raise ConfigError(
            f"timm model {name} cannot be built for images of {image_size} px with {_channels(channels)} "
            f"({_one_line(error)}); choose another --arch or --image-size"
        ) from error
    if config.log_activation:
        place = first_convolution(network, name, channels)
        parts = OrderedDict(conv=network.get_submodule(place), act=log_activation(config))
        network.set_submodule(place, CountsStem(parts))
    return network


def first_convolution(network: nn.Module, name: str, channels: int = 1) -> str:
    """Name of the convolution that sees the image.

    That is the one that timm's configuration names, or else the first convolution with as many input channels as the
    image has.

    Args:
        network: built with that number of input channels.
        name: of the model, for the error message.
        channels: of the input.

    Returns:
        Its dotted name among the modules of the network.

    Raises:
        ConfigError: there is no such convolution.

    >>> first_convolution(nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3)), "small")
    '0'
    """
    first = (getattr(network, "pretrained_cfg", None) or {}).get("first_conv")
    candidates = [first] if isinstance(first, str) else list(first or ())
    modules = dict(network.named_modules())
    candidates += [name for name, module in modules.items() if isinstance(module, nn.Conv2d)]
    for candidate in candidates:
        module = modules.get(candidate)
        if isinstance(module, nn.Conv2d) and module.in_channels == channels:
            return str(candidate)
    raise ConfigError(
        f"{name} has no first convolution for the logarithmic activation to follow; add --no-log-activation, or choose "
        "another --arch"
    )


def require_buildable(config: NetworkConfig, image_size: int, channels: int = 1) -> None:
    """Check that a timm model exists and takes images of that size, without memory or arithmetic.

    The two families of the paper accept every image size that a configuration may have, and are not tried.

    Args:
        config: the network.
        image_size: side of the images, pixels.
        channels: of the input.

    Raises:
        ConfigError: the network cannot be built or run.
    """
    if not config.arch.startswith(TIMM):
        return
    with torch.device("meta"), torch.no_grad():
        network = build_timm_model(config, 2, image_size, channels).eval()
        try:
            network(torch.empty(2, channels, image_size, image_size))
        except Exception as error:  # timm's models raise errors of many kinds
            raise ConfigError(
                f"timm model {config.arch.removeprefix(TIMM)} cannot take images of {image_size} px "
                f"({_one_line(error)}); choose another --image-size"
            ) from error


def _channels(number: int) -> str:
    return f"{number} input channel{'s' if number > 1 else ''}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _has_fixed_size(name: str) -> bool:
    """Whether the model is built for one size of image."""
    known = get_pretrained_cfg(name, allow_unregistered=True)
    return bool(known and known.fixed_input_size)
