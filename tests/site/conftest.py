"""The machinery of the site is no package of its own: it is found where Sphinx finds it, in docs."""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))
