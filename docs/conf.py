"""The documentation site: `sphinx-build -W --keep-going docs FOLDER` builds it, without the network."""

import sys
from pathlib import Path

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
    "command_pages",
]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
nitpicky = True

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

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True
