"""One trial: the configuration of network, data and training, and all of their parameters by flat names."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from airybench.config.data import DataConfig, Scaling
from airybench.config.network import DEPTHS, NetworkConfig, neutral_values
from airybench.config.parameters import section_of
from airybench.config.training import TrainConfig
from airybench.config.values import SEED, Frozen, Value, validated
from airybench.provenance import UNVERSIONED

NEUTRAL: dict[str, Value] = {
    "input": "image", "ccf_kind": "angular", "ccf_delta": 0.0, "ccf_zero": "keep",
    "ccf_centre": "frame", "noise": "none",
    "noise_seed": SEED, "fraction": 1.0, "split_by": "shot", "folds": 0, "fold": 0, "every_fold": False,
    "batch_norm": False,
    "learn_alpha": False, "loss": "bce", "focal_gamma": 0.0, "class_weights": "none", "penalty": "mean",
    "rotation": "none", "hot_pixels": 0, "dead_pixels": 0, "offset_jitter": 0.0, "gain_jitter": 1.0, "clip_norm": 0.0,
    "evaluate_every": 1, "patience": 0, "channels_last": "auto", "compile": False, "simulator": UNVERSIONED,
    "split_version": UNVERSIONED,
    "background": "none", "input_mask": "none", "find_bad_pixels": False,
}  # fmt: skip
"""Values without effect. They are left out of the digest of a cell, so that cells keep the digests that they had before
these parameters existed."""

IMAGE_ONLY = ("flips", "rotation", "hot_pixels", "dead_pixels", "offset_jitter", "gain_jitter")
"""How training images are changed at random. Correlation maps are not: they are no images."""


class TrialConfig(Frozen):
    """Everything that determines the result of one training.

    >>> config = TrialConfig().replace({"arch": "vgg", "depth": 16, "seed": 3})
    >>> config.title
    'vgg16-log0.2-leaky0.2-s3'
    """

    network: NetworkConfig = NetworkConfig()
    data: DataConfig = DataConfig()
    training: TrainConfig = TrainConfig()

    def replace(self, changes: Mapping[str, Any]) -> "TrialConfig":
        """A validated copy with other values for some parameters.

        A network of another family has the smallest depth of that family unless `changes` says otherwise. Parameters
        that take effect by a change, such as alpha when the activation is switched on, get their defaults.

        Args:
            changes: new values by flat parameter name.

        Raises:
            ConfigError: an unknown name, or an invalid value.
        """
        content = self.model_dump()
        network = content["network"]
        effective = neutral_values(network).keys() - neutral_values({**network, **changes}).keys()
        arch = str(changes.get("arch", self.network.arch))
        if arch != self.network.arch and arch in DEPTHS:
            network["depth"] = DEPTHS[arch][0]
        for name in effective - changes.keys() - {"depth"}:
            network.pop(name)  # the neutral value only stood for "without effect": use the default
        for name, value in changes.items():
            content[section_of(name)][name] = value
        return validated(TrialConfig, content)

    def params(self) -> dict[str, Value]:
        """All parameters by flat name, as MLflow logs them; every trial has every parameter.

        >>> TrialConfig().params()["alpha"]
        0.2
        """
        flat: dict[str, Value] = {}
        for section in (self.network, self.data, self.training):
            for name, value in section.model_dump().items():
                flat[name] = ",".join(map(str, value)) if isinstance(value, tuple) else value
        flat["input_scaling"] = self.input_scaling
        if self.data.input == "ccf":
            flat |= {"flips": False} | {name: NEUTRAL[name] for name in IMAGE_ONLY if name in NEUTRAL}
        flat |= {name: NEUTRAL[name] for name in self.data.without_effect()}
        flat["lr"] = self.training.lr
        return flat

    @property
    def input_scaling(self) -> Scaling:
        """The scaling that is applied: in the paper, raw counts with the log activation and [0, 1] without it.

        Correlation maps are not scaled: they lie in [-1, 1] whatever the scale of the counts.
        """
        if self.data.input == "ccf":
            return "counts"
        if self.data.input_scaling == "paper":
            return "counts" if self.network.log_activation else "unit"
        return self.data.input_scaling

    def cell(self) -> str:
        """Digest of the configuration without its seed: the trials of a cell differ in their seeds only.

        Where a study runs every fold, they differ in the fold as well.
        """
        content = self.model_dump(mode="json")
        content["training"].pop("seed")
        if self.training.schedule != "piecewise":
            content["training"].pop("milestones")
        content["data"]["input_scaling"] = self.input_scaling
        content["data"]["simulator"] = self.data.simulator or UNVERSIONED
        if self.data.input == "ccf":
            for name in IMAGE_ONLY:
                content["training"].pop(name)
        kept = ("split_by", "folds", "fold") if self.data.folds else ()  # a fold is named by all three
        if self.data.every_fold:
            content["data"].pop("fold")
        for name, neutral in NEUTRAL.items():
            section = content[section_of(name)]
            if (
                name in section
                and name not in kept
                and (name in self.data.without_effect() or section[name] == neutral)
            ):
                section.pop(name)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """Name of the cell: the title of the network, then what differs from plain images, as in `...-noise-max`."""
        return self.network.title + self.data_label

    @property
    def data_label(self) -> str:
        """The part of the label that is about the data; empty for plain images.

        >>> TrialConfig().replace({"noise": "max", "fraction": 0.5}).data_label
        '-noise-max-fraction0.5'
        """
        data, parts = self.data, [""]
        if data.input == "ccf":
            parts.append("ccf" if data.ccf_kind == "angular" else f"ccf-radial{data.ccf_delta:g}")
            if data.ccf_centre != "frame":
                parts.append("found" if data.ccf_centre == "found" else f"at{data.ccf_centre}")
        elif self.input_scaling != ("counts" if self.network.log_activation else "unit"):
            parts.append(self.input_scaling)
        if data.noise != "none":
            parts.append(f"noise-{data.noise}")
        if data.background != "none":
            parts.append(f"background-{data.background}")
        if data.input_mask != "none":
            parts.append(f"mask-{data.input_mask}{'-found' if data.find_bad_pixels else ''}")
        if data.fraction < 1:
            parts.append(f"fraction{data.fraction:g}")
        return "-".join(parts)

    @property
    def title(self) -> str:
        """Name of the trial; of one of many folds with its number, as in `...-f3-s1612`."""
        return self.label + self.repeat_label

    @property
    def repeat_label(self) -> str:
        """What tells the trials of one cell apart: `-s1612`, or `-f3-s1612` with folds."""
        fold = f"-f{self.data.fold}" if self.data.every_fold else ""
        return f"{fold}-s{self.training.seed}"


def recorded_trial(content: Any, *, simulated: bool) -> TrialConfig:
    """A configuration that a study or model recorded, perhaps before the simulators or the split had versions.

    Args:
        content: what was recorded.
        simulated: whether its shots were.

    Raises:
        ConfigError: it holds an unknown name, or an invalid value.

    >>> recorded_trial({"data": {"count": 64}}, simulated=True).data.simulator
    1
    """
    data = content.get("data") if isinstance(content, Mapping) else None
    if isinstance(data, Mapping):
        unsaid = {"simulator": UNVERSIONED if simulated else 0, "split_version": UNVERSIONED}
        content = {**content, "data": unsaid | dict(data)}
    return validated(TrialConfig, content)
