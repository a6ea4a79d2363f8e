"""Generated samples of what networks are made of: products, normalization, losses, recurrent layers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product

import numpy as np

from tests.ops.samples_ctc import over_all_paths
from tests.ops.samples_loss import by_channel, cross_entropy, normalized
from tests.ops.samples_minimal import naive, one_step
from tests.ops.samples_minimal import packed as minimal_packed
from tests.ops.samples_recurrent import GATES, packed, present, reference
from tests.ops.sampling import Sample
from tinygrad_rnn.autograd.op import registry

from .drawing import Draw, family
from .elementwise import long

# --- products -------------------------------------------------------------------------------------------------------


def by_letters(*xs: np.ndarray, equation: str) -> np.ndarray:
    """The sum over all values of all letters, one by one."""
    given, result = equation.split("->")
    terms = given.split(",")
    sizes = {letter: n for term, x in zip(terms, xs, strict=True) for letter, n in zip(term, x.shape, strict=True)}
    y = np.zeros([sizes[letter] for letter in result])
    for values in product(*map(range, sizes.values())):
        at = dict(zip(sizes, values, strict=True))
        number = 1.0
        for term, x in zip(terms, xs, strict=True):
            number *= x[tuple([at[letter] for letter in term])]
        y[tuple([at[letter] for letter in result])] += number
    return y


def summed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b by elementwise products; vectors are rows or columns that vanish again."""
    rows, columns = a[None] if a.ndim == 1 else a, b[:, None] if b.ndim == 1 else b
    y = (rows[..., :, :, None] * columns[..., None, :, :]).sum(-2)
    y = y[..., 0] if b.ndim == 1 else y
    return y if a.ndim > 1 else y[..., 0] if b.ndim == 1 else y[..., 0, :]


@family("matmul")
def products(d: Draw, name: str) -> Sample:
    n, k, m = [0 if d.number(0, 9) == 9 else d.number(1, 3) for _ in range(3)]
    a, b = (*d.broadcasting(2)[0], n, k), (k, m)
    kind = d.number(0, 4)
    if kind == 0:
        a = (k,)
    elif kind == 1:
        b = (k,)
    elif kind == 2:
        a, b = [(*lead, *last) for lead, last in zip(d.broadcasting(2), ((n, k), (k, m)), strict=True)]
    elif kind == 3:
        a, b = (k,), (k,)
    return Sample(name, (d.uniform(a), d.uniform(b)), {}, summed)


@family("linear")
def affine(d: Draw, name: str) -> Sample:
    width = d.number(1, 3)
    weight = d.uniform((width,) if (alone := d.seldom()) else (d.number(1, 4), width))
    bias = d.uniform(weight.shape[:-1]) if d.flag() and not alone else None
    reference = lambda x, w, b: (x[..., None, :] * w if w.ndim > 1 else x * w).sum(-1) + (0 if b is None else b)
    return Sample(name, (d.uniform((*d.shape(0, 2), width)), weight, bias), {}, reference)


@family("contract")
def contractions(d: Draw, name: str) -> Sample:
    sizes = {letter: d.number(1, 3) for letter in "ijkl"}
    terms = ["".join(sorted(sizes)[i] for i in d.some_of(4, least=0)[:3]) for _ in range(d.number(1, 3))]
    used = sorted(set("".join(terms)))
    equation = f"{','.join(terms)}->{''.join(used[i] for i in d.some_of(len(used), least=0))}"
    xs = tuple([d.uniform(tuple([sizes[letter] for letter in term])) for term in terms])
    return Sample(name, xs, {"equation": equation}, by_letters)


# --- square matrices ------------------------------------------------------------------------------------------------


def leibniz(x: np.ndarray) -> np.ndarray:
    """The sum over all permutations, of their sign times the product of one entry a row."""
    y = np.zeros(x.shape[:-2])
    for order in permutations(range(x.shape[-1])):
        sign = (-1) ** sum(a > b for i, a in enumerate(order) for b in order[i:])
        term = np.full(x.shape[:-2], float(sign))
        for row, column in enumerate(order):
            term = term * x[..., row, column]
        y += term
    return y


def by_minors(x: np.ndarray) -> np.ndarray:
    y = np.empty(x.shape)
    for i, j in np.ndindex(x.shape[-2:]):
        y[..., i, j] = (-1) ** (i + j) * leibniz(np.delete(np.delete(x, i, -2), j, -1))
    return y


def cramer(x: np.ndarray) -> np.ndarray:
    """The inverse: the minors, turned, over the determinant."""
    return np.swapaxes(by_minors(x), -1, -2) / leibniz(x)[..., None, None]


