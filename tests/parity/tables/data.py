"""torch.utils.data without random numbers: data sets, orders, loaders, and how samples become batches."""

import warnings
from collections import OrderedDict, namedtuple

import numpy as np

from ..calling import Named, Program, b, constant, f, i

Point = namedtuple("Point", "x y")
F = lambda *shape: constant(f(*shape))


def of(torch):
    return torch.utils.data


def collated(torch, *samples):
    return of(torch).default_collate(list(samples))


def converted(torch, sample):
    return of(torch).default_convert(sample)


def with_numpy(make, name="default_collate"):
    return Program(lambda torch: getattr(of(torch), name)(make()), dtypes=("float64",))


def read(dataset):
    """All samples, and the length."""
    return [dataset[k] for k in range(len(dataset))], len(dataset)


def tensors(torch, *xs):
    dataset = of(torch).TensorDataset(*xs)
    return read(dataset), dataset[-1], dataset[1:], dataset.tensors


def squares(torch, n=5):
    class Squares(torch.utils.data.Dataset):
        def __init__(self, n):
            self.n = n

        def __len__(self):
            return self.n

        def __getitem__(self, index):
            if not 0 <= index < self.n:
                raise IndexError(index)
            return torch.tensor([float(index), index**2.0], dtype=torch.float64), index

    return Squares(n)


def stream(torch, *numbers):
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(numbers)

        def __len__(self):
            return len(numbers)

    return Stream()


def loaded(torch, dataset=squares, **options):
    """Two epochs."""
    loader = of(torch).DataLoader(dataset(torch), **options)
    return list(loader), list(loader), len(loader), loader.batch_size, loader.drop_last


def counted(stream):
    return list(stream), len(stream)


def sampled(name, *arguments, **options):
    return lambda torch: counted(getattr(of(torch), name)(*arguments, **options))


def shuffled(torch, make):
    """What does not depend on the random numbers: which indices, how often, and how many."""
    sampler = make(of(torch))
    drawn = list(sampler)
    return sorted(drawn), len(sampler), type(drawn[0]).__name__


def split(torch, lengths, n=10):
    parts = of(torch).random_split(range(n), lengths, generator=torch.Generator().manual_seed(3))
    return [len(part) for part in parts], sorted(k for part in parts for k in part.indices)


def split_with_nothing_left(torch):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parts = of(torch).random_split(range(2), [0.9, 0.05, 0.05])
    return [len(part) for part in parts], [warning.category.__name__ for warning in caught]


def programs(*runs, raises=False):
    return [Program(run, dtypes=("float64",), raises=raises) for run in runs]


def refused(*makes):
    """Each a function of torch.utils.data and of torch."""
    return programs(*[lambda torch, make=make: make(of(torch), torch) for make in makes], raises=True)


COLLATED = [
    [F(2), F(2)], [F(), F()], [F(0, 2), F(0, 2)], [i(3), i(3)], [b(2), b(2)], [1, 2], [1.5, 2.0], [1, 2.5],
    [True, False],
    ["a", "b"], [b"a", b"b"], [(1, "a", 2.0), (2, "b", 3.0)], [[1, 2], [3, 4]], [F(2)], [(), ()],
    [{"x": 1, "y": {"z": [1, 2]}}, {"y": {"z": [3, 4]}, "x": 2, "more": 0}], [{"x": F(2)}, {"x": F(2)}],
    [OrderedDict(b=1, a=2), OrderedDict(a=3, b=4)], [[F(2), (i(2), "a")], [F(2), (i(2), "b")]],
]  # fmt: skip
NOT_COLLATED = [
    [], [None, None], [F(2), F(3)], [[1, 2], [1]], [{"x": 1}, {"y": 2}], [object(), object()], [1, "a"],
    [Named("float32"), Named("float32")],
]  # fmt: skip
ARRAYS = [
    lambda: [np.arange(3), np.arange(3)], lambda: [np.ones((2, 2), "f4"), np.zeros((2, 2), "f4")],
    lambda: [np.float32(1), np.float32(2)], lambda: [np.int8(1), np.int8(2)], lambda: [np.bool_(True), np.bool_(False)],
    lambda: [Point(np.ones(2), 1.0), Point(np.zeros(2), 2.0)], lambda: [(np.ones(2), "a"), (np.ones(2), "b")],
]  # fmt: skip
CONVERTED = [F(2), 3, 2.5, "a", None, [1, "a", F(2)], (1, 2.0), {"x": [F(2)], "y": None}, True]

