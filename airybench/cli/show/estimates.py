"""Estimates and judgements as data."""

import math
from typing import Any

from airybench.analysis.estimate import Estimate
from airybench.analysis.verdicts import Judgement


def estimate_json(one: Estimate) -> dict[str, Any]:
    """Value, interval, and what they rest on; null for what is undefined."""
    return {
        "value": finite(one.value),
        "low": finite(one.low),
        "high": finite(one.high),
        "error": finite(one.error),
        "df": finite(one.df),
        "seeds": list(one.seeds),
        "shots": one.shots,
        "runs": one.runs,
        "shares": {"seeds": one.parts.seeds, "shots": one.parts.shots, "runs": one.parts.runs},
    }


def judgement_json(judgement: Judgement | None) -> dict[str, Any]:
    """Verdict, p after Holm, and q; null where nothing is judged."""
    if judgement is None:
        return {"verdict": None, "p_holm": None, "q": None}
    return {"verdict": judgement.verdict, "p_holm": finite(judgement.p), "q": finite(judgement.q)}


def finite(value: float) -> float | None:
    """A number as JSON can hold it."""
    return value if math.isfinite(value) else None
