"""Everything that can be configured; command-line options, YAML files, cells and logged parameters derive from it."""

from airybench.config.data import DataConfig, Scaling
from airybench.config.network import DEPTHS, TIMM, NetworkConfig, neutral_values
from airybench.config.objective import COSTS, METRICS, RANKING, Direction, Objective
from airybench.config.parameters import SECTIONS, parse_value, section_of
from airybench.config.space import Axis, Grid, Range, parse_value_or_range
from airybench.config.study import MOST_SEEDS, StudyConfig
from airybench.config.sweep import SweepConfig
from airybench.config.training import TrainConfig
from airybench.config.trial import TrialConfig, recorded_trial
from airybench.config.values import SEED, Switch, Value, validated

__all__ = [
    "COSTS",
    "DEPTHS",
    "METRICS",
    "MOST_SEEDS",
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
    "neutral_values",
    "parse_value",
    "parse_value_or_range",
    "recorded_trial",
    "section_of",
    "validated",
]