CALLS = {f"utils.data.{name}": listed for name, listed in {
    "default_collate": [Program(collated, *samples) for samples in COLLATED]
    + [Program(collated, *samples, raises=True) for samples in NOT_COLLATED]
    + [with_numpy(make) for make in ARRAYS]
    + refused(lambda data, torch: data.default_collate([np.array(["a"]), np.array(["b"])])),
    "default_convert": [Program(converted, sample) for sample in CONVERTED]
    + [with_numpy(make, "default_convert") for make in ARRAYS],
    "Dataset": programs(
        lambda torch: read(squares(torch)), lambda torch: read(squares(torch, 2) + squares(torch, 3)),
        lambda torch: [x for x, _ in squares(torch, 2)],
    ) + refused(lambda data, torch: data.Dataset()[0], lambda data, torch: len(data.Dataset())),
    "IterableDataset": programs(
        lambda torch: list(stream(torch, 1, 2)), lambda torch: list(stream(torch, 1, 2) + stream(torch, 3)),
        lambda torch: loaded(torch, lambda torch: stream(torch, 1, 2, 3), batch_size=2),
    ) + refused(
        lambda data, torch: stream(torch, 1)[0],
        lambda data, torch: data.DataLoader(stream(torch, 1), shuffle=True),
        lambda data, torch: data.DataLoader(stream(torch, 1), sampler=[0]),
        lambda data, torch: data.DataLoader(stream(torch, 1), batch_sampler=[[0]]),
    ),
    "TensorDataset": [Program(tensors, F(3, 2), i(3)), Program(tensors, F(2)), Program(tensors, F(3, 0), b(3), F(3))]
    + refused(
        lambda data, torch: data.TensorDataset(torch.ones(2), torch.ones(3)),
        lambda data, torch: data.TensorDataset(torch.ones(2))[2],
        lambda data, torch: data.TensorDataset(torch.ones(())),
    ),
    "StackDataset": programs(
        lambda torch: read(of(torch).StackDataset(squares(torch, 2), range(2))),
        lambda torch: read(of(torch).StackDataset(a=squares(torch, 2), b=[3, 4])),
        lambda torch: of(torch).StackDataset(squares(torch, 3), [3, 4, 5]).__getitems__([2, 0]),
    ) + refused(
        lambda data, torch: data.StackDataset(), lambda data, torch: data.StackDataset([1], [1, 2]),
        lambda data, torch: data.StackDataset([1], a=[1]), lambda data, torch: data.StackDataset([1])[1],
    ),
    "ConcatDataset": programs(
        lambda torch: read(of(torch).ConcatDataset([squares(torch, 2), range(3), [7]])),
        lambda torch: of(torch).ConcatDataset([range(3), [7]])[-1],
        lambda torch: of(torch).ConcatDataset([range(3), [7]])[-4],
        lambda torch: of(torch).ConcatDataset([range(3), [7]]).cumulative_sizes,
    ) + refused(
        lambda data, torch: data.ConcatDataset([]), lambda data, torch: data.ConcatDataset([stream(torch, 1)]),
        lambda data, torch: data.ConcatDataset([range(3)])[3], lambda data, torch: data.ConcatDataset([range(3)])[-4],
    ),
    "ChainDataset": programs(
        lambda torch: counted(of(torch).ChainDataset([stream(torch, 1), stream(torch, 2, 3)])),
    ) + refused(lambda data, torch: list(data.ChainDataset([[1, 2]]))),
    "Subset": programs(
        lambda torch: read(of(torch).Subset(squares(torch), [4, 0, 4])),
        lambda torch: read(of(torch).Subset([1, 2], [])),
        lambda torch: of(torch).Subset(squares(torch), [4, 0, 1]).__getitems__([2, 1]),
        lambda torch: of(torch).Subset(of(torch).TensorDataset(torch.arange(5)), [3, 1])[[0, 1]],
    ) + refused(lambda data, torch: data.Subset([1, 2], [0])[1], lambda data, torch: data.Subset([1, 2], [2])[0]),
    "random_split": [
        Program(split, lengths, dtypes=("float64",))
        for lengths in ([7, 3], [10], [0, 10], [0.7, 0.3], [0.5, 0.25, 0.25], [1.0])
    ] + [Program(split, [1 / 3, 1 / 3, 1 / 3], 11, dtypes=("float64",))] + programs(split_with_nothing_left) + [
        Program(split, lengths, raises=True) for lengths in ([7, 4], [0.5, 0.4], [1.5, -0.5], [], [0.5, 0.6])
    ],
    "Sampler": refused(lambda data, torch: list(data.Sampler()), lambda data, torch: len(data.Sampler())),
    "SequentialSampler": programs(sampled("SequentialSampler", range(4)), sampled("SequentialSampler", [])),
    "RandomSampler": programs(
        lambda torch: shuffled(torch, lambda data: data.RandomSampler(range(6))),
        lambda torch: shuffled(torch, lambda data: data.RandomSampler(range(6), num_samples=12)),
        lambda torch: shuffled(torch, lambda data: data.RandomSampler([0], replacement=True, num_samples=3)),
        lambda torch: len(list(of(torch).RandomSampler(range(6), True, 20))),
    ) + refused(
        lambda data, torch: data.RandomSampler(range(3), replacement=1), lambda data, torch: data.RandomSampler([]),
        lambda data, torch: data.RandomSampler(range(3), num_samples=0),
        lambda data, torch: data.RandomSampler(range(3), num_samples=1.5),
    ),
    "SubsetRandomSampler": programs(lambda torch: shuffled(torch, lambda data: data.SubsetRandomSampler([5, 3, 9]))),
    "WeightedRandomSampler": programs(
        lambda torch: shuffled(torch, lambda data: data.WeightedRandomSampler([0.0, 2.0, 0.0], 4)),
        lambda torch: shuffled(torch, lambda data: data.WeightedRandomSampler([0.5, 2, 0, 1], 3, False)),
    ) + refused(
        lambda data, torch: data.WeightedRandomSampler([1.0], 0),
        lambda data, torch: data.WeightedRandomSampler([1.0], 2, 1),
        lambda data, torch: data.WeightedRandomSampler([[1.0]], 2),
        lambda data, torch: data.WeightedRandomSampler([1.0], 1.5),
        lambda data, torch: list(data.WeightedRandomSampler([1.0], 2, False)),
        lambda data, torch: list(data.WeightedRandomSampler([-1.0, 2.0], 2)),
    ),
    "BatchSampler": programs(
        sampled("BatchSampler", range(5), 2, False), sampled("BatchSampler", range(5), 2, True),
        sampled("BatchSampler", range(4), 2, False), sampled("BatchSampler", range(1), 2, True),
        sampled("BatchSampler", [], 2, False),
    ) + refused(
        lambda data, torch: data.BatchSampler(range(5), 0, False),
        lambda data, torch: data.BatchSampler(range(5), 1.5, False),
        lambda data, torch: data.BatchSampler(range(5), True, False),
        lambda data, torch: data.BatchSampler(range(5), 2, 1),
    ),
    "DataLoader": programs(*[lambda torch, options=options: loaded(torch, **options) for options in [
        {}, {"batch_size": 2}, {"batch_size": 2, "drop_last": True}, {"batch_size": None}, {"batch_size": 9},
        {"sampler": [3, 1]}, {"batch_sampler": [[0, 1], [4]]}, {"batch_size": 2, "collate_fn": list},
        {"batch_size": 2, "collate_fn": lambda samples: len(samples)}, {"batch_size": 2, "shuffle": False},
        {"batch_size": 2, "pin_memory": False, "timeout": 0},
    ]]) + refused(
        *[lambda data, torch, options=options: data.DataLoader(squares(torch), **options) for options in [
            {"batch_size": 0}, {"batch_size": -1}, {"num_workers": -1}, {"timeout": -1}, {"prefetch_factor": 2},
            {"shuffle": True, "sampler": [0]}, {"batch_sampler": [[0]], "batch_size": 2}, {"persistent_workers": True},
            {"batch_sampler": [[0]], "shuffle": True}, {"batch_sampler": [[0]], "drop_last": True},
            {"batch_size": None, "drop_last": True}, {"nonsense": 1},
        ]],
        lambda data, torch: list(data.DataLoader([None])),
        lambda data, torch: list(data.DataLoader(squares(torch), sampler=[9])),
    ),
    "get_worker_info": programs(lambda torch: of(torch).get_worker_info()),
}.items()}  # fmt: skip
