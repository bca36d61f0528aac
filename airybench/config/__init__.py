"""The single truth about what can be set: options, YAML, grid cells and logged parameters derive from these models."""

from airybench.config.sweep import COSTS, METRICS, Axis, Grid, Range, StudyConfig, SweepConfig, parameter, word
from airybench.config.trial import (
    DEPTHS,
    SECTIONS,
    DataConfig,
    NetworkConfig,
    TrainConfig,
    TrialConfig,
    section_of,
)
from airybench.config.values import Switch, Value, validated

__all__ = [
    "COSTS",
    "DEPTHS",
    "METRICS",
    "SECTIONS",
    "Axis",
    "DataConfig",
    "Grid",
    "NetworkConfig",
    "Range",
    "StudyConfig",
    "SweepConfig",
    "Switch",
    "TrainConfig",
    "TrialConfig",
    "Value",
    "parameter",
    "section_of",
    "validated",
    "word",
]
