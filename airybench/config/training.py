"""How a network is trained."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from airybench.config.values import MAX_SEED, Frozen, Number, Switch, words


def _numbers(value: object) -> object:
    return [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _on_off(value: object) -> object:
    found = words(value)  # YAML reads on and off as booleans
    return ("on" if found else "off") if isinstance(found, bool) else value


class TrainConfig(Frozen):
    """How the network is trained; the defaults are the paper's."""

    seed: int = Field(1612, ge=0, le=MAX_SEED, description="Seed of weights, order and flips.")
    epochs: int = Field(142, ge=1, le=100_000, description="Passes over the training shots (142 = 30 000 paper steps).")
    batch_size: int = Field(24, ge=1, le=65_536, description="Shots a step.")
    optimizer: Literal["sgd", "adamw"] = Field("sgd", description="sgd (Nesterov) or adamw.")
    base_lr: Number = Field(0.1, gt=0, le=100, description="Learning rate at batch 128; scaled with the batch.")
    momentum: Number = Field(0.9, ge=0, lt=1, description="Momentum (sgd), beta1 (adamw).")
    schedule: Literal["piecewise", "cosine"] = Field("piecewise", description="Course of the learning rate.")
    milestones: Annotated[tuple[int, ...], BeforeValidator(_numbers)] = Field(
        (30, 60, 120, 150), description="Epochs at which piecewise divides by ten."
    )
    loss: Literal["bce", "focal"] = Field("bce", description="Sigmoid cross-entropy, or focal loss for rare labels.")
    focal_gamma: Number = Field(2.0, ge=0, le=10, description="How much focal passes over what is easy.")
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced: positives of a class weigh as much as its negatives."
    )
    warmup_epochs: Number = Field(0.0, ge=0, description="Epochs of linear warm-up.")
    l1: Number = Field(1e-5, ge=0, description="L1 on kernels.")
    l2: Number = Field(1e-5, ge=0, description="L2 on kernels (sum of squares / 2).")
    penalty: Literal["mean", "sum"] = Field("mean", description="L1 and L2 as mean (paper) or sum over layers.")
    weight_decay: Number = Field(0.0, ge=0, description="Weight decay on kernels (paper's option: 1e-4).")
    flips: Switch = Field(True, description="Random left-right and up-down flips.")
    rotation: Literal["none", "quarter", "any"] = Field(
        "none", description="Random turns about the centre: by quarters, or by any angle (bilinear, mirrored edges)."
    )
    clip_norm: Number = Field(0.0, ge=0, description="Largest norm of the gradient; 0: not clipped.")
    evaluate_every: int = Field(1, ge=1, le=100_000, description="Epochs between two looks at val.")
    patience: int = Field(0, ge=0, le=100_000, description="Looks at val without a better one until the end; 0: none.")
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="auto: bfloat16 where the device is a GPU, float32 on a CPU."
    )
    channels_last: Annotated[Literal["auto", "on", "off"], BeforeValidator(_on_off)] = Field(
        "auto", description="NHWC memory; auto: on a GPU."
    )
    compile: Switch = Field(False, description="Compile the network (pays off in long trainings on a GPU).")

    @model_validator(mode="before")
    @classmethod
    def _neutral(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("loss", "bce") == "bce":
            return {**values, "focal_gamma": 0.0}
        return values

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if list(self.milestones) != sorted(set(self.milestones)) or any(m < 1 for m in self.milestones):
            raise ValueError(f"milestones are {self.milestones}, expected rising epochs >= 1")
        return self

    @property
    def lr(self) -> float:
        """Learning rate for this batch size."""
        return self.base_lr * self.batch_size / 128
