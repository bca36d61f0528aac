"""The network: its family, depth and activations."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from airybench.config.values import Frozen, Number, Switch, Value, parse_switch
from airybench.errors import unknown

DEPTHS: dict[str, tuple[int, ...]] = {"resnet": (18, 34, 50, 101, 152, 200), "vgg": (11, 13, 16, 19)}
"""Depths of each family of networks."""

TIMM = "timm:"
"""Prefix of the name of any other timm model."""


def _known(arch: str) -> str:
    if arch not in DEPTHS and not (arch.startswith(TIMM) and arch != TIMM):
        raise ValueError(str(unknown("arch", arch, (*DEPTHS, f"{TIMM}NAME"))))
    return arch


def neutral_values(values: Mapping[str, Any]) -> dict[str, Value]:
    """The parameters of a network that have no effect, with the neutral values that stand for this.

    Args:
        values: parameters of the network by name; those left out have their defaults.

    >>> neutral_values({"log_activation": False})["alpha"]
    0.0
    """
    arch = str(values.get("arch", "resnet"))
    has_norm = arch == "resnet" or (arch == "vgg" and parse_switch(values.get("batch_norm", False)) is True)
    neutral: dict[str, Value] = {}
    if parse_switch(values.get("log_activation", True)) is False:
        neutral |= {"alpha": 0.0, "beta": 0.0, "learn_alpha": False}
    if arch != "vgg":
        neutral |= {"head_width": 0, "dropout": 0.0, "batch_norm": False}
    if arch.startswith(TIMM):
        neutral |= {"depth": 0, "leakiness": 0.0}  # both are part of the name
    return neutral if has_norm else neutral | {"bn_momentum": 0.0}


class NetworkConfig(Frozen):
    """The network. Parameters without effect take their neutral values, so that equal networks compare equal."""

    arch: Annotated[str, AfterValidator(_known)] = Field(
        "resnet", description="Network family: resnet, vgg, or timm:NAME for any other timm model."
    )
    depth: int = Field(
        18,
        description="Number of layers: " + "; ".join(f"{a} {', '.join(map(str, d))}" for a, d in DEPTHS.items()) + ".",
    )
    log_activation: Switch = Field(True, description="Logarithmic activation after the first convolution.")
    alpha: Number = Field(0.2, ge=0, description="Scale of the logarithmic activation, above 0.")
    beta: Number = Field(0.0, description="Offset of the logarithmic activation.")
    learn_alpha: Switch = Field(False, description="Train alpha too, starting from its value.")
    leakiness: Number = Field(0.2, ge=0, lt=1, description="Slope of every leaky ReLU below zero. 0 is ReLU.")
    batch_norm: Switch = Field(False, description="Batch norm after every convolution of a VGG.")
    bn_momentum: Number = Field(
        0.003, ge=0, le=1, description="Momentum of batch norm. The paper's decay of 0.997 is 0.003."
    )
    head_width: int = Field(4096, ge=0, description="Width of the two dense layers of a VGG.")
    dropout: Number = Field(0.5, ge=0, lt=1, description="Dropout probability in the dense layers of a VGG.")

    @model_validator(mode="before")
    @classmethod
    def _neutral(cls, values: Any) -> Any:
        return {**values, **neutral_values(values)} if isinstance(values, Mapping) else values

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.arch in DEPTHS and self.depth not in DEPTHS[self.arch]:
            valid = ", ".join(map(str, DEPTHS[self.arch]))
            raise ValueError(f"{self.arch} has no depth {self.depth}; valid: {valid}")
        if self.log_activation and self.alpha <= 0:
            raise ValueError(
                f"alpha is {self.alpha:g}, expected > 0; to switch the activation off use --no-log-activation"
            )
        if self.arch == "vgg" and self.head_width < 1:
            raise ValueError("head_width is 0, expected at least 1 for vgg")
        return self

    @property
    def title(self) -> str:
        """Short readable name.

        >>> NetworkConfig(alpha=0.5).title
        'resnet18-log0.5-leaky0.2'
        """
        return "-".join((self.trunk_parts[0], self.activation, *self.trunk_parts[1:]))

    @property
    def activation(self) -> str:
        """What follows the first convolution, as titles say it.

        >>> NetworkConfig(alpha=0.00005).activation, NetworkConfig(log_activation=False).activation
        ('log5e-05', 'plain')
        """
        return f"log{self.alpha:g}{'learned' if self.learn_alpha else ''}" if self.log_activation else "plain"

    @property
    def trunk(self) -> str:
        """Name of the network apart from its logarithmic activation.

        >>> NetworkConfig(alpha=0.5).trunk
        'resnet18-leaky0.2'
        """
        return "-".join(self.trunk_parts)

    @property
    def trunk_parts(self) -> tuple[str, ...]:
        """Architecture with depth, then the slope where there is one."""
        if self.arch not in DEPTHS:
            return (self.arch.removeprefix(TIMM),)
        return f"{self.arch}{self.depth}{'bn' if self.batch_norm else ''}", f"leaky{self.leakiness:g}"
