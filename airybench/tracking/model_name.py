"""The names that a user may give a model, told apart without loading anything that reads one."""

import re

from airybench.errors import DataError

FORMS = "a weights folder, a run id, runs:/ID, models:/NAME/VERSION, models:/NAME@ALIAS, models:/m-... or winner:STUDY"
"""What MODEL may be on the command line."""

_RUN_ID = re.compile(r"[0-9a-f]{32}")


def require_form(model: str) -> None:
    """Refuse a name that has not the form of a model in MLflow.

    Raises:
        DataError: saying which forms there are.
    """
    if model.partition(":")[0] not in ("runs", "models", "winner") and not _RUN_ID.fullmatch(model):
        raise DataError(f"model {model!r} is not a folder, run or model; expected {FORMS}")
