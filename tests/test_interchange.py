"""Memory shared with NumPy, PyTorch and JAX: values, layout, writes, lifetime, and what is refused."""

from __future__ import annotations

import array
import gc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import tinygrad_rnn as tg
from tinygrad_rnn.autograd.op import primitive
from tinygrad_rnn.utils import dlpack

DTYPES = [np.dtype(name) for name in ("f4", "f8", "u1", "i1", "i2", "i4", "i8", "?")]
TOLD = np.lib.NumpyVersion(np.__version__) >= "2.3.0"  # of NumPy's DLPack, what is read-only
VERSIONS = [None, (0, 8), (1, 0), (2, 0)] if TOLD else [None]
UNSUPPORTED = ["f2", "u2", "u4", "u8", "c8", "c16", "O", "U1", "S1", "M8[s]", [("a", "f4")]]


def numbers(dtype: str = "f4") -> np.ndarray:
    return np.arange(6).astype(dtype).reshape(2, 3)


def same_memory(x: tg.Tensor, other: np.ndarray) -> bool:
    """Whether a tensor and an array are the same elements in the same places."""
    if (x.shape, x.dtype) != (other.shape, other.dtype):
        return False
    if not other.size:
        return True  # where nothing is does not matter, nor how far it is to what is not there
    steps = [[stride for n, stride in zip(a.shape, a.strides) if n > 1] for a in (x.array, other)]
    return x.data_ptr() == other.ctypes.data and steps[0] == steps[1]


