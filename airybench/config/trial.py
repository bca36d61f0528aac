"""One training: network, data and training, and all of their parameters by flat names."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from airybench.config.values import Frozen, Number, Switch, Value, validated, words
from airybench.errors import unknown

DEPTHS: dict[str, tuple[int, ...]] = {"resnet": (18, 34, 50, 101, 152, 200), "vgg": (11, 13, 16, 19)}
"""Depths that each architecture comes in."""

MAX_SEED = 2**31 - 1
MIN_IMAGE_SIZE = 32  # both families halve the image five times; below 32 px nothing is left to pool


def _numbers(value: object) -> object:
    return [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value


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


class DataConfig(Frozen):
    """Which shots, and how they become network inputs."""

    dataset: str = Field("helium", min_length=1, description="helium, cxidb, a store (.h5) or a deposit (.cxi).")
    count: int = Field(7264, ge=20, le=10_000_000, description="Shots of a simulated stand-in.")
    data_seed: int = Field(1612, ge=0, le=MAX_SEED, description="Seed of a simulated stand-in.")
    split_seed: int = Field(1612, ge=0, le=MAX_SEED, description="Seed of the train/val/test split.")
    split_by: Literal["shot", "group"] = Field("shot", description="group: a run or file stays in one part.")
    folds: int = Field(0, ge=0, le=100, description="k-fold split, k >= 3; 0: train/val/test as 70/15/15.")
    fold: int = Field(0, ge=0, description="Which fold is test, 0 to folds - 1; the next one is val.")
    image_size: int = Field(224, ge=MIN_IMAGE_SIZE, le=1024, description="Side of the network's input, pixels.")
    antialias: Switch = Field(False, description="Antialiased resize (off in the paper).")
    input_scaling: Literal["paper", "counts", "unit", "log1p"] = Field(
        "paper",
        description="counts: raw; unit: counts/65535; log1p: ln(1 + counts); paper: counts with the log activation, "
        "else unit.",
    )
    input: Literal["image", "ccf"] = Field(
        "image", description="What the network sees: the image, or its two-point cross-correlation map."
    )
    ccf_kind: Literal["angular", "radial"] = Field(
        "angular", description="Map with axes (q, angle), or (q1, q2) at the angle ccf_delta."
    )
    ccf_delta: Number = Field(0.0, ge=0, lt=360, description="Angle of a radial map, degrees.")
    ccf_zero: Literal["keep", "mask"] = Field(
        "keep", description="mask: 0 where a map correlates a place with itself, which is 1 whatever the image."
    )
    noise: Literal["none", "mean", "mean-std", "max"] = Field(
        "none", description="Uniform noise from 0 to the mean, mean + std or max of each image, on every part."
    )
    noise_seed: int = Field(1612, ge=0, le=MAX_SEED, description="Seed of that noise.")
    fraction: Number = Field(1.0, gt=0, le=1, description="Share of the training shots that is trained on.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.folds in (1, 2) or self.fold >= max(self.folds, 1):
            raise ValueError(f"fold {self.fold} of {self.folds} folds; expected at least 3 folds and a fold below them")
        return self


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
    warmup_epochs: Number = Field(0.0, ge=0, description="Epochs of linear warm-up.")
    l1: Number = Field(1e-5, ge=0, description="L1 on kernels, mean over layers.")
    l2: Number = Field(1e-5, ge=0, description="L2 on kernels (sum of squares / 2), mean over layers.")
    weight_decay: Number = Field(0.0, ge=0, description="Weight decay on kernels (paper's option: 1e-4).")
    flips: Switch = Field(True, description="Random left-right and up-down flips.")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto: bfloat16 where the device is a GPU, float32 on a CPU."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if list(self.milestones) != sorted(set(self.milestones)) or any(m < 1 for m in self.milestones):
            raise ValueError(f"milestones are {self.milestones}, expected rising epochs >= 1")
        return self

    @property
    def lr(self) -> float:
        """Learning rate for this batch size."""
        return self.base_lr * self.batch_size / 128


class TrialConfig(Frozen):
    """Everything that decides the result of one training."""

    network: NetworkConfig = NetworkConfig()
    data: DataConfig = DataConfig()
    training: TrainConfig = TrainConfig()

    def replace(self, changes: Mapping[str, Any]) -> "TrialConfig":
        """A validated copy with flat parameter names changed.

        Raises:
            ConfigError: an unknown name, or a value that cannot be.
        """
        content = self.model_dump()
        if "alpha" not in changes and changes.get("log_activation") and not self.network.log_activation:
            content["network"].pop("alpha")  # the base's 0 only said "off"
        arch = changes.get("arch", self.network.arch)
        if arch != self.network.arch:
            for name in ("bn_momentum", "head_width", "dropout", *(() if "depth" in changes else ("depth",))):
                content["network"].pop(name)  # neutral values of the other family
            content["network"].setdefault("depth", DEPTHS.get(str(arch), (18,))[0])
        for name, value in changes.items():
            content[section_of(name)][name] = value
        return validated(TrialConfig, content)

    def params(self) -> dict[str, Value]:
        """Flat parameters as MLflow logs them; every trial has every one."""
        flat: dict[str, Value] = {}
        for section in (self.network, self.data, self.training):
            for name, value in section.model_dump().items():
                flat[name] = ",".join(map(str, value)) if isinstance(value, tuple) else value
        flat["input_scaling"] = self.input_scaling
        if self.data.input == "ccf":
            flat["flips"] = False
        flat |= {name: NEUTRAL[name] for name in self._idle()}
        flat["lr"] = self.training.lr
        return flat

    @property
    def input_scaling(self) -> Literal["counts", "unit", "log1p"]:
        """The scaling in force: the paper fed raw counts to the log activation and [0, 1] to the plain network.

        Correlation maps have none: they lie in [-1, 1] whatever the scale of the counts they are made of.
        """
        if self.data.input == "ccf":
            return "counts"
        if self.data.input_scaling == "paper":
            return "counts" if self.network.log_activation else "unit"
        return self.data.input_scaling

    def cell(self) -> str:
        """Digest of the configuration without its seed: trials of one cell differ in the seed alone."""
        content = self.model_dump(mode="json")
        content["training"].pop("seed")
        if self.training.schedule != "piecewise":
            content["training"].pop("milestones")
        content["data"]["input_scaling"] = self.input_scaling
        for name in ("split_by", "folds", "fold"):  # cells from before these existed keep their names
            if not self.data.folds and content["data"][name] in ("shot", 0):
                content["data"].pop(name)
        if self.data.input == "ccf":
            content["training"].pop("flips")  # a map knows no left and right: `Part` leaves it as it is
        for name, neutral in NEUTRAL.items():
            if name in self._idle() or content["data"][name] == neutral:
                content["data"].pop(name)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def _idle(self) -> set[str]:
        """Parameters of the data that have no effect beside the others."""
        data, idle = self.data, set()
        if data.input != "ccf":
            idle |= {"ccf_kind", "ccf_delta", "ccf_zero"}
        elif data.ccf_kind != "radial":
            idle |= {"ccf_delta"}
        elif data.ccf_delta:
            idle |= {"ccf_zero"}
        return idle | ({"noise_seed"} if data.noise == "none" else set())

    @property
    def label(self) -> str:
        """The network's title and what its data are beyond the plain images, such as `...-ccf-noise-max`."""
        data, words = self.data, [self.network.title]
        if data.input == "ccf":
            words.append("ccf" if data.ccf_kind == "angular" else f"ccf-radial{data.ccf_delta:g}")
        elif self.input_scaling != ("counts" if self.network.log_activation else "unit"):
            words.append(self.input_scaling)
        if data.noise != "none":
            words.append(f"noise-{data.noise}")
        if data.fraction < 1:
            words.append(f"fraction{data.fraction:g}")
        return "-".join(words)

    @property
    def title(self) -> str:
        """Name of its MLflow run."""
        return f"{self.label}-s{self.training.seed}"


NEUTRAL: dict[str, Value] = {
    "input": "image",
    "ccf_kind": "angular",
    "ccf_delta": 0.0,
    "ccf_zero": "keep",
    "noise": "none",
    "noise_seed": 1612,
    "fraction": 1.0,
}
"""Values of data parameters that change nothing: they stand for no effect, and cells from before these existed keep
their names."""

SECTIONS: dict[str, type[Frozen]] = {"network": NetworkConfig, "data": DataConfig, "training": TrainConfig}


def section_of(name: str) -> str:
    """The section of TrialConfig that holds a flat parameter name."""
    for section, model in SECTIONS.items():
        if name in model.model_fields:
            return section
    raise unknown("parameter", name, [field for model in SECTIONS.values() for field in model.model_fields])
