"""Sphinx extension: signatures and references of the API page as its readers expect them."""

import re
from dataclasses import is_dataclass
from typing import Any

from docutils import nodes
from pydantic import BaseModel
from sphinx.domains.python import PyObject

ARRAY_LIKE = re.compile(r"Buffer \| _SupportsArray\[dtype\[Any\]\].*?bytes(?: \| _NestedSequence\[[^\]]*\])*")
"""How `numpy.typing.ArrayLike` is spelt out by Python."""

BEFORE_NAPOLEON, AFTER_NAPOLEON = 400, 600


def short_signature(
    app: Any, what: str, name: str, what_is: Any, options: Any, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """`ArrayLike` by its name; no constructors of configurations and results, whose fields the page lists."""
    if what == "class" and (is_dataclass(what_is) or issubclass(what_is, BaseModel)):
        return "", None
    return (signature and ARRAY_LIKE.sub("ArrayLike", signature)), returned


def no_types_in_prose(app: Any, what: str, name: str, what_is: Any, options: Any, lines: list[str]) -> None:
    """Keep Napoleon from reading `Some words: more` as a type and its description.

    It does so in the first line of a property and of `Returns:`; there the line is broken before the last word in front
    of the colon.
    """
    firsts = [number + 1 for number, line in enumerate(lines[:-1]) if line.strip() == "Returns:"]
    for number in [0, *firsts] if what in ("property", "attribute") else firsts:
        found = re.match(r"(\s*)(\S.*?)\s(\S+:(?:\s.*)?)$", lines[number])
        if found and "`" not in found[2]:
            lines[number : number + 1] = [found[1] + found[2], found[1] + found[3]]


def no_references_in_types(app: Any, what: str, name: str, what_is: Any, options: Any, lines: list[str]) -> None:
    """Keep reStructuredText from reading the type `numpy.str_` as a reference to `numpy.str`."""
    lines[:] = [re.sub(r"_(?=\W|$)", r"\_", line) if line.startswith(":vartype") else line for line in lines]


def by_last_name(app: Any, env: Any, node: nodes.Element, content: nodes.Node) -> nodes.Node | None:
    """Resolve `DataError` to the one documented object whose dotted name ends with it."""
    target = str(node.get("reftarget", ""))
    domain = env.get_domain("py")
    names = [name for name in domain.objects if name.split(".")[-1] == target.split(".")[-1]]
    if node.get("refdomain") != "py" or len(names) != 1:
        return None
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", names[0], node, content)


def setup(app: Any) -> dict[str, bool]:
    """Connect all of it."""
    for kind in PyObject.doc_field_types:
        if kind.name == "variable":
            kind.label = "Attributes"
    app.connect("autodoc-process-signature", short_signature)
    app.connect("autodoc-process-docstring", no_types_in_prose, priority=BEFORE_NAPOLEON)
    app.connect("autodoc-process-docstring", no_references_in_types, priority=AFTER_NAPOLEON)
    app.connect("missing-reference", by_last_name)
    return {"parallel_read_safe": True}
