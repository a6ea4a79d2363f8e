"""default_collate and default_convert against torch's, over everything that samples are made of."""

from __future__ import annotations

from collections import OrderedDict, UserDict, UserList, defaultdict, namedtuple
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.utils.data import default_collate, default_convert

from . import torchs

Point = namedtuple("Point", "x y")
F = np.float32


class Tagged(dict):
    """A dict that knows something else."""

    tag = "none"


def tagged(**items):
    made = Tagged(items)
    made.tag = "mine"
    return made


BATCHES = [
    [1, 2, 3],
    [True, False],
    [True, 2],
    [1.5, 2.0],
    [1, 2.5],
    ["a", "b"],
    (b"a", b"b"),
    [np.float32(1), np.float32(2)],
    [np.float64(1), np.float64(2)],
    [np.int8(1), np.int8(-2)],
    [np.bool_(True), np.bool_(False)],
    [np.str_("a"), np.str_("b")],
    [np.arange(3), np.arange(3) + 1],
    [np.ones((2, 3), F), np.zeros((2, 3), F)],
    [np.array(1.0), np.array(2.0)],
    [np.zeros((0, 2)), np.zeros((0, 2))],
    [(1, "a", 2.0), (2, "b", 3.0)],
    [[1, 2], [3, 4]],
    [(), ()],
    [[], []],
    [{"x": 1, "y": {"z": [1, 2]}}, {"y": {"z": [3, 4]}, "x": 2, "more": 0}],
    [Point(1, 2.0), Point(3, 4.0)],
    [Point(np.ones(2), "a"), Point(np.ones(2), "b")],
    [OrderedDict(b=1, a=2), OrderedDict(a=3, b=4)],
    [defaultdict(int, a=1), defaultdict(int, a=2)],
    [UserDict(a=1), UserDict(a=2)],
    [UserList([1, 2]), UserList([3, 4])],
    [MappingProxyType({"a": 1}), MappingProxyType({"a": 2})],
    [tagged(a=1), tagged(a=2)],
    [range(2), range(2, 4)],
    [bytearray(b"ab"), bytearray(b"cd")],
]
UNFIT = [
    [None, None],
    [object(), object()],
    [{1, 2}, {3, 4}],
    [np.array(["a"]), np.array(["b"])],
    [np.array([None]), np.array([None])],
    [[1, 2], [3]],
    [(1,), (1, 2)],
    [np.ones(2), np.ones(3)],
    [{"a": 1}, {"b": 1}],
    [1, "a"],
    [(1, None), (2, None)],
    [],
]


def same(ours, theirs):
    """Hold one nest of samples against another: kinds of containers, dtypes, shapes, values."""
    torch = pytest.importorskip("torch")
    if isinstance(theirs, torch.Tensor):
        assert isinstance(ours, tg.Tensor)
        assert ours.array.dtype == theirs.numpy().dtype
        np.testing.assert_array_equal(ours.array, theirs.numpy())
    else:
        assert type(ours) is type(theirs)
        if isinstance(theirs, (dict, UserDict, MappingProxyType)):
            assert list(ours) == list(theirs)
            assert getattr(ours, "tag", None) == getattr(theirs, "tag", None)
            ours, theirs = ours.values(), theirs.values()
        if isinstance(theirs, (str, bytes, int, float, type(None))):
            assert ours == theirs
        else:
            assert len(ours) == len(theirs)
            for a, b in zip(ours, theirs):
                same(a, b)


@pytest.mark.parametrize("batch", BATCHES)
def test_as_torch(batch):
    same(default_collate(batch), torchs.data().default_collate(batch))
    same(default_convert(batch), torchs.data().default_convert(batch))


scalars = st.integers(-(2**62), 2**62) | st.floats(allow_nan=False) | st.booleans() | st.text(max_size=3)
samples = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        | st.builds(Point, inner, inner)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(samples, st.integers(1, 3))
def test_nests_as_torch(sample, N):
    same(default_collate([sample] * N), torchs.data().default_collate([sample] * N))
    same(default_convert(sample), torchs.data().default_convert(sample))


@pytest.mark.parametrize("batch", UNFIT)
def test_errors_are_torchs(batch):
    with pytest.raises(torchs.error_of(lambda: torchs.data().default_collate(batch))):
        default_collate(batch)


def test_tensors():
    w = tg.ones(2, requires_grad=True)
    batch = default_collate([{"x": w * 2}, {"x": w * 3}])
    batch["x"].sum().backward()
    assert batch["x"].tolist() == [[2, 2], [3, 3]]
    assert w.grad.tolist() == [5, 5]
    assert default_convert({"x": w})["x"] is w
    with pytest.raises(RuntimeError, match="shape"):
        default_collate([tg.ones(2), tg.ones(3)])


def test_without_torch():
    collated = default_collate([(1.0, np.float32(1), Point("a", True)), (2.0, np.float32(2), Point("b", False))])
    floats, arrays, points = collated
    assert (floats.dtype, arrays.dtype, points.y.dtype) == (np.float64, np.float32, np.bool_)
    assert points.x == ("a", "b")
    assert points.y.tolist() == [True, False]


def test_messages_say_what_to_do():
    with pytest.raises(TypeError, match="NoneType.*collate_fn"):
        default_collate([None])
    with pytest.raises(RuntimeError, match=r"equal size, got sequences of lengths \[1, 2\].*collate_fn that pads"):
        default_collate([[1], [1, 2]])
