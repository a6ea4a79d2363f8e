"""The pages about PyTorch run beside it; a file of their own, for continuous integration installs torch last."""

from __future__ import annotations

import pytest

from .conftest import BESIDE_TORCH, shows_what_its_code_does


@pytest.mark.parametrize("path", BESIDE_TORCH, ids=lambda path: path.stem)
def test_the_page_shows_what_its_code_does(path):
    shows_what_its_code_does(path)
