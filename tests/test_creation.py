"""Making tensors: shapes, dtypes, memory and errors, beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg

F32, F64, I64, BOOL = np.dtype("f4"), np.dtype("f8"), np.dtype("i8"), np.dtype("?")

# --- from data --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1, I64), (1.5, F32), (True, BOOL), ([1, 2], I64), ([1, 2.5], F32), ([True, 2], I64), ([True, 2.5], F32),
        ([], F32), ([[], []], F32), (range(3), I64), ((1.0, 2.0), F32), (np.float64(1), F64), ([np.float64(1)], F64),
        ([np.float32(1)], F32), (np.int32(1), np.dtype("i4")), (np.zeros(2), F64), (np.zeros(2, "u1"), np.dtype("u1")),
        ([np.zeros(2), np.zeros(2)], F64), ([np.float32(1), 1.0, 2], F32), ([np.int8(1), 2], I64),
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Creating a tensor from a list of numpy:UserWarning")  # torch's
def test_dtypes_are_those_of_the_data(data, dtype):
    x = tg.tensor(data)
    assert x.dtype == dtype
    np.testing.assert_array_equal(x.array, np.array(data))
    torch = pytest.importorskip("torch")
    assert str(torch.tensor(data).dtype) == f"torch.{dtype}"


def test_lists_of_tensors_are_numbers():
    a, b = tg.tensor(1.5, requires_grad=True), tg.tensor([2.0], dtype=F64)
    x = tg.tensor([[a, b], [3, True]])
    assert x.dtype == F64
    assert x.tolist() == [[1.5, 2.0], [3.0, 1.0]]
    assert not x.requires_grad
    assert tg.tensor([tg.tensor(1), 2.5]).dtype == F32


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ([[1], [1, 2]], ValueError, r"expected sequence of length 1 at dim 1 \(got 2\)"),
        ([[[1, 2]], [[1]]], ValueError, r"expected sequence of length 2 at dim 2 \(got 1\)"),
        ([[1, 2], np.ones(3)], ValueError, r"expected sequence of length 2 at dim 1 \(got 3\)"),
        ("a", TypeError, "got str: 'a'"),
        ([1, "a"], TypeError, "got str"),
        (["a"], ValueError, "too many dimensions 'str'"),
        (None, RuntimeError, "Could not infer dtype of NoneType"),
        ([None], RuntimeError, "Could not infer dtype of NoneType"),
        ({1}, RuntimeError, "Could not infer dtype of set"),
        (2**63, ValueError, "without overflow"),
        ([2**70], ValueError, "without overflow"),
    ],
)
def test_what_is_no_tensor_is_refused(data, error, words):
    with pytest.raises(error, match=words):
        tg.tensor(data)
    torch = pytest.importorskip("torch")
    with pytest.raises(error):
        torch.tensor(data)


@pytest.mark.parametrize(
    "data", [[1, [2]], [[2], 1], [np.ones(2), 1.0], [1.0, np.ones(2)], [np.ones(2), np.ones((2, 2))]], ids=repr
)
@pytest.mark.filterwarnings("ignore:Creating a tensor from a list of numpy:UserWarning")  # torch's
def test_numbers_beside_sequences_are_refused(data):
    with pytest.raises(TypeError, match="the entries at dim [12] are numbers and sequences"):
        tg.tensor(data)
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError):
        torch.tensor(data)


@pytest.mark.parametrize("dtype", ["f2", "c8", "U3", "O", "u8", "M8[s]"])
def test_unsupported_dtypes_are_refused_in_words(dtype):
    array = np.zeros(2, dtype)
    for make in (tg.tensor, tg.from_numpy, tg.as_tensor, lambda a: tg.zeros(2, dtype=a.dtype)):
        with pytest.raises(TypeError, match="is not supported; tensors are of float32, float64"):
            make(array)


def test_complex_numbers_are_refused():
    with pytest.raises(RuntimeError, match="Could not infer dtype of complex"):
        tg.tensor([1j])


def test_dtype_on_demand():
    assert tg.tensor([1.7, -1.7], dtype=I64).tolist() == [1, -1]
    assert tg.tensor([1, 2], dtype=float).dtype == F64
    assert tg.tensor(np.zeros(2), dtype="float32").dtype == F32
    assert tg.tensor([0, 2], dtype=bool).tolist() == [False, True]
    with pytest.raises(RuntimeError, match="uint8 without overflow"):
        tg.tensor([300], dtype=np.uint8)


def test_tensor_copies_and_others_share():
    array = np.zeros(3, "f4")
    copied, shared, viewed = tg.tensor(array), tg.from_numpy(array), tg.as_tensor(array)
    array[0] = 1.0
    assert copied.tolist() == [0.0, 0.0, 0.0]
    assert shared.tolist() == viewed.tolist() == [1.0, 0.0, 0.0]
    shared[1] = 2.0
    assert array.tolist() == [1.0, 2.0, 0.0]
    x = tg.tensor([1.0], requires_grad=True)
    assert tg.as_tensor(x) is x
    assert tg.as_tensor(x, dtype=F64).requires_grad
    assert not tg.tensor(x).requires_grad
    with pytest.raises(TypeError, match="expected np"):
        tg.from_numpy([1.0])


def test_tensor_of_any_layout_is_contiguous():
    assert tg.tensor(np.zeros((2, 3)).T).is_contiguous()


def test_asarray_says_whether_it_may_copy():
    array = np.zeros(2, "f4")
    assert np.shares_memory(tg.asarray(array).array, array)
    assert not np.shares_memory(tg.asarray(array, copy=True).array, array)
    assert tg.asarray([1.0], requires_grad=True).requires_grad
    with pytest.raises(ValueError, match="copy=False"):
        tg.asarray(array, dtype=F64, copy=False)
    x = tg.ones(2, requires_grad=True)
    assert tg.asarray(x, copy=True).grad_fn is not None


def test_only_floats_require_grad():
    assert tg.tensor([1.0], requires_grad=True).requires_grad
    for make in (lambda: tg.tensor([1], requires_grad=True), lambda: tg.arange(3, requires_grad=True),
                 lambda: tg.zeros(2, dtype=bool, requires_grad=True)):  # fmt: skip
        with pytest.raises(RuntimeError, match="floating point"):
            make()


def test_only_the_cpu():
    assert tg.zeros(2, device="cpu").shape == tg.tensor([1, 2], device=tg.device("cpu")).shape
    for make in (lambda: tg.zeros(2, device="cuda"), lambda: tg.tensor(1, device="cuda:0"),
                 lambda: tg.randn(2, device="mps"), lambda: tg.arange(2, device="cuda")):  # fmt: skip
        with pytest.raises((AssertionError, RuntimeError), match="CPU"):
            make()


# --- filled and sequences -----------------------------------------------------------------------------------------

CALLS = {
    "zeros": lambda m: m.zeros(2, 3),
    "zeros tuple": lambda m: m.zeros((2, 3)),
    "zeros list": lambda m: m.zeros([2, 3]),
    "zeros size": lambda m: m.zeros(size=(2,)),
    "zeros number": lambda m: m.zeros(()),
    "zeros nothing": lambda m: m.zeros(0, 3),
    "zeros negative": lambda m: m.zeros(-1),
    "zeros float": lambda m: m.zeros(2.5),
    "ones int": lambda m: m.ones(2, dtype=m.int64),
    "ones python": lambda m: m.ones(2, dtype=float),
    "full int": lambda m: m.full((2,), 1),
    "full float": lambda m: m.full((2, 1), 1.5),
    "full bool": lambda m: m.full((2,), True),
    "full dtype": lambda m: m.full((2,), 1, dtype=m.float64),
    "full tensor": lambda m: m.full((2,), m.tensor(2.5)),
    "zeros_like": lambda m: m.zeros_like(m.tensor([[1, 2]])),
    "ones_like": lambda m: m.ones_like(m.tensor([1.5]), dtype=m.int64),
    "ones_like list": lambda m: m.ones_like([1.5]),
    "full_like": lambda m: m.full_like(m.tensor([1, 2]), 7),
    "eye": lambda m: m.eye(3),
    "eye wide": lambda m: m.eye(2, 3, dtype=m.float64),
    "eye negative": lambda m: m.eye(2, -1),
    "arange": lambda m: m.arange(5),
    "arange float": lambda m: m.arange(3.0),
    "arange step": lambda m: m.arange(0, 1, 0.25),
    "arange down": lambda m: m.arange(5, 0, -2),
    "arange dtype": lambda m: m.arange(3, dtype=m.float32),
    "arange tensor": lambda m: m.arange(m.tensor(3)),
    "arange nothing": lambda m: m.arange(2, 2),
    "arange zero": lambda m: m.arange(0, 3, 0),
    "arange away": lambda m: m.arange(3, 0),
    "linspace": lambda m: m.linspace(0, 1, 5),
    "linspace one": lambda m: m.linspace(2, 5, 1),
    "linspace none": lambda m: m.linspace(2, 5, 0),
    "linspace negative": lambda m: m.linspace(0, 1, -1),
    "linspace int": lambda m: m.linspace(0, 10, 5, dtype=m.int64),
    "linspace keyword": lambda m: m.linspace(start=-1, end=1, steps=3),
    "logspace": lambda m: m.logspace(0, 2, 3),
    "logspace base": lambda m: m.logspace(0, 3, 4, base=2),
    "randint range": lambda m: m.randint(5, 2, (2,)),
    "normal negative": lambda m: m.normal(0.0, -1.0, (2,)),
    "randperm negative": lambda m: m.randperm(-1),
    "multinomial zeros": lambda m: m.multinomial(m.zeros(2), 1),
    "multinomial negative": lambda m: m.multinomial(m.tensor([1.0, -1.0]), 1),
    "multinomial nan": lambda m: m.multinomial(m.tensor([1.0, float("nan")]), 1),
    "multinomial too many": lambda m: m.multinomial(m.ones(2), 3),
    "multinomial none": lambda m: m.multinomial(m.ones(2), 0),
    "multinomial int": lambda m: m.multinomial(m.tensor([1, 1]), 1),
    "multinomial 3d": lambda m: m.multinomial(m.ones(2, 2, 2), 1),
    "multinomial sure": lambda m: m.multinomial(m.tensor([[0.0, 1.0], [2.0, 0.0]]), 3, replacement=True),
    "bernoulli sure": lambda m: m.bernoulli(m.tensor([1.0, 0.0])),
    "bernoulli p": lambda m: m.bernoulli(m.tensor([5.0, 5.0]), 1.0),
    "bernoulli range": lambda m: m.bernoulli(m.tensor([2.0])),
    "normal sure": lambda m: m.normal(m.tensor([1.0, 2.0]), 0.0),
}


@pytest.mark.parametrize("label", CALLS)
def test_calls_beside_torch(label):
    torch = pytest.importorskip("torch")
    try:
        theirs = CALLS[label](torch)
    except (RuntimeError, TypeError, ValueError) as error:
        with pytest.raises(type(error)):
            CALLS[label](tg)
        return
    mine = CALLS[label](tg)
    assert f"torch.{mine.dtype}" == str(theirs.dtype)
    assert mine.shape == tuple(theirs.shape)
    np.testing.assert_allclose(mine.array, theirs.numpy(), rtol=1e-6)


def test_empty_has_shape_and_dtype():
    x = tg.empty(2, 3, dtype=I64)
    assert (x.shape, x.dtype) == ((2, 3), I64)
    assert tg.empty_like(x).dtype == I64


def test_the_default_dtype_is_followed():
    tg.set_default_dtype(F64)
    try:
        made = [tg.zeros(1), tg.tensor(1.5), tg.rand(1), tg.randn(1), tg.full((1,), 0.5), tg.linspace(0, 1, 2)]
        assert {x.dtype for x in made} == {F64}
    finally:
        tg.set_default_dtype(F32)


# --- random -------------------------------------------------------------------------------------------------------


def seeded() -> tg.Generator:
    return tg.Generator().manual_seed(0)


@pytest.mark.parametrize(
    ("make", "shape", "dtype"),
    [
        (lambda g: tg.rand(2, 3, generator=g), (2, 3), F32),
        (lambda g: tg.rand((2, 3), generator=g, dtype=F64), (2, 3), F64),
        (lambda g: tg.randn(2, generator=g), (2,), F32),
        (lambda g: tg.randn(size=(2, 1), generator=g), (2, 1), F32),
        (lambda g: tg.randn((), generator=g), (), F32),
        (lambda g: tg.randint(5, (2, 3), generator=g), (2, 3), I64),
        (lambda g: tg.randint(3, 5, (2,), generator=g, dtype=F32), (2,), F32),
        (lambda g: tg.randint(low=3, high=5, size=(2,), generator=g), (2,), I64),
        (lambda g: tg.randint(3, high=5, size=(2,), generator=g), (2,), I64),
        (lambda g: tg.randint(high=5, size=(2,), generator=g), (2,), I64),
        (lambda g: tg.randperm(4, generator=g), (4,), I64),
        (lambda g: tg.rand_like(tg.zeros(2, dtype=F64), generator=g), (2,), F64),
        (lambda g: tg.randn_like(tg.zeros(2, 2), generator=g), (2, 2), F32),
        (lambda g: tg.randint_like(tg.zeros(2), 5, generator=g), (2,), F32),
        (lambda g: tg.randint_like(tg.zeros(2, dtype=I64), 3, 5, generator=g), (2,), I64),
        (lambda g: tg.normal(0.0, 1.0, (2, 2), generator=g), (2, 2), F32),
        (lambda g: tg.normal(tg.zeros(3), tg.ones(2, 1), generator=g), (2, 3), F32),
        (lambda g: tg.bernoulli(tg.full((2, 3), 0.5), generator=g), (2, 3), F32),
        (lambda g: tg.multinomial(tg.ones(2, 5), 3, generator=g), (2, 3), I64),
        (lambda g: tg.multinomial(tg.ones(5), 7, True, generator=g), (7,), I64),
    ],
)
def test_random_tensors_follow_their_generator(make, shape, dtype):
    x, again = make(seeded()), make(seeded())
    assert (x.shape, x.dtype) == (shape, dtype)
    np.testing.assert_array_equal(x.array, again.array)
    one = seeded()
    streams = [make(one).array.tobytes() for _ in range(8)]
    assert len(set(streams)) > 1


def test_moments():
    g = seeded()
    n = 100_000
    uniform, normal = tg.rand(n, generator=g).array, tg.randn(n, generator=g).array
    assert 0 <= uniform.min() < 1e-3
    assert 1 - 1e-3 < uniform.max() < 1
    np.testing.assert_allclose(uniform.mean(), 0.5, atol=0.006)  # 6 standard deviations, as below
    np.testing.assert_allclose([normal.mean(), normal.std()], [0, 1], atol=0.02)
    moved = tg.normal(5.0, 2.0, (n,), generator=g).array
    np.testing.assert_allclose([moved.mean(), moved.std()], [5, 2], atol=0.04)
    counts = np.bincount(tg.randint(2, 6, (n,), generator=g).array)
    np.testing.assert_allclose(counts, [0, 0, n / 4, n / 4, n / 4, n / 4], atol=6 * np.sqrt(n * 3 / 16))
    assert sorted(tg.randperm(1000, generator=g).tolist()) == list(range(1000))
    kept = tg.bernoulli(tg.full((n,), 0.3), generator=g).array.mean()
    np.testing.assert_allclose(kept, 0.3, atol=0.01)


@pytest.mark.parametrize("replacement", [False, True])
def test_multinomial_draws_in_proportion(replacement):
    weights = tg.tensor([0.0, 1.0, 2.0, 5.0])
    rows = weights.expand(20_000, 4)
    drawn = tg.multinomial(rows, 2, replacement, generator=seeded()).array
    p = weights.array / 8
    np.testing.assert_allclose(np.bincount(drawn[:, 0], minlength=4) / 20_000, p, atol=0.02)
    if replacement:
        second = p
    else:
        assert (drawn[:, 0] != drawn[:, 1]).all()
        second = p * np.array([sum(p[j] / (1 - p[j]) for j in range(4) if j != i) for i in range(4)])
    np.testing.assert_allclose(np.bincount(drawn[:, 1], minlength=4) / 20_000, second, atol=0.02)


def test_multinomial_never_draws_what_has_no_weight():
    with pytest.raises(RuntimeError, match="from 1 indices"):
        tg.multinomial(tg.tensor([1.0, 0.0]), 2)
    drawn = tg.multinomial(tg.tensor([0.0, 1e-30, 0.0]), 1000, True)
    assert (drawn.array == 1).all()


def test_random_integers_are_no_random_reals():
    with pytest.raises(RuntimeError, match="float32 or float64, not int64"):
        tg.rand(2, dtype=I64)
    with pytest.raises(TypeError, match="size"):
        tg.normal(0.0, 1.0)
    with pytest.raises(TypeError, match="randint"):
        tg.randint(5)
