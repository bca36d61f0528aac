"""The documentation site: `sphinx-build -W --keep-going docs FOLDER` builds it, without the network."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes

from airybench import __version__

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "airybench"
author = "The airybench developers"
project_copyright = author
release = version = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "myst_nb",  # Markdown (myst-parser) and notebooks
    "api_reference",
    "command_pages",
]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
nitpicky = True
default_role = "code"  # what docstrings put in single backticks

html_theme = "furo"
html_title = f"airybench {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}

myst_enable_extensions = ["colon_fence", "deflist", "attrs_block"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the pages show the outputs that are stored; .ci/run executes the notebook

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
add_module_names = False
python_maximum_signature_line_length = 80
nitpick_ignore_regex = [
    ("py:.*", rf"(?:{name})\b.*") for name in ("collections", "contextlib", "matplotlib", "numpy", "pathlib", "torch")
]
nitpick_ignore_regex += [("py:.*", r"(?:pd\.)?DataFrame|Axes|Figure")]
nitpick_ignore_regex += [
    ("py:class", r"airybench\.(?:analysis|api\.arguments|data|inference|jobs|sweep|training)\..*")
]  # what lies below the API
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

LONGEST_UNBROKEN = 28
"""Characters of inline code that is never broken over lines; a narrow screen has room for about 40."""


def ancestors(node: nodes.Node) -> Iterator[nodes.Node]:
    """Every node around a node."""
    while node.parent is not None:
        node = node.parent
        yield node


def keep_short_code_together(app: Any, doctree: nodes.document, name: str) -> None:
    """Mark short inline code, so that `--seeds` is not broken after its dashes; in tables only options and commands."""
    for code in doctree.findall(nodes.literal):
        text, in_table = code.astext(), any(isinstance(parent, nodes.entry) for parent in ancestors(code))
        if len(text) <= LONGEST_UNBROKEN and (text.startswith(("-", "airybench ")) or not in_table):
            code["classes"].append("unbroken")
        elif text.startswith("airybench "):  # broken between its words only, so that `--photon-energy` stays whole
            words = [nodes.inline("", word, classes=["unbroken"]) for word in text.split(" ")]
            code.children = []
            for word in words:
                code += [word, nodes.Text(" ")]
            code.pop()


def setup(app: Any) -> None:
    """Connect what this site does by itself."""
    app.connect("doctree-resolved", keep_short_code_together)
