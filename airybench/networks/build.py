"""From (architecture, depth) to a timm network with the paper's activations in place."""

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
from airybench.networks.timm_models import other

VGG_FEATURES = 512  # channels behind the last convolution of every VGG
VGG_KERNEL = 7  # the first dense layer sees 7 x 7 positions, as at 224 px


def build(config: NetworkConfig, classes: int, image_size: int = 224) -> nn.Module:
    """Build an untrained network with one input channel.

    Args:
        config: architecture, depth and activations.
        classes: number of logits C.
        image_size: side S of the images to come, pixels; it matters to timm models of a fixed input size alone.

    Returns:
        A network from float32 (N, 1, S, S), S >= 32, to logits (N, C).

    Raises:
        ConfigError: timm has no model of that name, or it cannot be had with this input.

    Source: reference network of Zimmermann et al. (2019); blocks from timm (pre-activation ResNet v2, VGG).
    """
    if config.arch not in DEPTHS:
        return other(config, classes, image_size)
    leaky = partial(LeakyActivation, leakiness=config.leakiness)
    network: nn.Module = (_resnet if config.arch == "resnet" else _vgg)(config, classes, leaky)
    return network


def _resnet(config: NetworkConfig, classes: int, leaky: partial[LeakyActivation]) -> Any:
    if config.depth == 200:  # timm names no pre-activation ResNet-200
        layers = [3, 24, 36, 3]
        network: Any = ResNetV2(
            layers,
            num_classes=classes,
            in_chans=1,
            act_layer=leaky,
            conv_layer=create_conv2d,
            norm_layer=BatchNormAct2d,
        )
    else:
        network = timm.create_model(f"resnetv2_{config.depth}", in_chans=1, num_classes=classes, act_layer=leaky)
    _slow_norms(network, config.bn_momentum)
    if config.log_activation:
        stem = network.stem
        network.stem = CountsStem(OrderedDict(conv=stem.conv, act=log_activation(config), pool=stem.pool))
    return network


def _vgg(config: NetworkConfig, classes: int, leaky: partial[LeakyActivation]) -> Any:
    network: Any = timm.create_model(
        f"vgg{config.depth}{'_bn' if config.batch_norm else ''}",
        in_chans=1,
        num_classes=classes,
        act_layer=leaky,
        mlp_ratio=1 / 4096,
    )
    # timm's head is 4096 wide whatever the ratio; rebuild it at the width asked for.
    network.pre_logits = ConvMlp(
        VGG_FEATURES, config.head_width, VGG_KERNEL, drop_rate=config.dropout, act_layer=leaky, conv_layer=nn.Conv2d
    )
    network.head = ClassifierHead(config.head_width, classes, pool_type="avg", drop_rate=config.dropout)
    network.num_features = VGG_FEATURES
    network.head_hidden_size = config.head_width
    network._initialize_weights()  # the new layers as timm starts the others
    _slow_norms(network, config.bn_momentum)
    if config.log_activation:
        features = network.features  # behind the convolution itself: a norm would see raw counts otherwise
        features[0] = CountsStem(OrderedDict(conv=features[0], act=log_activation(config)))
    return network


def _slow_norms(network: nn.Module, momentum: float) -> None:
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = momentum