MATRICES: dict[str, Callable] = {"inverse": cramer, "det": leibniz, "cofactors": by_minors}


@family("inverse det cofactors solution")
def matrices(d: Draw, name: str) -> Sample:
    """Far from singular; the cofactors also of singular ones, but no second derivative there."""
    n = d.number(1, 3)
    one, other = d.broadcasting(2)
    x = d.uniform((*one, n, n), -0.5, 0.5) + 2 * np.eye(n)
    if name == "solution":
        return Sample(name, (x, d.uniform((*other, n, d.number(1, 3)))), {}, lambda a, b: summed(cramer(a), b))
    if name == "cofactors" and d.flag() and n > 1:
        x[..., 0] = x[..., 1]
        return Sample(name, x, {}, by_minors, order=0)
    return Sample(name, x, {}, MATRICES[name], order=1 if name == "cofactors" else 2)


# --- lookup, dropout, normalization ---------------------------------------------------------------------------------


@family("embedding")
def lookup(d: Draw, name: str) -> Sample:
    table, names = d.uniform((d.number(3, 5), d.number(0, 3))), d.integers(d.shape(), 3)
    rows = lambda names, table: np.array([table[i] for i in names.ravel()]).reshape(*names.shape, table.shape[1])
    return Sample(name, (names, table), {}, rows)


@family("dropout")
def dropout(d: Draw, name: str) -> Sample:
    """What is kept is known by the same key alone; that it is as often as promised other tests say."""
    x, attrs = d.uniform(d.shape()), {"key": d.number(0, 2**60), "p": d.one_of(0.2, 0.5, 0.9)}
    mask = registry[name](np.ones(x.shape), **attrs)
    assert np.isin(mask, [0, 1 / (1 - attrs["p"])]).all()
    return Sample(name, x, attrs, lambda x, **_: x * mask)


@family("batch_norm layer_norm")
def normalization(d: Draw, name: str) -> Sample:
    """Of numbers that are not all equal: there the slope is as steep as eps allows."""
    if name == "batch_norm":
        shape, attrs = (d.number(2, 4), d.number(1, 3), *d.shape(0, 2, least=1)), {"eps": d.one_of(0.1, 1.0)}
        sides = shape[1:2]
    else:
        shape = (*d.shape(0, 2), d.number(2, 4), d.number(2, 4))
        attrs = {"dims": d.number(1, 2), "eps": d.one_of(0.1, 1.0)}
        sides = shape[len(shape) - attrs["dims"] :]
    (x,) = d.distinct(shape)
    affine = [d.uniform(sides) if d.flag() else None for _ in range(2)]
    return Sample(name, (3 * x, *affine), attrs, by_channel if name == "batch_norm" else normalized)


# --- losses ---------------------------------------------------------------------------------------------------------


@family("cross_entropy")
def classes(d: Draw, name: str) -> Sample:
    count = d.number(1, 4)
    shape = d.one_of((count,), (d.number(1, 3), count), (d.number(1, 2), count, *d.shape(1, 2, least=1)))
    target = d.integers((*shape[: min(len(shape) - 1, 1)], *shape[2:]), count)
    weight = d.uniform((count,), 0.5, 2) if d.flag() else None
    reduction = d.one_of("mean", "sum", "none")
    ignored = 0 if d.flag() and (reduction != "mean" or target.any()) else -100
    attrs = {"ignore_index": ignored, "reduction": reduction, "label_smoothing": d.one_of(0.0, 0.3)}
    if d.seldom() and not attrs["label_smoothing"]:
        x = d.random.choice([-1e4, -50, 0, 50, 1e4], shape)
        return Sample(name, (x, target, weight), attrs, in_long_double, order=0, label="special")
    return Sample(name, (d.uniform(shape, -4, 4), target, weight), attrs, cross_entropy)


def in_long_double(x, target, weight, **attrs):
    """Where e**x overflows a float64."""
    return cross_entropy(x.astype(np.longdouble), target, weight, **attrs)


@family("binary_cross_entropy")
def chances(d: Draw, name: str) -> Sample:
    shapes = d.broadcasting(2)
    return Sample(name, tuple([d.uniform(shape, 0.3, 0.7) for shape in shapes]), {}, surprise)


def surprise(p, target):
    return -target * np.log(p) - (1 - target) * np.log(1 - p)


def reducible(loss: Callable) -> Callable:
    """The loss reduced as asked."""

    def reference(*xs, reduction, **attrs):
        y = long(loss)(*xs, **attrs)
        return y if reduction == "none" else np.asarray(y.sum() if reduction == "sum" else y.mean())

    return reference


def huber(x, target, delta):
    distance = np.abs(x - target)
    return np.where(distance < delta, distance**2 / 2, delta * (distance - delta / 2))


