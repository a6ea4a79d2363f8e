"""Shapes, views and indices at their edges; values, gradients and error types beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import ops
from tinygrad_rnn.autograd.graph import Tensor
from tinygrad_rnn.autograd.view import View

random = np.random.default_rng(3)


def leaf(array) -> Tensor:
    return tg.tensor(array, requires_grad=np.asarray(array).dtype.kind == "f")


# --- beside PyTorch ---------------------------------------------------------------------------------------------

X = random.standard_normal((2, 3, 4))
V, N0, ONE = random.standard_normal(3), random.standard_normal((0, 3)), np.array(2.0)

METHODS = [  # (name, arguments): as methods of a (2, 3, 4) tensor, of a vector, of nothing and of a number
    ("reshape", (4, 6)), ("reshape", ((-1,),)), ("reshape", (5, -1)), ("reshape", ((2, 2),)), ("reshape", ((),)),
    ("view", (6, 4)), ("view", ((6, 4),)), ("view", (-1,)), ("flatten", ()), ("flatten", (1,)), ("flatten", (0, 1)),
    ("flatten", (2, 1)), ("ravel", ()), ("unflatten", (2, (2, 2))), ("unflatten", (2, (2, -1))),
    ("unflatten", (-1, (3, 2))), ("transpose", (0, 1)), ("transpose", (-1, 0)), ("transpose", (0, 3)),
    ("swapaxes", (0, 2)), ("t", ()), ("permute", (2, 0, 1)), ("permute", ((2, 0, 1),)), ("permute", (-1, 0, 1)),
    ("permute", (0, 1)), ("permute", (0, 0, 1)), ("movedim", (0, 2)), ("movedim", ((0, 1), (2, 0))), ("squeeze", ()),
    ("squeeze", (0,)), ("squeeze", (3,)), ("unsqueeze", (0,)), ("unsqueeze", (-1,)), ("unsqueeze", (4,)),
    ("expand", (5, -1, 3, 4)), ("expand", ((5, 2, 3, 4),)), ("expand", (2, 3)), ("expand", (-1, 2, 3, 4)),
    ("expand", (2, 3, 5)), ("broadcast_to", ((5, 2, 3, 4),)), ("clone", ()), ("contiguous", ()), ("narrow", (1, 0, 2)),
    ("narrow", (1, -2, 1)), ("narrow", (1, 2, 2)), ("narrow", (3, 0, 1)), ("narrow", (1, 5, 1)), ("select", (1, 2)),
    ("select", (1, 3)), ("select", (-1, -1)), ("unbind", ()), ("unbind", (-2,)), ("unbind", (3,)), ("split", (2, 2)),
    ("split", (3, 2)), ("split", ([1, 2], 1)), ("split", ([1, 1], 1)), ("split", (0, 1)), ("split", (2,)),
    ("chunk", (2, 2)), ("chunk", (3, 2)), ("chunk", (0, 1)), ("chunk", (2,)), ("tensor_split", (3, 2)),
    ("tensor_split", ([1, 3], 2)), ("tensor_split", (2,)), ("flip", (0,)), ("flip", (0, 2)), ("flip", ((3,),)),
    ("roll", (1,)), ("roll", (1, 0)), ("roll", ((1, 2), (0, 1))), ("roll", ((1,), (0, 1))), ("roll", (-1, -1)),
    ("repeat", (2, 1, 1)), ("repeat", (2, 1, 1, 3)), ("repeat", (2,)), ("repeat", ((1, 2, 1),)), ("repeat", (0, 1, 1)),
    ("tile", (2,)), ("tile", (2, 1, 1, 1)), ("repeat_interleave", (2,)), ("repeat_interleave", (2, -1)), ("tril", ()),
    ("tril", (1,)), ("triu", (-1,)), ("sort", ()), ("sort", (0,)), ("sort", (1, True)), ("argsort", ()),
    ("topk", (2,)), ("topk", (2, 0)), ("topk", (1, 1, False)), ("topk", (5,)), ("topk", (0,)), ("kthvalue", (2,)),
    ("kthvalue", (5,)), ("kthvalue", (1, 0, True)), ("diag", ()), ("diag", (1,)), ("diag", (-1,)), ("nonzero", ()),
    ("softmax", (0,)), ("softmax", (-1,)), ("softmax", (3,)), ("log_softmax", (1,)), ("fliplr", ()), ("flipud", ()),
]  # fmt: skip

INDICES = [
    0, -1, (0, 1), (0, 1, 2), 5, (slice(None), 5), (0, 0, 0, 0), (slice(None), [0, 2]), (0, slice(None), [1, 2]),
    ([0, 1], slice(None), [1, 2]), (slice(None), 0, [1, 2, 3]), True, False, (True, 0), [0, 0, 1], (..., [0, 1, 1]),
    (None, [1, 0]), ([0, 1], None, [1, 2]), X > 0, X[..., 0] > 0, (0, X[0] > 0), (0, X[0] > 0, None), (..., None),
    (slice(None, None, 2), ..., slice(1, 3)), (None, ..., None), np.array([[0, 1], [1, 0]]), np.array([-1]), range(2),
    [], np.int64(1), (0, ..., [1, 2]), (..., [1, 2], 0), (slice(None), [[0, 1], [2, 0]], [[1, 1], [2, 3]]), 1.5,
    (0, [0, 1], [1, 1]), ([0, 1], 0, [1, 1]), np.array([1.5]), X[:1] > 0, "a", slice(0, 10), slice(2, 1), np.array(1),
    (np.array(True), [0]), np.array([7]), ([0, 1], [0, 1, 2]), slice("a", None),
]  # fmt: skip


def outcome(function, leaves):
    """The outputs and the gradients of the sum of their weighted squares, as arrays; or the error's type."""
    try:
        ys = function(*leaves)
    except Exception as error:
        return type(error)
    ys = list(ys) if isinstance(ys, (tuple, list)) else [ys]
    linked = [(i + 1) * (y * y).sum() for i, y in enumerate(ys) if y.requires_grad]
    if linked:
        sum(linked[1:], linked[0]).backward()
    grads = [x.grad for x in leaves if x.requires_grad]
    return [np.asarray(y.detach().numpy()) for y in ys], [None if dx is None else dx.numpy() for dx in grads]


