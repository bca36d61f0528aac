"""Names of runs in MLflow's tables, whose first column is narrow: what varies in the study stands first."""

from collections.abc import Sequence

from airybench.config import SweepConfig, TrialConfig
from airybench.study_name import StudyName
from airybench.sweep.space import ORDER, cells, ends

_ACTIVATION = ("log_activation", "alpha", "learn_alpha")
_TRUNK = ("arch", "depth", "batch_norm")
_DATA = ("input", "ccf_kind", "ccf_centre", "ccf_delta", "input_scaling", "noise", "background", "input_mask",
         "find_bad_pixels", "fraction")  # fmt: skip
"""Parameters that a part of the label of a cell says already."""


def varying(sweep: SweepConfig) -> tuple[str, ...]:
    """The axes that tell the cells of a study apart; one that follows from those before it is left out.

    >>> varying(SweepConfig(space=({"arch": ("resnet", "vgg"), "alpha": (0.1, 0.2), "leakiness": (0.2,)},)))
    ('arch', 'alpha')
    """
    names = list(dict.fromkeys(name for grid in sweep.space for name in grid))
    names.sort(key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    found = [cell.config.params() for cell in cells(ends(sweep))]
    kept: list[str] = []
    told = 1
    for name in names:
        now = len({tuple(params[other] for other in [*kept, name]) for params in found})
        if now > told:
            kept.append(name)
            told = now
    return tuple(kept)


def cell_name(config: TrialConfig, axes: Sequence[str], study: str) -> str:
    """Name of a cell: what varies, then what does not, then the data set.

    Args:
        config: the cell.
        axes: what varies in its study.
        study: `NAME@D`.

    >>> cell_name(TrialConfig(), ("alpha", "weight_decay"), "quick@helium")
    'log0.2-weight_decay0-resnet18-leaky0.2 helium'
    """
    network, axis = config.network, set(axes)
    trunk, *slope = network.trunk_parts
    parts = [
        (bool(axis.intersection(_ACTIVATION)), network.activation),
        ("leakiness" in axis, "-".join(slope)),
        (bool(axis.intersection(_DATA)), config.data_label.strip("-")),
        *((True, text) for text in _unsaid(config, axes)),
        (bool(axis.intersection(_TRUNK)), trunk),
    ]
    first = [text for varies, text in parts if varies and text]
    rest = [text for varies, text in reversed(parts) if not varies and text]
    return f"{'-'.join(first + rest)} {StudyName.parse(study).dataset}".strip()


def label_ending(config: TrialConfig, axes: Sequence[str]) -> str:
    """What tells a cell of a study from others of the same label, to be written behind the label.

    Args:
        config: the cell.
        axes: what varies in its study.

    >>> label_ending(TrialConfig(), ("alpha", "weight_decay"))
    '-weight_decay0'
    """
    return "".join(f"-{text}" for text in _unsaid(config, axes))


def cell_label(config: TrialConfig, axes: Sequence[str]) -> str:
    """Label of a cell which no other of its study has.

    >>> cell_label(TrialConfig(), ("weight_decay",))
    'resnet18-log0.2-leaky0.2-weight_decay0'
    """
    return config.label + label_ending(config, axes)


def trial_title(config: TrialConfig, axes: Sequence[str]) -> str:
    """Name of a trial which no other of its study has.

    >>> trial_title(TrialConfig(), ("weight_decay",))
    'resnet18-log0.2-leaky0.2-weight_decay0-s1612'
    """
    return cell_label(config, axes) + config.repeat_label


def _unsaid(config: TrialConfig, axes: Sequence[str]) -> list[str]:
    values = config.params()
    return [f"{name}{_text(values[name])}" for name in axes if name not in _SAID]


def trial_name(config: TrialConfig, axes: Sequence[str], study: str) -> str:
    """Name of a trial: that of its cell, its fold where it has one, and its seed.

    >>> trial_name(TrialConfig(), ("arch",), "quick@helium")
    'resnet18-leaky0.2-log0.2 helium s1612'
    """
    fold = f" f{config.data.fold}" if config.data.every_fold else ""
    return f"{cell_name(config, axes, study)}{fold} s{config.training.seed}"


_SAID = {*_ACTIVATION, *_TRUNK, *_DATA, "leakiness"}


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
