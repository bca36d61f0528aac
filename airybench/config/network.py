"""What a network is: family, depth, activations."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from airybench.config.values import Frozen, Number, Switch, words

DEPTHS: dict[str, tuple[int, ...]] = {"resnet": (18, 34, 50, 101, 152, 200), "vgg": (11, 13, 16, 19)}
"""Depths that each architecture comes in."""


class NetworkConfig(Frozen):
    """What the network is; a parameter without effect holds its neutral value, so that equal networks are equal."""

    arch: Literal["resnet", "vgg"] = Field("resnet", description="Network family.")
    depth: int = Field(
        18, description="Layers: " + "; ".join(f"{a} {', '.join(map(str, d))}" for a, d in DEPTHS.items())
    )
    log_activation: Switch = Field(True, description="Logarithmic activation behind the first convolution.")
    alpha: Number = Field(0.2, ge=0, description="Scale of the logarithmic activation, > 0.")
    beta: Number = Field(0.0, description="Offset of the logarithmic activation.")
    leakiness: Number = Field(
        0.2, ge=0, lt=1, description="Slope of every leaky ReLU below zero, in [0, 1); 0 is ReLU."
    )
    bn_momentum: Number = Field(0.003, ge=0, le=1, description="Batch-norm momentum (paper: decay 0.997); ResNet only.")
    head_width: int = Field(4096, ge=0, description="Width of the two dense layers; VGG only.")
    dropout: Number = Field(0.5, ge=0, lt=1, description="Dropout in the dense layers; VGG only.")

    @model_validator(mode="before")
    @classmethod
    def _neutral(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        values = dict(values)
        if words(values.get("log_activation", True)) is False:
            values.update(alpha=0.0, beta=0.0)
        if values.get("arch", "resnet") == "resnet":
            values.update(head_width=0, dropout=0.0)
        elif values.get("arch") == "vgg":
            values.update(bn_momentum=0.0)
        return values

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.depth not in DEPTHS[self.arch]:
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
        """Short readable name, such as `resnet18-log0.2-leaky0.2`."""
        activation = f"log{self.alpha:g}" if self.log_activation else "plain"
        return f"{self.arch}{self.depth}-{activation}-leaky{self.leakiness:g}"
