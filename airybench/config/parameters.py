"""The parameters of all models by flat names, such as `alpha` for the network's alpha."""

from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from airybench.config.data import DataConfig
from airybench.config.network import NetworkConfig
from airybench.config.study import StudyConfig
from airybench.config.training import TrainConfig
from airybench.config.values import Frozen, Value
from airybench.errors import config_error, unknown

SECTIONS: dict[str, type[Frozen]] = {"network": NetworkConfig, "data": DataConfig, "training": TrainConfig}
"""The sections of `TrialConfig` and their models."""


def section_of(name: str) -> str:
    """The section of `TrialConfig` that a parameter belongs to.

    Raises:
        ConfigError: there is no such parameter.

    >>> section_of("alpha"), section_of("seed")
    ('network', 'training')
    """
    for section, model in SECTIONS.items():
        if name in model.model_fields:
            return section
    raise unknown("parameter", name, [field for model in SECTIONS.values() for field in model.model_fields])


def is_number(name: str) -> bool:
    """Whether a parameter of a trial is a whole or floating-point number.

    >>> is_number("alpha"), is_number("flips")
    (True, False)
    """
    return SECTIONS[section_of(name)].model_fields[name].annotation in (int, float)


def parse_value(name: str, value: object) -> Value:
    """The value of one parameter of a trial or study, checked and converted to its type.

    Args:
        name: of the parameter.
        value: the value, or its text as on the command line.

    Raises:
        ConfigError: an unknown name, or a value outside the range of the parameter.

    >>> parse_value("depth", "34"), parse_value("log_activation", "off")
    (34, False)
    """
    model: type[Frozen] = StudyConfig if name in StudyConfig.model_fields else SECTIONS[section_of(name)]
    field = model.model_fields[name]
    annotation: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    adapter: TypeAdapter[Value] = TypeAdapter(annotation)
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise config_error({**error.errors(include_url=False)[0], "input": value}, (), name=name) from None
