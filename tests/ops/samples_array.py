"""Samples of the operations that move elements: shapes, rearranging, indexing, order."""

from __future__ import annotations

import numpy as np

from .sampling import Sample, distinct, integers, mask, normal

random = np.random.default_rng(7)
ALL = slice(None)


def shapes() -> list[Sample]:
    x = normal(random, 2, 3, 4)
    return [
        Sample("reshape", x, {"shape": (4, -1)}, "torch.reshape"),
        Sample("reshape", normal(random, 1), {"shape": ()}, "torch.reshape", label="number"),
        Sample("squeeze", normal(random, 1, 3, 1), {}, "torch.squeeze"),
        Sample("squeeze", normal(random, 1, 3, 1), {"dim": (0, 1)}, "torch.squeeze", label="dims"),
        Sample("unsqueeze", x, {"dim": -2}, "torch.unsqueeze"),
        Sample("transpose", x, {"dim0": 0, "dim1": -1}, "torch.transpose"),
        Sample("permute", x, {"dims": (2, 0, -2)}, "torch.permute"),
        Sample("expand", normal(random, 3, 1), {"sizes": (2, -1, 4)}, lambda x, sizes: np.tile(x, (2, 1, 4))),
        Sample("clone", x, {}, "torch.clone"),
        Sample("unbind", x, {"dim": 1}, "torch.unbind"),
        Sample("split", x, {"split_size_or_sections": 3, "dim": -1}, "torch.split"),
        Sample("split", x, {"split_size_or_sections": [1, 0, 2], "dim": 1}, "torch.split", label="list"),
    ]


def rearranging() -> list[Sample]:
    x = normal(random, 3, 4)
    pads = {"widths": [(1, 0), (-1, 2)], "value": 1.5}
    return [
        Sample("flip", x, {"dims": (0, -1)}, "torch.flip"),
        Sample("roll", x, {"shifts": (1, -2), "dims": (0, 1)}, "torch.roll"),
        Sample("roll", x, {"shifts": (3,), "dims": None}, "torch.roll", label="flat"),
        Sample("pad", x, pads, lambda x, widths, value: np.pad(x[:, 1:], [(1, 0), (0, 2)], constant_values=value)),
        Sample("diagonal", x, {"offset": 1, "dim1": -1, "dim2": 0}, "torch.diagonal"),
        Sample("tril", normal(random, 2, 3, 4), {"diagonal": -1}, "torch.tril"),
        Sample("triu", normal(random, 4, 3), {"diagonal": 1}, "torch.triu"),
        Sample("cat", (x, normal(random, 3, 2), normal(random, 3, 1)), {"dim": 1, "sizes": [4, 2, 1]},
               lambda *xs, dim, sizes: np.concatenate(xs, dim)),
        Sample("stack", (x, normal(random, 3, 4)), {"dim": -1}, lambda *xs, dim: np.stack(xs, dim)),
    ]  # fmt: skip


def by_loop(x: np.ndarray, index) -> np.ndarray:
    """x[index] where every item is an array, entry by entry."""
    index = np.broadcast_arrays(*index)
    places = [tuple(i[at] for i in index) for at in np.ndindex(index[0].shape)]
    return np.array([x[place] for place in places]).reshape(index[0].shape + x.shape[len(index) :])


def indexing() -> list[Sample]:
    x = normal(random, 3, 4, 2)
    twice = np.array([[0, 2, 2], [-1, 0, 2]])  # repeats, and counts from the end
    columns = np.array([1, 3, 1])
    chosen = mask(random, 3, 4)
    indices = {
        "number": (1,),
        "basic": (slice(None, None, -2), None, 1, ...),
        "rows": (twice,),
        "places": (twice, columns),
        "behind": (ALL, columns),
        "apart": (np.array([0, 0]), ALL, np.array([1, 1])),
        "number first": (1, ALL, np.array([1, 0, 1])),
        "mask": (chosen,),
        "mask and array": (np.array([True, False, True]), np.array([1, 3])),
        "flag": (True, 0),
        "empty": (np.zeros(0, int),),
    }
    expected = {
        "number": x[1],
        "basic": np.stack([x[2, 1], x[0, 1]])[:, None],
        "rows": by_loop(x, (twice,)),
        "places": by_loop(x, (twice, columns)),
        "behind": np.stack([x[:, 1], x[:, 3], x[:, 1]], 1),
        "apart": np.stack([x[0, :, 1], x[0, :, 1]]),
        "number first": np.stack([x[1, :, 1], x[1, :, 0], x[1, :, 1]], 1),
        "mask": np.array([x[place] for place in np.ndindex(3, 4) if chosen[place]]),
        "mask and array": np.stack([x[0, 1], x[2, 3]]),
        "flag": x[:1].reshape(1, 4, 2),
        "empty": np.zeros((0, 4, 2)),
    }
    found = []
    for label, index in indices.items():
        found.append(Sample("getitem", x, {"index": index}, lambda x, index, y=expected[label]: y, label=label))
        part = normal(random, *expected[label].shape)
        found.append(Sample("spread", part, {"shape": x.shape, "index": index}, by_transpose, label=label))
    found += [
        Sample("setitem", (x, normal(random, 4, 1)), {"index": (1,)}, overwritten, label="broadcast"),
        Sample("setitem", (x, np.array(2.5)), {"index": (chosen,)}, overwritten, label="mask"),
        Sample("setitem", (x, normal(random, 2, 4, 2)), {"index": (np.array([2, 0]),)}, overwritten, label="rows"),
        Sample("nonzero", np.array([[0.0, 1.5], [-2.0, 0.0]]), {}, "torch.nonzero", order=0, label="float"),
        Sample("nonzero", chosen, {}, "torch.nonzero", order=0),
    ]
    return found


def by_transpose(part: np.ndarray, shape, index) -> np.ndarray:
    """What `part` adds to each place, found by asking which places `getitem` reads."""
    from tinygrad_rnn.ops import getitem

    places = np.asarray(getitem(np.arange(np.prod(shape)).reshape(shape), index))
    y = np.zeros(shape)
    for place, value in zip(places.ravel(), part.ravel(), strict=True):
        y.flat[place] += value
    return y


def overwritten(x: np.ndarray, value: np.ndarray, index) -> np.ndarray:
    y = x.copy()
    y[index] = value
    return y


def order() -> list[Sample]:
    x = distinct(random, 3, 5)
    ties = np.array([[2.0, 1.0, 2.0, np.nan, 1.0]])
    return [
        Sample("argsort", x, {"dim": 0}, "torch.argsort", order=0),
        Sample("argsort", ties, {"stable": True, "descending": True}, "torch.argsort", order=0, label="ties"),
        Sample("topk", x, {"k": 3}, lambda x, k: np.argsort(-x, -1)[:, :k], order=0),
        Sample("topk", x, {"k": 2, "dim": 0, "largest": False}, lambda x, **_: np.argsort(x, 0)[:2], order=0,
               label="smallest"),
        Sample("searchsorted", (np.array([1.0, 2.0, 2.0, 3.0]), np.array([[2.0, 0.0], [2.5, 9.0]])), {"right": True},
               "torch.searchsorted", order=0),
        Sample("isin", (x, x[1]), {"invert": True}, lambda x, among, invert: ~(x[..., None] == among).any(-1), order=0),
        Sample("one_hot", integers(random, 4, 2, 3), {"num_classes": 5}, "torch.nn.functional.one_hot", order=0),
    ]  # fmt: skip


SAMPLES = [*shapes(), *rearranging(), *indexing(), *order()]
