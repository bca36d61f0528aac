"""The data: which shots, how they are split, and how they become network inputs."""

from collections.abc import Mapping
from math import inf
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from airybench.config.values import MAX_SEED, SEED, Frozen, Number, Switch
from airybench.provenance import SIMULATOR_VERSION, SIMULATOR_VERSIONS, SPLIT_VERSION, SPLIT_VERSIONS, UNVERSIONED

Scaling = Literal["counts", "unit", "log1p", "standardised"]
"""How raw counts are scaled for the network; see `DataConfig.input_scaling`."""

MOST_FOLDS = 1000
"""Leaving out one run after the other makes as many folds as there are runs."""

MIN_IMAGE_SIZE = 32
"""Pixels: both families of networks halve the image five times, and need one pixel to be left."""


def _centre(value: object) -> str:
    """`frame`, `found`, or two numbers of pixels as `ROW,COL`."""
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value).strip()
    if text in ("frame", "found"):
        return text
    try:
        row, column = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"found {text!r}; expected frame, found or ROW,COL, such as 128.5,130") from None
    if not (0 <= row < inf and 0 <= column < inf):
        raise ValueError(f"found {text!r}; expected a row and a column of 0 or more")
    return f"{row:g},{column:g}"


class DataConfig(Frozen):
    """Which shots are used, and how they become the inputs of the network."""

    dataset: str = Field(
        "helium",
        min_length=1,
        description="Data set: helium, cxidb, a store, or any file or folder that `data import` reads.",
    )
    count: int = Field(7264, ge=20, le=10_000_000, description="Number of shots, if the data set is simulated.")
    data_seed: int = Field(SEED, ge=0, le=MAX_SEED, description="Seed of the simulation, if the data set is simulated.")
    simulator: int = Field(
        SIMULATOR_VERSION,
        ge=0,
        le=max(SIMULATOR_VERSIONS),
        description="Version of the simulator, if the data set is simulated. Recorded as 0 for measured data.",
    )
    split_seed: int = Field(SEED, ge=0, le=MAX_SEED, description="Seed of the split into train, val and test.")
    split_version: int = Field(
        SPLIT_VERSION,
        ge=min(SPLIT_VERSIONS),
        le=max(SPLIT_VERSIONS),
        description="Version of the split by shot. 2: shots are mixed first. 1: val and test hold mostly the last ids.",
    )
    split_by: Literal["shot", "group"] = Field(
        "shot", description="What the split keeps together. group: all shots of a run or file stay in one part."
    )
    folds: Annotated[int, Field(ge=0, le=MOST_FOLDS)] | Literal["all"] = Field(
        0,
        description="Number of folds of a k-fold split, at least 3. A sweep runs them all in one study, unless --fold "
        "names one. all: each run is left out once (--split-by group). 0: train, val and test hold 70, 15 and 15 %.",
    )
    fold: int = Field(0, ge=0, description="Fold that is the test split, from 0. The next one is the validation split.")
    every_fold: Switch = Field(False, description="Whether every fold is run in one study, so that no cell has a fold.")
    image_size: int = Field(224, ge=MIN_IMAGE_SIZE, le=1024, description="Side of the network's input in pixels.")
    antialias: Switch = Field(False, description="Resize with antialiasing. The paper resizes without.")
    input_scaling: Literal["paper", "counts", "unit", "log1p", "standardised"] = Field(
        "paper",
        description="Scaling of the counts. counts: none; unit: counts / 65535; log1p: ln(1 + counts); standardised: "
        "every image has mean 0 and standard deviation 1; paper: counts with the logarithmic activation, else unit.",
    )
    background: Literal["none", "empty", "all"] = Field(
        "none",
        description="Subtract the median image of its run from every shot. empty: the median of the training shots "
        "without a particle, or of all shots in a run with fewer than 5 of them; all: that of all shots of the run.",
    )
    input_mask: Literal["none", "median", "zero", "channel"] = Field(
        "none",
        description="What stands in the place of masked pixels. none: what the store holds, mostly 0; median: the "
        "median of the good pixels around; zero: 0; channel: 0, and the mask is a second input channel.",
    )
    find_bad_pixels: Switch = Field(
        False, description="With an input mask, also mask pixels that look bad in the training shots."
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
    ccf_centre: Annotated[str, BeforeValidator(_centre)] = Field(
        "frame",
        description="Centre of a map. frame: the middle of the frame; found: that of the inversion symmetry of each "
        "pattern; or ROW,COL in pixels of the detector.",
    )
    noise: Literal["none", "mean", "mean-std", "max"] = Field(
        "none",
        description="Uniform noise on all images, from 0 to the mean, mean + std or max of the image.",
    )
    noise_seed: int = Field(SEED, ge=0, le=MAX_SEED, description="Seed of the noise.")
    fraction: Number = Field(1.0, gt=0, le=1, description="Share of the training shots to train on.")

    @model_validator(mode="before")
    @classmethod
    def _without_effect(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        none = {"every_fold": False} if str(values.get("folds", 0)) == "0" else {}
        of_groups = {"split_version": UNVERSIONED} if values.get("split_by") == "group" else {}
        return {**values, **none, **of_groups}

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.folds == "all":
            if self.split_by != "group":
                raise ValueError("folds is 'all', which leaves out one run after the other; add --split-by group")
        elif self.folds in (1, 2) or self.fold >= max(self.folds, 1):
            raise ValueError(f"fold {self.fold} of {self.folds} folds; expected at least 3 folds and a fold below them")
        if self.input_mask == "channel" and self.input == "ccf":
            raise ValueError(
                "input_mask channel is for images; a correlation map leaves masked pixels out with input_mask zero"
            )
        return self

    @property
    def fold_count(self) -> int:
        """Number of folds, 0 without any; known once the data have said how many runs `all` stands for."""
        assert self.folds != "all"
        return self.folds

    @property
    def channels(self) -> int:
        """Channels of the network's input: the image, and the mask where it is one."""
        return 2 if self.input_mask == "channel" else 1

    @property
    def sees_mask(self) -> bool:
        """Whether the network's input depends on the mask itself, not only on what stands in the place of pixels."""
        return self.input_mask == "channel" or (self.input == "ccf" and self.input_mask != "none")

    def without_effect(self) -> set[str]:
        """Names of the parameters that have no effect with these settings.

        >>> sorted(DataConfig(input="ccf").without_effect())
        ['ccf_delta', 'find_bad_pixels', 'noise_seed']
        """
        names: set[str] = set()
        if self.input != "ccf":
            names |= {"ccf_kind", "ccf_delta", "ccf_zero", "ccf_centre"}
        elif self.ccf_kind != "radial":
            names |= {"ccf_delta"}
        elif self.ccf_delta:
            names |= {"ccf_zero"}
        names |= {"find_bad_pixels"} if self.input_mask == "none" else set()
        return names | ({"noise_seed"} if self.noise == "none" else set())
