"""The names that a user may give a model, told apart without loading anything that reads one."""

import re

from airybench.errors import ConfigError, DataError
from airybench.paths import is_plain

FORMS = "a weights folder, a run id, runs:/ID, models:/NAME/VERSION, models:/NAME@ALIAS, models:/m-... or winner:STUDY"
"""What MODEL may be on the command line."""

MAX_NAME = 200
"""Characters of a registered model's name."""

_RUN_ID = re.compile(r"[0-9a-f]{32}")


def require_form(model: str) -> None:
    """Refuse a name that has not the form of a model in MLflow.

    Raises:
        DataError: saying which forms there are.
    """
    if model.partition(":")[0] not in ("runs", "models", "winner") and not _RUN_ID.fullmatch(model):
        raise DataError(f"model {model!r} is not a folder, run or model; expected {FORMS}")


def check_name(name: str) -> None:
    """Refuse a name that MLflow's registry, or a model URI, cannot take.

    Raises:
        ConfigError: empty, too long, or with other characters than letters, digits, - _ and dots.
    """
    if not is_plain(name) or len(name) > MAX_NAME:
        raise ConfigError(
            f"--register {name!r} is no name for a model; use at most {MAX_NAME} letters, digits, - _ and dots"
        )
