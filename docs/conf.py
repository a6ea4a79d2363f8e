"""How the site is built: python -m sphinx -W --keep-going docs build/site

Broken links inside the site are errors; those that lead out of it are looked up by python -m sphinx -b linkcheck docs
build/links, by hand, because the build needs no network. `course/WRITING.md` says how a page is written.

Sphinx with MyST and Furo, because all three are maintained, warnings are errors, and a page asks for nothing but files
beside it, so that the site works from a folder, in the dark and on a phone; Material for MkDocs ended this month, and
its successor Zensical (0.1) passes over what it does not know and has no place yet for a runner of our own.
Equations are MathML, which docutils makes and every browser sets without a script.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

project = "tinygrad_rnn"
copyright = "the authors of tinygrad_rnn, MIT licence"
extensions = ["myst_parser", "machinery"]
exclude_patterns = ["course/WRITING.md"]
suppress_warnings = ["myst.header"]  # a page may begin its sections where it likes
smartquotes = False  # "tanh" in quotes is a string
nitpicky = True  # a reference to a name that is not documented is an error
nitpick_ignore_regex = [("py:.*", r"(?!tinygrad_rnn\b).*")]

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
html_math_renderer = "mathml"

html_theme = "furo"
html_title = "tinygrad_rnn"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = [("enlarge.js", {"defer": "defer"})]
html_copy_source = False
html_show_sphinx = False
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"
html_theme_options = {"footer_icons": []}

maximum_signature_line_length = 100
toc_object_entries_show_parents = "hide"

executed = ["course/*", "howto/*"]  # pages that the build runs; the others are run by tests
