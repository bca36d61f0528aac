"""Any other timm model, with the logarithmic activation behind its first convolution."""

from collections import OrderedDict
from difflib import get_close_matches
from typing import Any

import timm
import torch
from timm.models import is_model, list_models
from torch import nn

from airybench.config import TIMM, NetworkConfig
from airybench.errors import ConfigError, unknown
from airybench.networks.activation import CountsStem, log_activation


def other(config: NetworkConfig, classes: int, image_size: int) -> nn.Module:
    """Build a timm model by its name, untrained, with one input channel and its own activations.

    Raises:
        ConfigError: no such model, none for images of that size, or none with a first convolution.
    """
    name = config.arch.removeprefix(TIMM)
    if not is_model(name):
        near = get_close_matches(name, list_models(), n=6, cutoff=0.4)
        raise unknown("timm model", name, [*near, "... (timm.list_models() names them all)"])
    sized: dict[str, Any] = {"img_size": image_size} if _fixed(name) else {}
    try:
        network: nn.Module = timm.create_model(name, in_chans=1, num_classes=classes, **sized)
    except (TypeError, ValueError, AssertionError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"timm model {name} cannot be had with 1 channel at {image_size} px ({reason}); choose another --arch or "
            f"--image-size"
        ) from error
    if config.log_activation:
        place = first_convolution(network, name)
        parts = OrderedDict(conv=network.get_submodule(place), act=log_activation(config))
        network.set_submodule(place, CountsStem(parts))
    return network


def first_convolution(network: nn.Module, name: str) -> str:
    """Where the convolution is that sees the image: as timm says, else the first one of one input channel.

    Args:
        network: built with one input channel.
        name: what to call it in an error.

    Raises:
        ConfigError: there is none.
    """
    said = (getattr(network, "pretrained_cfg", None) or {}).get("first_conv")
    places = [said] if isinstance(said, str) else list(said or ())
    places += [place for place, module in network.named_modules() if isinstance(module, nn.Conv2d)]
    modules = dict(network.named_modules())
    for place in places:
        module = modules.get(place)
        if isinstance(module, nn.Conv2d) and module.in_channels == 1:
            return str(place)
    raise ConfigError(
        f"{name} has no first convolution to put the logarithmic activation behind; add --no-log-activation, or choose "
        "another --arch"
    )


def require_buildable(config: NetworkConfig, image_size: int) -> None:
    """Make sure that a timm model exists and takes images of that size, without memory or arithmetic.

    The two families of the paper always do, down to the least image size that a configuration may have.

    Raises:
        ConfigError: it cannot be.
    """
    if not config.arch.startswith(TIMM):
        return
    with torch.device("meta"), torch.no_grad():
        network = other(config, 2, image_size).eval()
        try:
            network(torch.empty(2, 1, image_size, image_size))
        except Exception as error:
            # Whatever a model of another hand stumbles over: it is told, with its own words.
            reason = " ".join(str(error).split())[:200]
            raise ConfigError(
                f"timm model {config.arch.removeprefix(TIMM)} cannot take images of {image_size} px ({reason}); choose "
                "another --image-size"
            ) from error


def _fixed(name: str) -> bool:
    from timm.models import get_pretrained_cfg

    known = get_pretrained_cfg(name, allow_unregistered=True)
    return bool(known and known.fixed_input_size)
