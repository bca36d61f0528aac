"""The single truth about what can be set: options, YAML, grid cells and logged parameters derive from these models."""

from airybench.config.network import DEPTHS, TIMM, NetworkConfig, without_effect
from airybench.config.objective import COSTS, METRICS, RANKING, Direction, Objective
from airybench.config.sweep import Axis, Grid, Range, StudyConfig, SweepConfig, parameter, word
from airybench.config.training import TrainConfig
from airybench.config.trial import SECTIONS, DataConfig, Scaling, TrialConfig, section_of
from airybench.config.values import SEED, Switch, Value, validated

__all__ = [
    "COSTS",
    "DEPTHS",
    "METRICS",
    "RANKING",
    "SECTIONS",
    "SEED",
    "TIMM",
    "Axis",
    "DataConfig",
    "Direction",
    "Grid",
    "NetworkConfig",
    "Objective",
    "Range",
    "Scaling",
    "StudyConfig",
    "SweepConfig",
    "Switch",
    "TrainConfig",
    "TrialConfig",
    "Value",
    "parameter",
    "section_of",
    "validated",
    "without_effect",
    "word",
]
