"""One option for everything that a user can say about a source, for each command that reads one."""

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, get_type_hints

from airybench.cli.options.signature import with_options
from airybench.cli.options.source_layout import LayoutOptions
from airybench.cli.options.source_rules import ImportOptions, RuleOptions

if TYPE_CHECKING:
    from airybench.data.reading.options import SourceOptions

REPEATED = ("ids", "events", "keep", "drop", "invalid", "class_names")
"""Options that may be given more than once, or as a comma list."""


def takes_source(*, importing: bool = True) -> Callable[[Callable[..., Any]], Any]:
    """Give a command the options of a source, passed to it as keywords for `source_options`.

    Args:
        importing: also those about labels and about shots that an import leaves out once it has seen them.
    """
    declared = (LayoutOptions, RuleOptions, *((ImportOptions,) if importing else ()))
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=vars(one)[name], annotation=annotation)
        for one in declared
        for name, annotation in get_type_hints(one, include_extras=True).items()
    ]
    return lambda function: with_options(function, options)


def source_options(given: Mapping[str, Any], **more: Any) -> "SourceOptions":
    """The options of a source, read as the Python interface reads its keyword arguments.

    Args:
        given: values of the command line by name.
        more: further ones.

    Raises:
        ConfigError: options contradict each other, or a value that cannot be.

    >>> source_options({"ids": ["train,pulse", "cell"], "images": None}).keys.ids
    ('train', 'pulse', 'cell')
    """
    from airybench.api.read_options import source_options as from_keywords

    said = {n: value for n, value in {**given, **more}.items() if value is not False and value not in (None, [])}
    for name in said.keys() & set(REPEATED):
        said[name] = [part.strip() for word in said[name] for part in word.split(",")]
    return from_keywords(said)  # type: ignore[arg-type]
