"""The training: loss, optimiser, schedule and augmentation."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from airybench.config.values import MAX_SEED, SEED, Frozen, Number, Switch, parse_switch, split_commas


def _on_off(value: object) -> object:
    switch = parse_switch(value)  # YAML reads on and off as booleans
    return ("on" if switch else "off") if isinstance(switch, bool) else value


class TrainConfig(Frozen):
    """How the network is trained; the defaults are the paper's."""

    seed: int = Field(
        SEED,
        ge=0,
        le=MAX_SEED,
        description="Seed of the weights, the order of shots and the flips. Further seeds of a study follow it.",
    )
    epochs: int = Field(
        142, ge=1, le=100_000, description="Passes over the training shots. 142 are the paper's 30 000 steps."
    )
    batch_size: int = Field(24, ge=1, le=65_536, description="Shots in one training step.")
    optimizer: Literal["sgd", "adamw"] = Field("sgd", description="sgd: SGD with Nesterov momentum; adamw: AdamW.")
    base_lr: Number = Field(
        0.1, gt=0, le=100, description="Learning rate for a batch of 128 shots. It is scaled with the batch size."
    )
    momentum: Number = Field(0.9, ge=0, lt=1, description="Momentum of sgd, or beta1 of adamw.")
    schedule: Literal["piecewise", "cosine"] = Field("piecewise", description="Schedule of the learning rate.")
    milestones: Annotated[tuple[int, ...], BeforeValidator(split_commas)] = Field(
        (30, 60, 120, 150), description="Epochs at which the piecewise schedule divides the learning rate by ten."
    )
    loss: Literal["bce", "focal"] = Field("bce", description="bce: cross-entropy; focal: focal loss, for rare labels.")
    focal_gamma: Number = Field(
        2.0, ge=0, le=10, description="Exponent of the focal loss. Larger values give easy shots less weight."
    )
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced: positives of a class weigh as much in total as its negatives."
    )
    warmup_epochs: Number = Field(0.0, ge=0, description="Epochs of linear warm-up of the learning rate.")
    l1: Number = Field(1e-5, ge=0, description="Weight of the L1 penalty on kernels.")
    l2: Number = Field(1e-5, ge=0, description="Weight of the L2 penalty on kernels, half the sum of squares.")
    penalty: Literal["mean", "sum"] = Field(
        "mean", description="Take the penalties as the mean over layers, as in the paper, or as the sum."
    )
    weight_decay: Number = Field(0.0, ge=0, description="Weight decay on kernels. The paper's option is 1e-4.")
    flips: Switch = Field(True, description="Flip training images at random, left-right and up-down.")
    rotation: Literal["none", "quarter", "any"] = Field(
        "none", description="Rotate training images at random about the centre, by quarter turns or by any angle."
    )
    hot_pixels: int = Field(
        0, ge=0, le=1000, description="Largest number of random hot pixels in a training image, at 1e3 to 4e4 counts."
    )
    dead_pixels: int = Field(0, ge=0, le=1000, description="Largest number of random dead pixels in a training image.")
    offset_jitter: Number = Field(
        0.0, ge=0, le=65535, description="Largest random offset of a training image, counts. 0: none."
    )
    gain_jitter: Number = Field(
        1.0, ge=1, le=1000, description="Largest factor by which a training image is made brighter or darker. 1: none."
    )
    clip_norm: Number = Field(0.0, ge=0, description="Largest norm of the gradient. 0: no clipping.")
    evaluate_every: int = Field(
        1, ge=1, le=100_000, description="Epochs between two evaluations on the validation split."
    )
    patience: int = Field(
        0, ge=0, le=100_000, description="Stop after this many evaluations without improvement. 0: never."
    )
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto",
        description="Number format of the network. auto: bfloat16 on a GPU; on a CPU where a trial finds it faster.",
    )
    channels_last: Annotated[Literal["auto", "on", "off"], BeforeValidator(_on_off)] = Field(
        "auto", description="Keep images channels-last (NHWC) in memory. auto: on a GPU."
    )
    compile: Switch = Field(False, description="Compile the network. Worth it for long trainings on a GPU.")

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
    def detector_jitter(self) -> bool:
        """Whether training images get random faults of a detector."""
        return bool(self.hot_pixels or self.dead_pixels or self.offset_jitter or self.gain_jitter != 1)

    @property
    def lr(self) -> float:
        """Learning rate for the batch size: `base_lr` holds for a batch of 128."""
        return self.base_lr * self.batch_size / 128
