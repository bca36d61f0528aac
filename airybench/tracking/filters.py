"""Filter strings of MLflow: every one is made here, so that no name in one ends its quotes."""

from airybench.errors import ConfigError
from airybench.tracking.tags import Tag


def quoted(value: str) -> str:
    r"""A value in quotes; MLflow knows two kinds of them, and no way to write one inside of its own kind.

    Raises:
        ConfigError: it has both kinds.

    >>> quoted("quick@helium"), quoted("bob's@helium")
    ("'quick@helium'", '"bob\'s@helium"')
    """
    for quote in ("'", '"'):
        if quote not in value:
            return f"{quote}{value}{quote}"
    raise ConfigError(f"{value!r} has both kinds of quotes, and MLflow cannot look for it; rename it")


def field_is(field: str, value: str) -> str:
    """A condition on a field that is no tag, such as `name` or `source_run_id`.

    >>> field_is("name", "halo")
    "name = 'halo'"
    """
    return f"{field} = {quoted(value)}"


def status_is(status: str) -> str:
    """A condition on the status of a run, such as FINISHED."""
    return field_is("attributes.status", status)


def tag_is(tag: str, value: str) -> str:
    """A condition on a tag.

    >>> tag_is("detector", "AGIPD")
    "tags.`detector` = 'AGIPD'"
    """
    return f"tags.`{tag}` = {quoted(value)}"


def tag_like(tag: str, pattern: str) -> str:
    """A condition on a tag; in the pattern, `%` stands for any characters and `_` for any one of them."""
    return f"tags.`{tag}` LIKE {quoted(pattern)}"


def of_study(study: str, *, kind: str = "") -> str:
    """The runs of a study, or those of one kind.

    Args:
        study: `NAME@D`.
        kind: as in `Tag.KIND`; all kinds where it is empty.
    """
    return every(*([tag_is(Tag.KIND, kind)] if kind else []), tag_is(Tag.STUDY, study))


def every(*conditions: str) -> str:
    """All of some conditions at once."""
    return " and ".join(conditions)
