"""What every model of the configuration is made of: types of values, and one way to report what is invalid."""

from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from airybench.errors import config_error

Value = bool | int | float | str
"""What a parameter may be, wherever it is logged or listed."""

SEED = 1612
"""The default of every seed."""

MAX_SEED = 2**31 - 1
Number = Annotated[float, Field(allow_inf_nan=False)]
"""A finite number."""

ON, OFF = ("true", "on", "yes", "t", "y", "1", "1.0"), ("false", "off", "no", "f", "n", "0", "0.0")


def parse_switch(value: object) -> object:
    """A boolean from any of the usual words for it; other values are returned unchanged.

    >>> parse_switch("on"), parse_switch("No"), parse_switch("maybe")
    (True, False, 'maybe')
    """
    word = str(value).lower()  # `mlflow run -P` and lists in YAML give booleans as words
    return word in ON if word in ON + OFF else value


Switch = Annotated[bool, BeforeValidator(parse_switch)]
"""A boolean, also given as on/off, yes/no or 1/0."""


def split_commas(value: object) -> object:
    """The items of a comma-separated list; values that are no text are returned unchanged.

    >>> split_commas("30,60,")
    ['30', '60']
    """
    return [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class Frozen(BaseModel):
    """A model that cannot be changed, and that refuses unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
    names: ClassVar[set[str]] = set()
    """The field names of all models, to tell parameters from pydantic's own names in error reports."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Collect the field names of a new model."""
        Frozen.names.update(cls.model_fields)


M = TypeVar("M", bound=Frozen)


def validated(model: type[M], content: object) -> M:
    """Validate content against a model, with an error of one line.

    Args:
        model: class of the configuration.
        content: a mapping of its fields, or an instance.

    Raises:
        ConfigError: names the parameter, what was found and what was expected.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise config_error(error.errors(include_url=False)[0], frozenset(Frozen.names)) from None