@st.composite
def views(draw) -> np.ndarray:
    """An array of any dtype of tensors, with up to four dimensions, transposed and sliced forwards."""
    shape = draw(arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    whole = draw(arrays.arrays(draw(st.sampled_from(DTYPES)), shape))
    whole = whole.transpose(draw(st.permutations(range(whole.ndim))))
    starts = [slice(draw(st.integers(0, 2)), None, draw(st.integers(1, 3))) for _ in whole.shape]
    return whole[(..., *starts)]  # with ..., a 0-d array stays one


# --- NumPy ------------------------------------------------------------------------------------------------------


@given(views())
def test_numpy_both_ways(a):
    for x in (tg.from_numpy(a), tg.as_tensor(a), tg.asarray(a), tg.asarray(a, copy=False), tg.from_dlpack(a)):
        assert same_memory(x, a)
        assert same_memory(x, x.numpy())
        assert same_memory(x, np.asarray(x))
        assert same_memory(x, np.from_dlpack(x))
        assert type(x.array) is np.ndarray
    for x in (tg.tensor(a), tg.asarray(a, copy=True), tg.from_dlpack(a, copy=True)):
        assert x.array.flags.writeable
        assert not np.shares_memory(x.array, a)
        assert x.dtype == a.dtype
        np.testing.assert_array_equal(x.array, a)
        assert not np.shares_memory(tg.from_dlpack(x, copy=True).array, x.array)


@pytest.mark.parametrize("share", [tg.from_numpy, tg.as_tensor, tg.asarray, tg.from_dlpack], ids=lambda f: f.__name__)
def test_writes_are_seen_on_both_sides(share):
    a = numbers()
    x = share(a)
    x[0, 0] = 7.0
    a[1] += 1
    x.numpy()[0, 1] = 8.0
    np.asarray(x)[0, 2] = 9.0
    np.asarray(tg.from_dlpack(x))[1, 2] = 10.0
    assert a.tolist() == x.tolist() == [[7, 8, 9], [4, 5, 10]]


def test_the_flags_of_one_are_not_the_others():
    a = numbers()
    x = tg.from_numpy(a)
    a.flags.writeable = x.numpy().flags.writeable = np.asarray(x).flags.writeable = False
    x.zero_()
    assert a.tolist() == [[0.0] * 3] * 2


@pytest.mark.parametrize("dtype", UNSUPPORTED, ids=str)
def test_unsupported_dtypes_are_refused_in_words(dtype):
    a = np.zeros(2, dtype)
    for make in (tg.from_numpy, tg.as_tensor, tg.asarray, tg.tensor, lambda a: tg.tensor([a, a])):
        with pytest.raises(TypeError, match=r"dtype .* is not supported; tensors are of float32, float64, uint8"):
            make(a)
    for use in (lambda a: tg.ones(2) * a, lambda a: a * tg.ones(2), lambda a: tg.ones(2).add_(a)):
        with pytest.raises(TypeError, match=r"an array of .* cannot be a tensor; convert it with .astype"):
            use(a)


LAYOUTS = {
    "backwards": (lambda: np.arange(3)[::-1], "negative stride"),
    "one dimension backwards": (lambda: numbers()[:, ::-1], "negative stride"),
    "packed structure": (lambda: np.zeros(2, [("a", "i1"), ("b", "f4")])["b"], "no multiples of the 4 bytes"),
    "foreign byte order": (lambda: np.arange(3).astype(np.dtype("f4").newbyteorder("S")), "byte order is not"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_memory_in_which_no_tensor_can_lie(name):
    make, words = LAYOUTS[name]
    for use in (tg.from_numpy, tg.as_tensor, tg.asarray, tg.tensor):
        with pytest.raises(ValueError, match=words):
            use(make())
    torch = pytest.importorskip("torch")
    for use in (torch.from_numpy, torch.as_tensor, torch.asarray, torch.tensor):
        with pytest.raises(ValueError, match="stride|byte order"):
            use(make())


def test_layouts_that_are_fine():
    structure = np.zeros(3, [("a", "f4"), ("b", "f4")])
    x = tg.from_numpy(structure["b"])
    x.fill_(2.0)
    assert structure["b"].tolist() == [2.0, 2.0, 2.0]
    assert tg.from_numpy(numbers()[:1][::-1]).tolist() == [[0, 1, 2]]  # one row is the same backwards
    assert tg.from_numpy(np.zeros((0, 3))[::-1]).shape == (0, 3)
    assert tg.from_numpy(np.asfortranarray(numbers())).stride() == (1, 2)
    unaligned = np.frombuffer(bytes(9), "f4", offset=1)
    assert (tg.from_numpy(unaligned) + 1).tolist() == [1.0, 1.0]


def test_matrices_and_masks_become_plain_arrays():
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    x = tg.from_numpy(masked)
    assert x.tolist() == [1.0, 2.0]
    assert type(x.array) is type((x * masked).array) is np.ndarray
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix([[1.0, 2.0]])
    assert type(tg.from_numpy(matrix).array) is type(tg.tensor(matrix).array) is np.ndarray
    assert type((tg.ones(1, 2) * matrix).array) is np.ndarray


def read_only(a: np.ndarray) -> np.ndarray:
    a.flags.writeable = False
    return a


READ_ONLY = {
    "array": lambda: read_only(numbers()),
    "broadcast": lambda: np.broadcast_to(np.ones(1, "f4"), (2, 3)),
    "bytes": lambda: np.frombuffer(bytes(24), "f4"),
}


@pytest.mark.parametrize("name", READ_ONLY)
@pytest.mark.parametrize("share", [tg.from_numpy, tg.as_tensor, tg.asarray, tg.from_dlpack], ids=lambda f: f.__name__)
def test_read_only_memory_stays_so(share, name):
    x = share(READ_ONLY[name]())
    before = x.tolist()
    for write in (lambda: x.zero_(), lambda: x.add_(1), lambda: x.__setitem__(0, 5.0), lambda: x[0].mul_(2)):
        with pytest.raises(RuntimeError, match="the memory is read-only .* clone"):
            write()
    assert x.tolist() == before
    assert not x.numpy().flags.writeable
    if TOLD:
        assert not np.from_dlpack(x).flags.writeable
    with pytest.raises(BufferError, match="readonly"):
        x.__dlpack__()  # the older protocol cannot say it
    assert x.clone().zero_().sum() == 0


# --- tensors that require grad ----------------------------------------------------------------------------------

REFUSED = {
    "numpy": (RuntimeError, lambda m, x: x.numpy()),
    "asarray": (RuntimeError, lambda m, x: np.asarray(x)),
    "array": (RuntimeError, lambda m, x: np.array(x, "f8")),
    "ufunc": (RuntimeError, lambda m, x: np.sin(x)),
    "stack": (RuntimeError, lambda m, x: np.stack([x, x])),
    "dlpack": (BufferError, lambda m, x: x.__dlpack__()),
    "from_dlpack": (BufferError, lambda m, x: m.from_dlpack(x)),
    "NumPy's from_dlpack": (BufferError, lambda m, x: np.from_dlpack(x)),
}


@pytest.mark.parametrize("computed", [False, True])
@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")  # PyTorch's, of NumPy 2
def test_gradients_are_not_lost(name, computed):
    error, use = REFUSED[name]

    def refused(m):
        x = m.ones(2, requires_grad=True)
        with pytest.raises(error, match="[Uu]se tensor.detach"):
            use(m, x * 2 if computed else x)

    refused(tg)
    refused(pytest.importorskip("torch"))


def test_a_capsule_of_a_gradients_tensor_is_refused():
    """PyTorch's function makes one, its method does not."""
    with pytest.raises(BufferError, match="use tensor.detach"):
        tg.to_dlpack(tg.ones(2, requires_grad=True))


def test_gradients_are_lost_on_demand():
    x = tg.ones(2, requires_grad=True)
    assert same_memory(x, x.numpy(force=True))
    assert same_memory(x, x.detach().numpy())
    with tg.no_grad(), pytest.raises(RuntimeError, match="requires grad"):
        x.numpy()
    with tg.no_grad():
        assert np.asarray(x * 2).tolist() == [2.0, 2.0]


# --- NumPy's functions and operators ----------------------------------------------------------------------------


def test_an_array_beside_a_tensor_makes_a_tensor_with_a_gradient():
    a = np.array([1.0, 2.0], "f4")
    for use in (lambda x: a * x, lambda x: x * a):
        x = tg.tensor([3.0, 4.0], requires_grad=True)
        y = use(x)
        y.sum().backward()
        assert isinstance(y, tg.Tensor)
        assert y.tolist() == [3.0, 8.0]
        assert x.grad.tolist() == [1.0, 2.0]


OPERATORS = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
    "//": lambda a, b: a // b, "%": lambda a, b: a % b, "**": lambda a, b: a**b, "@": lambda a, b: a @ b,
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip


LEFT = [np.array([1.0, 5.0, 3.0], "f4"), np.float32(2), np.float64(2), np.array(2.0)]


@pytest.mark.parametrize(("name", "left"), [(n, a) for n in OPERATORS for a in LEFT if n != "@" or a.ndim], ids=str)
def test_operators_with_numpy_on_the_left(name, left):
    right = np.array([2.0, 5.0, 1.0], "f4")
    y = OPERATORS[name](left, tg.from_numpy(right))
    expected = OPERATORS[name](left, right)
    assert isinstance(y, tg.Tensor)
    assert y.dtype == (np.bool_ if expected.dtype == bool else np.float32)  # 0-d float64 does not widen, as PyTorch's
    np.testing.assert_allclose(y.array, expected, rtol=1e-6)


TENSORS = {
    "sin": lambda x: np.sin(x),
    "add": lambda x: np.add(x, x),
    "add a number": lambda x: np.add(x, 1),
    "add an array": lambda x: np.add(np.ones((2, 3)), x),
    "reduce": lambda x: np.add.reduce(x),
    "reduce all": lambda x: np.add.reduce(x, axis=None),
    "cumsum": lambda x: np.cumsum(x, axis=1),
    "clip": lambda x: np.clip(x, 1, 3),
    "round": lambda x: np.round(x),
    "transpose": lambda x: np.transpose(x),
    "reshape": lambda x: np.reshape(x, (3, 2)),
    "squeeze": lambda x: np.squeeze(x[:1]),
    "argmax": lambda x: np.argmax(x),
    "argsort": lambda x: np.argsort(x, axis=1),
    "matmul": lambda x: np.matmul(x, x.T),
    "divmod": lambda x: np.divmod(x, 2),
}
ARRAYS = {
    "stack": lambda x: np.stack([x, x]),
    "concatenate": lambda x: np.concatenate([x, x]),
    "vstack": lambda x: np.vstack([x, np.ones((2, 3), "f4")]),
    "array of tensors": lambda x: np.array([x, x]),
    "array of numbers": lambda x: np.array([x[0, 1], x[1, 1]]),
    "asarray": lambda x: np.asarray(x),
    "asarray of a dtype": lambda x: np.asarray(x, "f8"),
    "where": lambda x: np.where(x > 2, 1.0, 0.0),
    "out": lambda x: np.add(x, x, out=np.zeros((2, 3))),
    "dot": lambda x: np.dot(x, x.T),
    "norm": lambda x: np.linalg.norm(x),
    "index": lambda x: np.arange(6).reshape(2, 3)[x > 2],
    "float32": lambda x: np.float32(x[1, 1]),
}


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8"])
@pytest.mark.parametrize("name", [*TENSORS, *ARRAYS])
@pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")  # PyTorch's, of NumPy 2
def test_numpys_functions_take_tensors(name, dtype):
    """The numbers are those of the same call on an array; they come as a tensor where they do so with PyTorch."""

    def results(x) -> tuple:
        y = (TENSORS | ARRAYS)[name](x)
        return y if isinstance(y, tuple) else (y,)

    mine = results(tg.from_numpy(numbers(dtype)))
    for y, expected in zip(mine, results(numbers(dtype)), strict=True):
        assert isinstance(y, tg.Tensor) == (name in TENSORS)
        assert y.dtype == expected.dtype
        np.testing.assert_array_equal(np.asarray(y), expected)
    torch = pytest.importorskip("torch")
    for y, theirs in zip(mine, results(torch.from_numpy(numbers(dtype))), strict=True):
        assert isinstance(y, tg.Tensor) == isinstance(theirs, torch.Tensor)
        assert str(y.dtype) == str(theirs.dtype).removeprefix("torch.")


def test_a_tensor_is_no_place_for_numpys_results():
    x = tg.ones(2)
    with pytest.raises(TypeError, match="return arrays must be"):
        np.add(x, x, out=x)


def test_numpys_comparisons_give_booleans():
    """PyTorch's give uint8: its tensors had no bool when that was written."""
    assert np.greater(tg.tensor([1.0, 3.0]), 2).dtype == bool
    assert isinstance(np.isnan(tg.ones(2)), tg.Tensor)


def test_what_no_tensor_can_hold_stays_an_array():
    assert type(np.multiply(tg.ones(2), 1j)) is np.ndarray


def test_array_says_whether_it_may_copy():
    x = tg.ones(2)
    assert np.shares_memory(np.array(x, copy=False), x.array)
    assert not np.shares_memory(np.array(x), x.array)
    assert not np.shares_memory(np.array(x, copy=True), x.array)
    with pytest.raises(ValueError, match="copy"):
        np.array(x, "f8", copy=False)


# --- asarray and the like: anything ------------------------------------------------------------------------------


class Convertible:
    """What a column of pandas is."""

    def __init__(self, a: np.ndarray) -> None:
        self.kept = a

    def __array__(self, dtype=None, copy=None):
        return np.array(self.kept, dtype, copy=copy)


class Interface:
    """What PIL's images are."""

    def __init__(self, a: np.ndarray) -> None:
        self.__array_interface__ = a.__array_interface__
        self.kept = a


@pytest.mark.parametrize("wrap", [Convertible, Interface])
def test_arrays_of_other_libraries(wrap):
    a = numbers()
    foreign = wrap(a)
    assert same_memory(tg.as_tensor(foreign), a)
    assert same_memory(tg.asarray(foreign), a)
    assert tg.tensor(foreign).tolist() == a.tolist()
    assert tg.tensor([foreign, foreign]).shape == (2, 2, 3)
    with pytest.raises(TypeError, match="float16 is not supported"):
        tg.as_tensor(wrap(a.astype("f2")))


class Sequence:
    """Neither a list nor an array."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, i: int) -> float:
        return [1.0, 2.0, 3.0][i]


@pytest.mark.parametrize("make", [tg.tensor, tg.as_tensor, tg.asarray], ids=lambda f: f.__name__)
def test_sequences(make):
    assert make(Sequence()).tolist() == [1.0, 2.0, 3.0]
    assert make([Sequence(), (4, 5, 6)]).tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert make(range(3)).dtype == np.int64


def test_buffers_are_read_as_numbers_of_the_dtype():
    numbers = array.array("f", [1.0, 2.0])
    x = tg.asarray(numbers)
    x[0] = 5.0
    assert numbers.tolist() == [5.0, 2.0]
    assert tg.asarray(numbers, dtype=np.dtype("i4")).shape == (2,)
    assert tg.asarray(b"ab", dtype=np.dtype("u1")).tolist() == [97, 98]
    assert tg.asarray(memoryview(bytearray(8))).tolist() == [0.0, 0.0]
    with pytest.raises(RuntimeError, match="read-only"):
        tg.asarray(b"abcd").zero_()
    for bad in (b"", b"abc"):
        with pytest.raises(ValueError, match=f"a buffer of {len(bad)} bytes"):
            tg.asarray(bad)


@pytest.mark.parametrize(
    "obj", [None, {}, {1}, object, (n for n in [1]), "a"], ids=["None", "dict", "set", "class", "generator", "str"]
)
def test_what_is_no_data(obj):
    error = TypeError if isinstance(obj, str) else RuntimeError
    for name in ("tensor", "as_tensor", "asarray"):
        with pytest.raises(error, match="Could not infer dtype|expected numbers"):
            getattr(tg, name)(obj)
    torch = pytest.importorskip("torch")
    for name in ("tensor", "as_tensor", "asarray"):
        with pytest.raises(error):
            getattr(torch, name)(obj)


STATES = {"plain": lambda m: m.ones(2), "leaf": lambda m: m.ones(2, requires_grad=True),
          "computed": lambda m: m.ones(2, requires_grad=True) * 2}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("options", [
    {}, {"requires_grad": True}, {"copy": True}, {"copy": False}, {"copy": True, "requires_grad": True},
    {"copy": True, "requires_grad": False}, {"dtype": "float64"}, {"dtype": "int64"},
    {"dtype": "int64", "requires_grad": False}, {"dtype": "float64", "copy": False},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("mode", ["enable_grad", "no_grad"])
@pytest.mark.filterwarnings("ignore:torch.asarray:UserWarning")  # of a default that has changed
def test_asarray_of_tensors_beside_torch(state, options, mode):
    torch = pytest.importorskip("torch")

    def outcome(m):
        x = STATES[state](m)
        given = {**options, "dtype": getattr(m, options["dtype"])} if "dtype" in options else options
        try:
            with getattr(m, mode)():
                y = m.asarray(x, **given)
        except (RuntimeError, ValueError) as error:
            return type(error)
        return y is x, y.requires_grad, y.is_leaf, x.requires_grad, x.data_ptr() == y.data_ptr()

    assert outcome(tg) == outcome(torch)


def test_asarray_leaves_its_argument_alone():
    """PyTorch's takes `requires_grad` from the very tensor it was given."""
    x = tg.ones(2, requires_grad=True)
    y = tg.asarray(x, requires_grad=False)
    assert not y.requires_grad
    assert x.requires_grad
    assert same_memory(y, x.array)


def test_copies_that_are_forbidden():
    for obj, options in (([1.0], {}), (1.0, {}), (numbers(), {"dtype": np.dtype("f8")})):
        with pytest.raises(ValueError, match="copy=False forbids"):
            tg.asarray(obj, copy=False, **options)
    with pytest.raises(RuntimeError, match="scalar has no memory"):
        tg.asarray(np.float32(1), copy=False)


# --- DLPack -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_version", VERSIONS)
def test_capsules(max_version):
    x = tg.from_numpy(numbers())
    y = tg.from_dlpack(x.__dlpack__(max_version=max_version))
    assert same_memory(y, x.array)
    assert y.array.flags.writeable == bool(max_version and max_version[0])  # the older kind does not say
    assert tg.asarray(x.__dlpack__(max_version=max_version)).tolist() == x.tolist()
    assert x.__dlpack_device__() == (dlpack.DLDeviceType.kDLCPU, 0)


def test_a_capsule_is_opened_once():
    for make in (tg.to_dlpack, dlpack.to_dlpack, lambda x: x.__dlpack__(max_version=VERSIONS[-1])):
        one = make(tg.ones(2))
        assert tg.from_dlpack(one).tolist() == [1.0, 1.0]
        with pytest.raises(RuntimeError, match="opened before"):
            tg.from_dlpack(one)


def test_what_is_asked_of_a_capsule():
    x = tg.ones(2)
    if TOLD:
        assert not np.shares_memory(np.from_dlpack(x, copy=True), x.array)
    assert x.__dlpack__(stream=-1, dl_device=(1, 0)) is not None
    with pytest.raises(AssertionError, match="stream should be None"):
        x.__dlpack__(stream=1)
    with pytest.raises(TypeError, match="stream must be int or None, got str"):
        x.__dlpack__(stream="a")
    with pytest.raises(BufferError, match=r"on the CPU, .* not on \(2, 0\)"):
        x.__dlpack__(dl_device=(2, 0))


def test_what_from_dlpack_refuses():
    for nothing_of_the_kind in (1, [1.0], object()):
        with pytest.raises(RuntimeError, match="expected an object with __dlpack__ or a capsule"):
            tg.from_dlpack(nothing_of_the_kind)
    for options in ({"device": "cpu"}, {"copy": True}, {"copy": False}):
        with pytest.raises(AssertionError, match="cannot be chosen for a capsule"):
            tg.from_dlpack(tg.ones(2).__dlpack__(), **options)
    with pytest.raises(AssertionError, match="CPU"):
        tg.from_dlpack(numbers(), device="cuda")
    with pytest.raises(TypeError, match="float16 is not supported"):
        tg.from_dlpack(np.zeros(2, "f2"))
    with pytest.raises(ValueError, match="negative stride"):
        tg.from_dlpack(np.arange(3)[::-1])
    with pytest.raises((ValueError, TypeError), match="a copy is needed|no keyword"):  # NumPy 2.0 cannot ask
        tg.from_dlpack(Refusing(), copy=False)


class Refusing:
    """A tensor that cannot be had without a copy."""

    def __dlpack__(self, *, copy=None, **_):
        if copy is False:
            raise ValueError("a copy is needed")

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


@primitive
def mirrored(x):
    """y[i] = x[-1 - i], as a view."""
    return x[::-1]


def test_a_tensor_that_runs_backwards_is_not_exported():
    """PyTorch ends the process at a negative stride."""
    x = mirrored(tg.arange(3.0))
    with pytest.raises(BufferError, match="negative strides"):
        x.__dlpack__()
    assert np.from_dlpack(x.contiguous()).tolist() == [2.0, 1.0, 0.0]


# --- lifetime, and writes that gradients need to know of -----------------------------------------------------------

SHARED = {
    "from_numpy": lambda a: tg.from_numpy(a),
    "from_dlpack": lambda a: tg.from_dlpack(a),
    "capsule": lambda a: tg.from_dlpack(a.__dlpack__()),
    "numpy": lambda a: tg.from_numpy(a).numpy(),
    "there and back": lambda a: np.from_dlpack(tg.from_dlpack(tg.from_numpy(a))),
    "__array__": lambda a: np.asarray(tg.as_tensor(a)),
    "a row": lambda a: tg.from_numpy(a)[3:],
    "to torch": lambda a: pytest.importorskip("torch").from_dlpack(tg.from_numpy(a)),
    "from torch": lambda a: tg.from_dlpack(pytest.importorskip("torch").from_numpy(a)),
    "by torch's capsule": lambda a: tg.from_dlpack(pytest.importorskip("torch").from_numpy(a).__dlpack__()),
}


@pytest.mark.parametrize("name", SHARED)
def test_memory_lives_as_long_as_anyone_has_it(name):
    a = np.full(6, 5.0)
    gone = weakref.ref(a)
    x = SHARED[name](a)
    del a
    gc.collect()
    assert gone() is not None
    assert x[-1] == 5.0
    del x
    gc.collect()
    assert gone() is None


def test_a_capsule_that_nobody_opens_frees_its_memory():
    for max_version in VERSIONS:
        a = np.zeros(6)
        gone, closed = weakref.ref(a), tg.from_numpy(a).__dlpack__(max_version=max_version)
        del a
        gc.collect()
        assert gone() is not None
        del closed
        gc.collect()
        assert gone() is None


OTHERS = {
    "another tensor of the array": lambda a, x: tg.from_numpy(a),
    "a tensor of a view of the array": lambda a, x: tg.from_numpy(a.reshape(-1)[1:]),
    "the tensor's array": lambda a, x: tg.from_numpy(x.detach().numpy()),
    "from_dlpack of the tensor": lambda a, x: tg.from_dlpack(x.detach()),
    "from_dlpack of the array": lambda a, x: tg.from_dlpack(a),
    "as_tensor of the array": lambda a, x: tg.as_tensor(a[1]),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_write_to_shared_memory_spoils_no_gradient(name):
    a = numbers("f8")
    x = tg.from_numpy(a).requires_grad_()
    y = (x * x).sum()
    OTHERS[name](a, x).add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_training_on_shared_memory_changes_the_array():
    a = np.ones(3)
    w = tg.from_numpy(a).requires_grad_()
    optimizer = tg.optim.SGD([w], lr=0.5)
    (w * w).sum().backward()
    optimizer.step()
    assert a.tolist() == [0.0, 0.0, 0.0]


# --- PyTorch ------------------------------------------------------------------------------------------------------


@given(views())
def test_torch_both_ways(a):
    torch = pytest.importorskip("torch")
    x = tg.from_numpy(a)
    theirs = torch.from_dlpack(x)
    assert tuple(theirs.shape) == x.shape
    assert str(theirs.dtype) == f"torch.{x.dtype}"
    if a.size:
        assert theirs.data_ptr() == x.data_ptr()
    np.testing.assert_array_equal(theirs.numpy(), a)
    for mine in (tg.from_dlpack(theirs), tg.as_tensor(theirs), tg.asarray(theirs)):
        assert (mine.shape, mine.dtype) == (x.shape, x.dtype)
        assert not a.size or (mine.data_ptr(), mine.stride()) == (theirs.data_ptr(), theirs.stride())
        np.testing.assert_array_equal(mine.array, a)
    np.testing.assert_array_equal(tg.tensor(theirs).array, a)


@pytest.mark.skipif(not TOLD, reason="this NumPy makes memory of other libraries read-only")
def test_writes_are_seen_in_torch_and_from_torch():
    torch = pytest.importorskip("torch")
    x = tg.zeros(3)
    theirs = torch.from_dlpack(x)
    theirs[0] = 1.0
    x[1] = 2.0
    back = tg.from_dlpack(theirs)
    back[2] = 3.0
    assert x.tolist() == theirs.tolist() == back.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("options", [{}, {"max_version": (1, 0)}], ids=str)
def test_capsules_of_torch(options):
    torch = pytest.importorskip("torch")
    theirs = torch.arange(3.0)
    assert tg.from_dlpack(theirs.__dlpack__(**options)).data_ptr() == theirs.data_ptr()
    x = tg.arange(3.0)
    one = x.__dlpack__(**options)
    assert torch.from_dlpack(one).data_ptr() == x.data_ptr()
    with pytest.raises(RuntimeError, match="once"):
        tg.from_dlpack(one)


def test_memory_outlives_its_library():
    torch = pytest.importorskip("torch")
    x = tg.from_dlpack(torch.arange(1000.0))
    gc.collect()
    assert x.sum().item() == 499500.0
    theirs = torch.from_dlpack(tg.arange(1000.0))
    gc.collect()
    assert theirs.sum().item() == 499500.0


def test_what_of_torch_is_refused():
    torch = pytest.importorskip("torch")
    with pytest.raises(BufferError, match="require gradient"):
        tg.from_dlpack(torch.ones(2, requires_grad=True))
    with pytest.raises(BufferError, match="require gradient"):
        tg.tensor(torch.ones(2, requires_grad=True))
    with pytest.raises(RuntimeError, match="Tensors are of float32"):
        tg.from_dlpack(torch.ones(2, dtype=torch.bfloat16))
    for dtype in (torch.float16, torch.complex64):
        with pytest.raises(TypeError, match="is not supported; tensors are of"):
            tg.from_dlpack(torch.ones(2, dtype=dtype))
    with pytest.raises(BufferError, match="require gradient"):
        torch.from_dlpack(tg.ones(2, requires_grad=True))


def test_lists_of_torchs_tensors():
    torch = pytest.importorskip("torch")
    assert tg.tensor([torch.tensor(1.5), 2]).tolist() == [1.5, 2.0]
    assert tg.tensor([torch.ones(2), torch.zeros(2)]).shape == (2, 2)


def test_numbers_of_devices_are_torchs():
    utils = pytest.importorskip("torch.utils.dlpack")
    theirs = {kind.name: kind.value for kind in utils.DLDeviceType}
    mine = {kind.name: kind.value for kind in dlpack.DLDeviceType}
    assert theirs.items() <= mine.items()


# --- JAX ----------------------------------------------------------------------------------------------------------


def aligned(shape: tuple[int, ...]) -> np.ndarray:
    """Ones where JAX takes memory as it is: at a multiple of 64 bytes."""
    size = 4 * int(np.prod(shape))
    raw = np.zeros(size + 64, "u1")
    start = -raw.ctypes.data % 64
    ones = raw[start : start + size].view("f4").reshape(shape)
    ones[...] = 1
    return ones


def test_jax_reads_our_memory():
    jnp = pytest.importorskip("jax.numpy")
    x = tg.from_numpy(aligned((4, 8)))
    theirs = jnp.from_dlpack(x)
    assert theirs.unsafe_buffer_pointer() == x.data_ptr()
    assert theirs.sum() == 32.0
    for dtype in ("f4", "i4", "u1", "i1", "i2", "?"):
        y = tg.from_numpy(numbers(dtype))
        assert jnp.from_dlpack(y).dtype == dtype
        assert jnp.from_dlpack(y.t()).tolist() == y.t().tolist()
    with pytest.raises(BufferError, match="require gradient"):
        jnp.from_dlpack(tg.ones(2, requires_grad=True))


def test_we_read_jaxs_memory():
    jnp = pytest.importorskip("jax.numpy")
    theirs = jnp.arange(6.0).reshape(2, 3)
    for share in (tg.from_dlpack, tg.as_tensor, tg.asarray):
        x = share(theirs)
        assert x.data_ptr() == theirs.unsafe_buffer_pointer()
        with pytest.raises(RuntimeError, match="read-only"):
            x.zero_()  # JAX's arrays never change
    assert tg.from_dlpack(theirs, copy=True).zero_().sum() == 0.0
    assert tg.tensor(theirs).zero_().sum() == 0.0
    assert theirs.sum() == 15.0
    assert tg.tensor([jnp.array(1.0), 2]).tolist() == [1.0, 2.0]
    assert tg.from_dlpack(jnp.zeros((0, 3))).shape == (0, 3)
    assert tg.from_dlpack(jnp.array(2.0)).item() == 2.0
    with pytest.raises(RuntimeError, match="Tensors are of float32"):
        tg.from_dlpack(jnp.ones(2, jnp.bfloat16))
