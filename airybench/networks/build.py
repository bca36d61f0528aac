"""Builds the networks: pre-activation ResNets and VGGs with the activations of the paper, or any timm model."""

from collections import OrderedDict
from functools import partial
from typing import Any

import timm
from timm.layers import BatchNormAct2d, ClassifierHead, create_conv2d
from timm.models.resnetv2 import ResNetV2
from timm.models.vgg import ConvMlp
from torch import nn

from airybench.config import DEPTHS, NetworkConfig
from airybench.networks.activation import CountsStem, LeakyActivation, log_activation
from airybench.networks.timm_models import build_timm_model

VGG_FEATURES = 512
"""Channels after the last convolution of every VGG."""

VGG_KERNEL = 7
"""The first dense layer of a VGG sees 7 x 7 positions, as for images of 224 px."""


def build(config: NetworkConfig, classes: int, image_size: int = 224, channels: int = 1) -> nn.Module:
    """Build an untrained network.

    Args:
        config: architecture, depth and activations.
        classes: number of logits C.
        image_size: side S of the images in pixels, at least 32; only timm models of a fixed input size depend on it.
        channels: of the input, K: 1 for images, 2 for images with their mask.

    Returns:
        A network from float32 (N, K, S, S) to logits (N, C).

    Raises:
        ConfigError: timm has no model of that name, or cannot build it for this input.

    Source: reference network of Zimmermann et al. (2019); blocks from timm (pre-activation ResNet v2, VGG).

    >>> network = build(NetworkConfig(arch="resnet", depth=18), classes=11)
    >>> network.stem.act
    LogActivation(alpha=0.2, beta=0)
    """
    if config.arch not in DEPTHS:
        return build_timm_model(config, classes, image_size, channels)
    leaky = partial(LeakyActivation, leakiness=config.leakiness)
    network: nn.Module = (_resnet if config.arch == "resnet" else _vgg)(config, classes, leaky, channels)
    return network


def _resnet(config: NetworkConfig, classes: int, leaky: partial[LeakyActivation], channels: int) -> Any:
    """A pre-activation ResNet, with the logarithm between the first convolution and the pooling."""
    if config.depth == 200:  # timm has no model of this name
        layers = [3, 24, 36, 3]
        network: Any = ResNetV2(
            layers,
            num_classes=classes,
            in_chans=channels,
            act_layer=leaky,
            conv_layer=create_conv2d,
            norm_layer=BatchNormAct2d,
        )
    else:
        network = timm.create_model(f"resnetv2_{config.depth}", in_chans=channels, num_classes=classes, act_layer=leaky)
    _set_norm_momentum(network, config.bn_momentum)
    if config.log_activation:
        stem = network.stem
        network.stem = CountsStem(OrderedDict(conv=stem.conv, act=log_activation(config), pool=stem.pool))
    return network


def _vgg(config: NetworkConfig, classes: int, leaky: partial[LeakyActivation], channels: int) -> Any:
    """A VGG with a head of `config.head_width`, with the logarithm directly after the first convolution."""
    network: Any = timm.create_model(
        f"vgg{config.depth}{'_bn' if config.batch_norm else ''}",
        in_chans=channels,
        num_classes=classes,
        act_layer=leaky,
        mlp_ratio=1 / 4096,
    )
    # timm's head is always 4096 wide; replace it by one of the requested width.
    network.pre_logits = ConvMlp(
        VGG_FEATURES, config.head_width, VGG_KERNEL, drop_rate=config.dropout, act_layer=leaky, conv_layer=nn.Conv2d
    )
    network.head = ClassifierHead(config.head_width, classes, pool_type="avg", drop_rate=config.dropout)
    network.num_features = VGG_FEATURES
    network.head_hidden_size = config.head_width
    network._initialize_weights()  # initialises the new layers as timm does the others
    _set_norm_momentum(network, config.bn_momentum)
    if config.log_activation:
        features = network.features  # the logarithm directly follows the convolution: batch norm never sees raw counts
        features[0] = CountsStem(OrderedDict(conv=features[0], act=log_activation(config)))
    return network


def _set_norm_momentum(network: nn.Module, momentum: float) -> None:
    """Set the momentum of every batch norm, the weight of one batch in its running statistics."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = momentum