def beside_torch(function, theirs, *arrays):
    """The same function here and in torch: equal values, dtypes and gradients, or errors of one type."""
    torch = pytest.importorskip("torch")
    mine = outcome(function, [leaf(a) for a in arrays])
    other = outcome(theirs, [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in map(np.asarray, arrays)])
    if isinstance(other, type) or isinstance(mine, type):
        assert isinstance(mine, type), f"torch raises {other}"
        assert isinstance(other, type), f"torch does not raise {mine}"
        assert issubclass(mine, other)
        return
    for found, expected in zip(mine, other, strict=True):
        for a, b in zip(found, expected, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                assert (a.shape, a.dtype) == (b.shape, b.dtype)
                np.testing.assert_allclose(a, b, atol=1e-12)


@pytest.mark.parametrize("array", [X, V, N0, ONE], ids=["2x3x4", "vector", "empty", "number"])
@pytest.mark.parametrize(("name", "args"), METHODS, ids=lambda v: str(v).replace(" ", ""))
def test_methods_beside_torch(name, args, array):
    beside_torch(lambda x: getattr(x, name)(*args), lambda x: getattr(x, name)(*args), array)


def as_torch(index):
    torch = pytest.importorskip("torch")
    if isinstance(index, tuple):
        return tuple([as_torch(item) for item in index])
    if isinstance(index, list):
        return torch.tensor(index, dtype=torch.int64)
    return torch.tensor(index) if isinstance(index, np.ndarray) else index


@pytest.mark.parametrize("index", INDICES, ids=lambda v: str(v).replace(" ", "").replace("\n", "")[:40])
def test_getitem_beside_torch(index):
    beside_torch(lambda x: x[index], lambda x: x[as_torch(index)], X)


@pytest.mark.parametrize("index", INDICES, ids=lambda v: str(v).replace(" ", "").replace("\n", "")[:40])
def test_setitem_beside_torch(index):
    def write(to_index):
        def written(x):
            y = x * 1
            y[to_index(index)] = 2.5
            return y

        return written

    beside_torch(write(lambda i: i), write(as_torch), X)


JOINS = [
    ([(2, 3), (1, 3)], 0), ([(2, 3), (2, 1)], 1), ([(2, 3), (2, 1)], -1), ([(2, 3), (2, 1)], 0), ([(2, 3), (3,)], 0),
    ([(), ()], 0), ([(2, 3)], 0), ([(2, 3), (2, 3)], 2), ([(2, 3), (2, 3)], -3), ([(3,), (3,)], 0), ([], 0),
]  # fmt: skip


@pytest.mark.parametrize("name", ["cat", "stack", "hstack", "vstack", "concat", "concatenate"])
@pytest.mark.parametrize(("shapes", "dim"), JOINS)
def test_joining_beside_torch(name, shapes, dim):
    torch = pytest.importorskip("torch")
    args = () if name.endswith("stack") and name != "stack" else (dim,)
    arrays = [random.standard_normal(shape) for shape in shapes]
    beside_torch(lambda *xs: getattr(tg, name)(xs, *args), lambda *xs: getattr(torch, name)(xs, *args), *arrays)


P = random.integers(0, 2, (2, 2, 3))  # smaller than X in places
Q = np.argsort(X, 0)  # every place once
BY_INDEX = {
    "gather": (lambda m, x, i: m.gather(x, -1, i), X, P),
    "scatter_add": (lambda m, x, i, s: m.scatter_add(x, 1, i, s), X, P, X[:, :2, :3].copy()),
    "scatter": (lambda m, x, i, s: m.scatter(x, 0, i, s), X, Q, X * 2),
    "scatter number": (lambda m, x, i: m.scatter(x, 2, i, 1.5), X, P),
    "scatter value": (lambda m, x, i: m.scatter(x, 2, i, value=1.5), X, P),
    "scatter dim": (lambda m, x, i: m.scatter(x, 3, i, 1.5), X, P),
    "gather ndim": (lambda m, x, i: m.gather(x, 0, i), X, P[0]),
    "index_select": (lambda m, x, i: m.index_select(x, 1, i), X, np.array([2, 0, 2])),
    "index_select number": (lambda m, x, i: m.index_select(x, 1, i), X, np.array(2)),
    "index_select range": (lambda m, x, i: m.index_select(x, 0, i), V, np.array([3])),
    "index_select matrix": (lambda m, x, i: m.index_select(x, 1, i), X, np.array([[1]])),
    "index_add": (lambda m, x, i, s: m.index_add(x, 1, i, s), X, np.array([2, 0, 2]), X + 1),
    "index_add alpha": (lambda m, x, i, s: m.index_add(x, 1, i, s, alpha=0.5), X, np.array([2, 0, 2]), X + 1),
    "index_add range": (lambda m, x, i, s: m.index_add(x, 1, i, s), X, np.array([2, 0, 3]), X + 1),
    "index_copy": (lambda m, x, i, s: m.index_copy(x, 1, i, s), X, np.array([2, 0, 1]), X + 1),
    "index_fill": (lambda m, x, i: m.index_fill(x, 1, i, 0.5), X, np.array([2, 0])),
    "take_along_dim": (lambda m, x, i: m.take_along_dim(x, i, 0), X, Q),
    "take_along_dim broadcast": (lambda m, x, i: m.take_along_dim(x, i, 1), X, np.array([[[1]]])),
    "take_along_dim flat": (lambda m, x, i: m.take_along_dim(x, i), X, np.array([1, 5, 5])),
    "masked_select": (lambda m, x, i: m.masked_select(x, i), X, np.array([True, False, True, True])),
    "bucketize": (lambda m, x, b: m.bucketize(x, b, right=True), X, np.sort(V)),
    "unique": (lambda m, x: m.unique(x, return_inverse=True, return_counts=True), np.array([[3, 1], [1, 2]])),
    "unique dim": (lambda m, x: m.unique(x, dim=0), np.array([[3, 1], [1, 2], [3, 1]])),
    "bincount": (lambda m, x: m.bincount(x), np.array([3, 1, 1])),
    "bincount weights": (lambda m, x, w: m.bincount(x, w.detach(), minlength=5), np.array([3, 1, 1]), V[:3].copy()),
    "bincount small": (lambda m, x, w: x.bincount(w.detach()), np.array([3, 1, 1], "i4"), np.array([1, 2, 3])),
    "bincount single": (lambda m, x, w: x.bincount(w.detach()), np.array([3, 1, 1]), np.array([1, 2, 3], "f4")),
    "bincount nothing": (lambda m, x, w: m.bincount(x, w.detach(), minlength=2), np.zeros(0, int), np.zeros(0)),
    "bincount floats": (lambda m, x: m.bincount(x), V),
    "bincount bools": (lambda m, x: m.bincount(x), np.array([True])),
    "bincount matrix": (lambda m, x: m.bincount(x), np.array([[1]])),
    "bincount negative": (lambda m, x: m.bincount(x), np.array([2, -1])),
    "bincount too few weights": (lambda m, x, w: m.bincount(x, w), np.array([2, 1]), np.array([1.0])),
    "bincount minlength": (lambda m, x: m.bincount(x, minlength=-1), np.array([2, 1])),
    "sort nan": (lambda m, x: m.sort(x, descending=True), np.array([1, np.nan, -1, np.inf])),
    "topk nan": (lambda m, x: m.topk(x, 2), np.array([1, np.nan, -1, np.inf])),
    "repeat_interleave each": (lambda m, x, n: m.repeat_interleave(x, n, 1), X, np.array([2, 0, 1])),
    "broadcast_tensors": (lambda m, x, y: m.broadcast_tensors(x, y), V, X[:, :, :1].copy()),
    "broadcast_tensors mismatch": (lambda m, x, y: m.broadcast_tensors(x, y), V, X),
}


@pytest.mark.parametrize("label", BY_INDEX)
def test_functions_of_an_index_beside_torch(label):
    torch = pytest.importorskip("torch")
    function, *arrays = BY_INDEX[label]
    with np.errstate(invalid="ignore"):
        beside_torch(lambda *xs: function(tg, *xs), lambda *xs: function(torch, *xs), *arrays)


@pytest.mark.parametrize(
    ("widths", "mode", "value"),
    [((1, 2), "constant", None), ((1, 2, 3, 0), "constant", 1.5), ((-1, 1), "constant", 0.0), ((1,), "constant", 0.0),
     ((1,) * 8, "constant", 0.0), ((1, 1), "reflect", None), ((1, 2), "replicate", None), ((1, 1), "circular", None)],
)  # fmt: skip
def test_pad_beside_torch(widths, mode, value):
    torch = pytest.importorskip("torch")
    pad = torch.nn.functional.pad
    beside_torch(lambda x: ops.pad(x, widths, mode, value), lambda x: pad(x, widths, mode, value), X)


def test_padding_may_cut_off_all_there_is():
    assert ops.pad(tg.ones(3), (-3, 0)).shape == (0,)


def test_parts_of_one_and_windows_of_nothing():
    assert [part.shape for part in tg.ones(3).chunk(1)] == [(3,)]
    assert tg.ones(3).unfold(0, 0, 1).shape == (4, 0)


def test_many_elements_filled_with_less_than_nothing():
    x = leaf(np.ones(9000))
    y = x.masked_fill(tg.tensor(np.arange(9000) % 2 == 0), -3.0)
    y.sum().backward()
    assert y.sum().item() == 4500 - 3 * 4500
    assert x.grad.sum().item() == 4500


def test_a_number_padded_by_nothing_is_a_copy():
    x = tg.tensor(2.0)
    y = ops.pad(x, ())
    assert (y.shape, y.item()) == ((), 2.0)
    assert not np.shares_memory(x.array, y.array)


def test_scatter_adds_on_demand():
    x, index, part = tg.ones(2, 3), tg.tensor([[0, 0, 1]]), tg.tensor([[1.0, 2.0, 3.0]])
    assert tg.scatter(x, 0, index, part, reduce="add").tolist() == [[2.0, 3.0, 1.0], [1.0, 1.0, 4.0]]
    with pytest.raises(RuntimeError, match="reduce must be"):
        tg.scatter(x, 0, index, part, reduce="amax")


def test_nonzero_as_tuple():
    rows, columns = tg.nonzero(tg.tensor([[0, 1], [2, 3]]), as_tuple=True)
    assert (rows.tolist(), columns.tolist()) == ([0, 1, 1], [1, 0, 1])


# --- memory -------------------------------------------------------------------------------------------------------

VIEWS = {
    "view": lambda x: x.view(-1),
    "reshape": lambda x: x.reshape(6, 4),
    "flatten": lambda x: x.flatten(),
    "transpose": lambda x: x.transpose(0, 2),
    "permute": lambda x: x.permute(1, 2, 0),
    "squeeze": lambda x: x.squeeze(),
    "unsqueeze": lambda x: x.unsqueeze(1),
    "narrow": lambda x: x.narrow(1, 1, 2),
    "select": lambda x: x.select(0, 1),
    "number": lambda x: x[1, 2, 3],
    "slice": lambda x: x[:, ::-2, None],
    "split": lambda x: x.split(2, 2)[1],
    "chunk": lambda x: x.chunk(2)[1],
    "unbind": lambda x: x.unbind(1)[2],
    "expand": lambda x: x.expand(2, 2, 3, 4),
    "chain": lambda x: x[1].t()[2:].unsqueeze(0)[0, 1],
}
COPIES = {
    "list": lambda x: x[[1, 0]],
    "mask": lambda x: x[x > 0],
    "clone": lambda x: x.clone(),
    "flip": lambda x: x.flip(0),
    "repeat": lambda x: x.repeat(1, 1, 1),
    "turned": lambda x: x.transpose(0, 1).reshape(-1),
    "contiguous": lambda x: x.transpose(0, 1).contiguous(),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views_share_memory_and_follow_writes(name):
    x = leaf(X) * 1
    y = VIEWS[name](x)
    assert isinstance(y, View)
    assert np.shares_memory(y.array, x.array)
    x.mul_(3.0)
    (again,) = tg.autograd.grad(y.sum(), [x])  # the view's node is that of the newer x
    expected = np.zeros(X.shape)
    np.add.at(expected.ravel(), VIEWS[name](tg.arange(24).reshape(2, 3, 4)).array.ravel(), 1.0)
    np.testing.assert_array_equal(again.array, expected)


@pytest.mark.parametrize("name", COPIES)
def test_copies_do_not_share_memory(name):
    x = leaf(X) * 1
    assert not np.shares_memory(COPIES[name](x).array, x.array)


def test_view_refuses_to_copy_where_reshape_does():
    x = leaf(X).transpose(0, 1)
    with pytest.raises(RuntimeError, match="spans across two contiguous subspaces"):
        x.view(-1)
    assert x.reshape(-1).shape == (24,)
    assert x.view(3, 2, 2, 2).shape == (3, 2, 2, 2)


def test_contiguous_is_the_tensor_itself():
    x = leaf(X)
    assert x.contiguous() is x


def test_writing_to_an_expanded_tensor_is_refused():
    y = tg.zeros(1, 3).expand(2, 3)
    with pytest.raises(RuntimeError, match="read-only"):
        y[0, 0] = 1.0


def test_chained_writes_reach_the_tensor():
    counts = tg.zeros(2, 3, 4)
    counts[1][0][2] = 1
    counts[1][0][2] += 1
    counts[range(2), [0, 1]] -= 1
    counts[0].t()[3, 2] = 7
    expected = np.zeros((2, 3, 4))
    expected[1, 0, 2] = 2
    expected[0, 0] -= 1
    expected[1, 1] -= 1
    expected[0, 2, 3] = 7
    np.testing.assert_array_equal(counts.array, expected)


def test_0d_tensors_are_numbers_in_an_index():
    x, i = tg.arange(12).reshape(3, 4), tg.tensor(2)
    assert isinstance(x[i], View)
    assert x[i, tg.tensor(1)].item() == 9
    assert x[: tg.tensor(1)].shape == (1, 4)
    assert x[[tg.tensor(0), i]].item() == 2  # a list that holds tensors is a tuple, in PyTorch too


def test_uint8_selects_as_a_mask_and_says_so():
    with pytest.warns(UserWarning, match="mask"):
        assert tg.arange(3)[tg.tensor([1, 0, 1], dtype=np.uint8)].tolist() == [0, 2]


def test_writing_floats_into_integers_truncates():
    x = tg.zeros(2, dtype=np.int64)
    x[0] = 1.7
    assert x.tolist() == [1, 0]


# --- the graph ----------------------------------------------------------------------------------------------------


def test_unbind_and_split_are_one_node_whose_gradient_is_one_array():
    x = leaf(X)
    for parts in (x.unbind(1), x.split(1, 1)):
        sources = {part.node.inputs[0] for part in parts}
        assert len(sources) == 1
    unused = x.unbind(0)[1] * 2.0
    (dx,) = tg.autograd.grad(unused.sum(), [x])
    assert dx.array[0].sum() == 0
    assert (dx.array[1] == 2).all()


@pytest.mark.parametrize(
    "read", [lambda x: x.unbind(0), lambda x: x.split(1), lambda x: x.chunk(4), lambda x: [x.narrow(0, 0, 4)]]
)
def test_parts_put_together_again(read):
    x = leaf(random.standard_normal((4, 3)))
    y = tg.cat([part.reshape(-1, 3) for part in read(x)])
    (dx,) = tg.autograd.grad(y, [x], [tg.tensor(x.array * 2)])
    np.testing.assert_array_equal(y.array, x.array)
    np.testing.assert_array_equal(dx.array, x.array * 2)


def test_cat_keeps_none_of_its_inputs():
    x, y = leaf(V) * 1, leaf(V) * 1
    z = tg.cat([x, y])
    x.mul_(2.0)  # would be refused, had the node saved x
    z.sum().backward()
    assert not any(isinstance(part, np.ndarray) for part in z.node.saved or ())


def test_cat_promotes_and_takes_numpys_names():
    z = tg.cat([tg.ones(2), tg.tensor([1, 2])], axis=0)
    assert z.dtype == np.float32
    assert tg.stack([tg.ones(2), tg.ones(2)], axis=-1).shape == (2, 2)
    with pytest.raises(TypeError, match="list or tuple"):
        tg.cat(tg.ones(2))


def test_functions_on_arrays_give_arrays():
    several = [*ops.unbind(X), *ops.sort(X), *ops.topk(X, 2)]
    for y in (ops.cat([X, X]), ops.getitem(X, 0), ops.gather(X, 2, P), ops.repeat(X, 1, 1, 2), *several):
        assert isinstance(y, np.ndarray)


def test_an_index_that_was_overwritten_is_refused():
    x, index = leaf(V), tg.tensor([0, 2])
    y = x[index]
    index.add_(-1)
    with pytest.raises(RuntimeError, match="saved `index`"):
        y.sum().backward()


def test_a_gradient_through_an_index_of_many_repeats_is_a_sum():
    x, index = leaf(random.standard_normal((50, 4))), random.integers(-50, 50, (40, 30))
    dy = random.standard_normal((40, 30, 4))
    (dx,) = tg.autograd.grad(x[index], [x], [tg.tensor(dy)])
    expected = np.zeros((50, 4))
    for at in np.ndindex(40, 30):
        expected[index[at]] += dy[at]
    np.testing.assert_allclose(dx.array, expected, rtol=1e-12, atol=1e-12)


def test_errors_name_the_operation_and_the_shapes():
    x = leaf(X)
    with pytest.raises(RuntimeError, match=r"reshape: .*\(2, 3, 4\).*shape=\(5, 5\)"):
        x.reshape(5, 5)
    with pytest.raises(IndexError, match=r"getitem: index 7 is out of bounds.*\(2, 3, 4\)"):
        x[7]
    with pytest.raises(RuntimeError, match=r"cat: .*\(2, 3, 4\)"):
        tg.cat([x, x[:, :1]], 2)
