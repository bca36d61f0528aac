"""What every model of the configuration is made of: kinds of values, and one way to refuse."""

from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from airybench.errors import refused

Value = bool | int | float | str
SEED = 1612
"""The seed of everything that is not told another one."""

MAX_SEED = 2**31 - 1
Number = Annotated[float, Field(allow_inf_nan=False)]
ON, OFF = ("true", "on", "yes", "t", "y", "1", "1.0"), ("false", "off", "no", "f", "n", "0", "0.0")


def words(value: object) -> object:
    """A boolean out of the words that people use for one; anything else as it is."""
    word = str(value).lower()  # `mlflow run -P` and YAML lists hand booleans over as words
    return word in ON if word in ON + OFF else value


Switch = Annotated[bool, BeforeValidator(words)]


class Frozen(BaseModel):
    """A model that cannot be changed and takes no unknown name."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
    names: ClassVar[set[str]] = set()
    """Every field name of every model, to be told from mistyped ones."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Keep the names of a new model."""
        Frozen.names.update(cls.model_fields)


M = TypeVar("M", bound=Frozen)


def validated(model: type[M], content: object) -> M:
    """Validate, turning pydantic's report into one line.

    Raises:
        ConfigError: naming the parameter, what was found and what was expected.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise refused(error.errors(include_url=False)[0], frozenset(Frozen.names)) from None
