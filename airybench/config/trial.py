"""One training: network, data and training, and all of their parameters by flat names."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from airybench.config.network import DEPTHS, NetworkConfig
from airybench.config.training import TrainConfig
from airybench.config.values import MAX_SEED, Frozen, Switch, Value, validated
from airybench.errors import unknown

MIN_IMAGE_SIZE = 32  # both families halve the image five times; below 32 px nothing is left to pool


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
    input_scaling: Literal["paper", "counts", "unit"] = Field(
        "paper", description="counts: raw; unit: counts/65535; paper: counts with the log activation, else unit."
    )

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
        flat["lr"] = self.training.lr
        return flat

    @property
    def input_scaling(self) -> Literal["counts", "unit"]:
        """The scaling in force: the paper fed raw counts to the log activation and [0, 1] to the plain network."""
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
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def title(self) -> str:
        """Name of its MLflow run."""
        return f"{self.network.title}-s{self.training.seed}"


SECTIONS: dict[str, type[Frozen]] = {"network": NetworkConfig, "data": DataConfig, "training": TrainConfig}


def section_of(name: str) -> str:
    """The section of TrialConfig that holds a flat parameter name."""
    for section, model in SECTIONS.items():
        if name in model.model_fields:
            return section
    raise unknown("parameter", name, [field for model in SECTIONS.values() for field in model.model_fields])
