"""The answers of a report on stdout, as lines or as data."""

from collections.abc import Iterator, Sequence
from typing import Any

from airybench.cli.show.estimates import estimate_json, judgement_json
from airybench.report.answers import Answer, StudyAnswers
from airybench.report.page import sentence


def print_answers(studies: Sequence[StudyAnswers]) -> None:
    """One line per claim."""
    for study, answer in _answers(studies):
        print(f"{study.name}@{study.dataset}: {answer.verdict}: {sentence(answer, study.metric)}")


def answers_json(studies: Sequence[StudyAnswers]) -> list[dict[str, Any]]:
    """One entry per claim."""
    return [
        {
            "study": f"{study.name}@{study.dataset}",
            **estimate_json(answer.difference),
            **judgement_json(answer.judgement),
            "verdict": answer.verdict,
            "tried": list(answer.tried),
            "fresh_seeds": answer.fresh,
            "sentence": sentence(answer, study.metric),
        }
        for study, answer in _answers(studies)
    ]


def _answers(studies: Sequence[StudyAnswers]) -> Iterator[tuple[StudyAnswers, Answer]]:
    for study in studies:
        for answer in study.answers:
            yield study, answer
