"""The study: its objectives."""

from airybench.config import (
    StudyConfig,
)


def test_objective_and_its_way() -> None:
    for text, metric, way in [
        ("macro_ap", "macro_ap", "max"),
        ("val/loss", "loss", "min"),
        ("loss:max", "loss", "max"),
        ("val/mcc:min", "mcc", "min"),
    ]:
        study = StudyConfig(objective=text)
        assert (study.metric, study.direction) == (metric, way)


def test_several_objectives() -> None:
    study = StudyConfig.model_validate({"objective": ["val/macro_ap", "images_per_second", "parameters", "loss:max"]})
    assert study.objectives == (
        ("macro_ap", "max"), ("images_per_second", "max"), ("parameters", "min"), ("loss", "max"),
    )  # fmt: skip
    assert (study.metric, study.direction) == ("macro_ap", "max")
    assert StudyConfig(objective="macro_ap, seconds:min").objectives[1] == ("seconds", "min")
