"""set_printoptions does to printing what PyTorch's does."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg

OPTIONS = [
    {"precision": 2}, {"precision": 0}, {"precision": 7, "sci_mode": False}, {"sci_mode": True}, {"threshold": 5},
    {"threshold": 5, "edgeitems": 1}, {"linewidth": 40}, {"profile": "short"}, {"profile": "full"},
    {"profile": "short", "precision": 6}, {"threshold": float("inf")},
]  # fmt: skip
RANDOM = np.random.default_rng(0)
TENSORS = [
    [1e-7, 3.14159, 1e6], [1.0, 2e12], [1.5, 2.5], [1.0, 2.0], [np.inf, np.nan, -1.25], 3.5, [1, -20, 300],
    RANDOM.standard_normal((5, 9)).astype("f4"), np.arange(1200.0, dtype="f4"), RANDOM.standard_normal((3, 4, 2)),
]  # fmt: skip


@pytest.fixture(autouse=True)
def restored():
    yield
    tg.set_printoptions(profile="default")


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_as_torch(options):
    torch = pytest.importorskip("torch")
    texts = []
    for m in (tg, torch):
        m.set_printoptions(**options)
        texts.append([repr(m.tensor(data)).replace("torch.", "") for data in TENSORS])
        m.set_printoptions(profile="default")
    assert texts[0] == texts[1]


def test_what_is_not_given_stays_but_for_sci_mode():
    tg.set_printoptions(precision=2, sci_mode=True)
    assert repr(tg.tensor([1.5])) == "tensor([1.50e+00])"
    tg.set_printoptions(linewidth=100)
    assert repr(tg.tensor([1.5])) == "tensor([1.50])"


@pytest.mark.parametrize(
    ("options", "error"),
    [({"profile": "long"}, ValueError), ({"precision": "2"}, TypeError), ({"edgeitems": 1.5}, TypeError)],
)
def test_refused_and_nothing_changed(options, error):
    with pytest.raises(error, match="set_printoptions: "):
        tg.set_printoptions(**{"linewidth": 20, **options})
    assert "\n" not in repr(tg.arange(10))
