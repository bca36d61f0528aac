"""One training: network, data and training, and all of their parameters by flat names."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from airybench.config.network import DEPTHS, NetworkConfig, without_effect
from airybench.config.training import TrainConfig
from airybench.config.values import MAX_SEED, Frozen, Number, Switch, Value, validated
from airybench.errors import unknown

Scaling = Literal["counts", "unit", "log1p", "standardised"]
"""What a network sees of raw counts."""

NEUTRAL: dict[str, Value] = {
    "input": "image", "ccf_kind": "angular", "ccf_delta": 0.0, "ccf_zero": "keep", "noise": "none",
    "noise_seed": 1612, "fraction": 1.0, "split_by": "shot", "folds": 0, "fold": 0, "batch_norm": False,
    "learn_alpha": False, "loss": "bce", "focal_gamma": 0.0, "class_weights": "none", "penalty": "mean",
    "rotation": "none", "clip_norm": 0.0, "evaluate_every": 1, "patience": 0, "channels_last": "auto",
    "compile": False,
}  # fmt: skip
"""Values that change nothing: they stand for no effect, and cells from before these parameters existed keep their
names."""

MIN_IMAGE_SIZE = 32  # both families halve the image five times; below 32 px nothing is left to pool


class DataConfig(Frozen):
    """Which shots, and how they become network inputs."""

    dataset: str = Field(
        "helium", min_length=1, description="Data set: helium, cxidb, a store (.h5) or a deposit (.cxi)."
    )
    count: int = Field(7264, ge=20, le=10_000_000, description="Number of shots, if the data set is simulated.")
    data_seed: int = Field(1612, ge=0, le=MAX_SEED, description="Seed of the simulation, if the data set is simulated.")
    split_seed: int = Field(1612, ge=0, le=MAX_SEED, description="Seed of the split into train, val and test.")
    split_by: Literal["shot", "group"] = Field(
        "shot", description="What the split keeps together. group: all shots of a run or file stay in one part."
    )
    folds: int = Field(
        0,
        ge=0,
        le=100,
        description="Number of folds of a k-fold split, at least 3. 0: train, val and test hold 70, 15 and 15 %.",
    )
    fold: int = Field(0, ge=0, description="Fold that is the test split, from 0. The next one is the validation split.")
    image_size: int = Field(224, ge=MIN_IMAGE_SIZE, le=1024, description="Side of the network's input in pixels.")
    antialias: Switch = Field(False, description="Resize with antialiasing. The paper resizes without.")
    input_scaling: Literal["paper", "counts", "unit", "log1p", "standardised"] = Field(
        "paper",
        description="Scaling of the counts. counts: none; unit: counts / 65535; log1p: ln(1 + counts); standardised: "
        "every image has mean 0 and standard deviation 1; paper: counts with the logarithmic activation, else unit.",
    )
    input: Literal["image", "ccf"] = Field(
        "image", description="What the network sees: the image, or its two-point cross-correlation map (ccf)."
    )
    ccf_kind: Literal["angular", "radial"] = Field(
        "angular", description="Axes of a map. angular: (q, angle); radial: (q1, q2) at the angle ccf_delta."
    )
    ccf_delta: Number = Field(0.0, ge=0, lt=360, description="Angle of a radial map in degrees.")
    ccf_zero: Literal["keep", "mask"] = Field(
        "keep", description="mask: set to 0 where a map correlates a pixel with itself. There it is 1 for every image."
    )
    noise: Literal["none", "mean", "mean-std", "max"] = Field(
        "none",
        description="Uniform noise on all images, from 0 to the mean, mean + std or max of the image.",
    )
    noise_seed: int = Field(1612, ge=0, le=MAX_SEED, description="Seed of the noise.")
    fraction: Number = Field(1.0, gt=0, le=1, description="Share of the training shots to train on.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.folds in (1, 2) or self.fold >= max(self.folds, 1):
            raise ValueError(f"fold {self.fold} of {self.folds} folds; expected at least 3 folds and a fold below them")
        return self


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
        network = content["network"]
        woken = without_effect(network).keys() - without_effect({**network, **changes}).keys()
        arch = str(changes.get("arch", self.network.arch))
        if arch != self.network.arch and arch in DEPTHS:
            network["depth"] = DEPTHS[arch][0]
        for name in woken - changes.keys() - {"depth"}:
            network.pop(name)  # the base's neutral value only said "without effect"
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
    def input_scaling(self) -> Scaling:
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
        if self.data.input == "ccf":
            content["training"].pop("flips")  # a map knows no left and right: `Part` leaves it as it is
            content["training"].pop("rotation")
        named = ("split_by", "folds", "fold") if self.data.folds else ()  # what a fold is stays together
        for name, neutral in NEUTRAL.items():
            section = content[section_of(name)]
            if name in section and name not in named and (name in self._idle() or section[name] == neutral):
                section.pop(name)
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


SECTIONS: dict[str, type[Frozen]] = {"network": NetworkConfig, "data": DataConfig, "training": TrainConfig}


def section_of(name: str) -> str:
    """The section of TrialConfig that holds a flat parameter name."""
    for section, model in SECTIONS.items():
        if name in model.model_fields:
            return section
    raise unknown("parameter", name, [field for model in SECTIONS.values() for field in model.model_fields])