LOSSES = {  # functions made of operations: the reference, the options
    "mse_loss": (lambda x, t: (x - t) ** 2, {}), "l1_loss": (lambda x, t: np.abs(x - t), {}),
    "huber_loss": (huber, {"delta": 0.5}),
    "smooth_l1_loss": (lambda x, t, beta: huber(x, t, beta) / beta, {"beta": 0.5}),
    "binary_cross_entropy_with_logits": (lambda x, t: np.logaddexp(0, x) - t * x, {}),
    "soft_margin_loss": (lambda x, t: np.logaddexp(0, -t * x), {}),
    "kl_div": (lambda x, t, log_target: np.exp(t) * (t - x), {"log_target": True}),
    "poisson_nll_loss": (lambda x, t: np.exp(x) - t * x, {}),
}  # fmt: skip


@family(" ".join(LOSSES))
def losses(d: Draw, name: str) -> Sample:
    """With every reduction; x and target as far apart as 0.2 or more, and from 0.5 the Huber's kink."""
    loss, attrs = LOSSES[name]
    shape = d.shape(least=1)
    target = d.uniform(shape)
    x = target + d.uniform(shape, 0.2, 2, (0.5,)) * d.one_of(1, -1)
    return Sample(name, (x, target), attrs | {"reduction": d.one_of("mean", "sum", "none")}, reducible(loss))


@family("ctc_loss")
def transcription(d: Draw, name: str) -> Sample:
    T, N, C = d.number(1, 3), d.number(1, 2), 3
    blank, width = d.number(0, C - 1), d.number(0, 2)
    labels = (blank + 1 + d.integers((N, width), 2)) % C
    steps = d.integers((N,), T + 1, 1)
    spoken = np.array([d.number(0, width) for _ in range(N)])
    said = [labels[n, : spoken[n]] for n in range(N)]
    shortest = [len(names) + np.sum(names[1:] == names[:-1]) for names in said]  # a blank between equals
    attrs = {"blank": blank, "zero_infinity": bool((steps < shortest).any())}
    return Sample(name, (d.uniform((T, N, C)), labels, steps, spoken), attrs, over_all_paths)


# --- recurrent layers -----------------------------------------------------------------------------------------------


@family("rnn_step gru_step lstm_step rnn_sequence gru_sequence lstm_sequence")
def recurrent(d: Draw, name: str) -> Sample:
    kind, form = name.split("_")
    T, N, I, H = d.number(1, 3), d.number(1, 2), d.number(1, 3), d.number(1, 3)
    draw = lambda *shape: d.uniform(shape, -0.9, 0.9)
    rows, out = GATES[kind] * H, H
    if kind == "lstm" and H > 1 and d.flag():
        out = H - 1
    states = (draw(N, out), draw(N, H)) if kind == "lstm" else (draw(N, H),)
    biases = (draw(rows), draw(rows)) if d.flag() else (None, None)
    projection = (draw(out, H) if out < H else None,) if kind == "lstm" else ()
    weights = (draw(rows, I), draw(rows, out), *biases, *projection)
    attrs = {"nonlinearity": "tanh"} if kind == "rnn" else {}
    if form == "step":
        return Sample(name, (draw(N, I), *states, *weights), attrs, reference(kind, False))
    attrs["reverse"] = d.flag()
    x, lengths = draw(T, N, I), d.number(0, 2)
    if lengths:
        attrs["lengths"] = np.array([T, d.number(1, T)][:N])
    if lengths == 2:
        x = x[present(x, attrs["lengths"])]
    return Sample(name, (x, *states, *weights), attrs, packed(kind) if lengths == 2 else reference(kind, True))


@family("minimal_step minimal_sequence")
def minimal(d: Draw, name: str) -> Sample:
    T, N, I, H = d.number(1, 3), d.number(1, 2), d.number(1, 3), d.number(1, 3)
    draw = lambda *shape: d.uniform(shape, -0.9, 0.9)
    attrs: dict = {"shared_out": d.flag()}
    rows = (3 if attrs["shared_out"] else 2) * H
    others = draw(N, H), draw(rows, I), draw(rows) if d.flag() else None
    if name == "minimal_step":
        return Sample(name, (draw(N, I), *others), attrs, one_step)
    attrs["reverse"] = d.flag()
    x, lengths = draw(T, N, I), d.number(0, 2)
    if lengths:
        attrs["lengths"] = np.array([T, d.number(1, T)][:N])
    if lengths == 2:
        x = x[present(x, attrs["lengths"])]
    return Sample(name, (x, *others), attrs, minimal_packed if lengths == 2 else naive)
