"""DataLoader: the batches of a data set, made in this process or by workers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ...kernels.threads import usable_processors
from ...random import Generator, source
from .collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset
from .epoch import Batches, BatchesOfWorkers
from .fetch import Recipe
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler
from .worker import Job, get_worker_info

if TYPE_CHECKING:
    from .crew import Crew

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

T = TypeVar("T", covariant=True)
FIXED = {"batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"}


class DataLoader(Generic[T]):
    """Batches of a data set, once through for each `for` loop.

    The order depends on `generator` (by default the default one, see `manual_seed`) and on nothing else: not on the
    number of workers, nor on how long they take. An epoch begins with `iter(loader)`, which draws from it. So to
    resume a training, store `generator.get_state()` before each epoch and count its batches; later restore the state,
    and skip as many batches with `itertools.islice(loader, count, None)`.

    Args:
        dataset: anything with `__getitem__` and `__len__`, or an IterableDataset.
        batch_size: samples in a batch; None yields single samples, converted by `default_convert`.
        shuffle: whether the order is random, and another one in each epoch.
        sampler: an iterable of indices that says the order.
        batch_sampler: an iterable of lists of indices, one for each batch.
        num_workers: how many processes make batches; 0 makes them in this one.
        collate_fn: makes a batch of a list of samples; `default_collate` by default.
        pin_memory: accepted for PyTorch's sake; there is only the CPU.
        drop_last: whether a shorter last batch is left out.
        timeout: seconds to wait for a batch of the workers; 0 is without end.
        worker_init_fn: called as `worker_init_fn(id)` in each worker before it reads. By then `random`,
            `numpy.random` and `manual_seed` have been seeded there, differently in each worker.
        multiprocessing_context: how workers start: "fork", "spawn", "forkserver" or a context; by default as
            `multiprocessing` says. All but "fork" import the main script again and pickle the arguments.
        generator: where the order and the seeds of the workers come from.
        prefetch_factor: batches that each worker makes ahead, 2 by default.
        persistent_workers: whether the workers stay for the next epoch.
        pin_memory_device: accepted for PyTorch's sake.
        in_order: whether batches of workers come in the sampler's order, or as soon as they are ready.

    Raises:
        ValueError: arguments that exclude each other, or negative ones.
        TypeError: a `multiprocessing_context` of another kind.
        AssertionError: a `timeout` without workers, or `prefetch_factor=0`.

    On iteration, what the data set raises; from a worker as the same type, the worker's traceback in its text. Then
    the next batch can be asked for. A RuntimeError where a batch is not there in time, or a worker has died.

    Source: `torch.utils.data.DataLoader`.

    Example:
        >>> import tinygrad_rnn as tg
        >>> from tinygrad_rnn.utils.data import TensorDataset
        >>> data = TensorDataset(tg.arange(5), tg.arange(5) * 10)
        >>> for x, y in DataLoader(data, batch_size=2):
        ...     print(x.tolist(), y.tolist())
        [0, 1] [0, 10]
        [2, 3] [20, 30]
        [4] [40]
    """

    _settled = False

    def __init__(
        self,
        dataset: Dataset[T],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler | Iterable | None = None,
        batch_sampler: Sampler[list] | Iterable[list] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        _check_order(isinstance(dataset, IterableDataset), batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory, self.pin_memory_device = pin_memory, pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = _context(multiprocessing_context, num_workers)
        self.generator = generator
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self.drop_last = drop_last

        if sampler is None:
            if isinstance(dataset, IterableDataset):
                sampler = repeat(None)  # a stream knows no indices
            else:
                sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.sampler, self.batch_sampler = sampler, batch_sampler
        self.collate_fn = collate_fn or (default_convert if batch_sampler is None else default_collate)
        self._crew: Crew | None = None
        self._settled = True

    def __setattr__(self, name: str, value: Any) -> None:
        if self._settled and name in FIXED:
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized; make another one"
            )
        super().__setattr__(name, value)

    @property
    def _index_sampler(self) -> Any:
        """What gives an index, or a list of indices, for each batch."""
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __len__(self) -> int:
        """How many batches an epoch has; of a stream, as far as its own length is right."""
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        count = len(self.dataset)  # type: ignore[arg-type]
        return count if self.batch_size is None else len(BatchSampler(range(count), self.batch_size, self.drop_last))

    def __iter__(self) -> Iterator[Any]:
        seed = int(source(self.generator).integers(2**62))  # drawn without workers too: the order is the same then
        recipe = Recipe(self.dataset, self.collate_fn, self.batch_sampler is not None, self.drop_last)
        if not self.num_workers:
            return Batches(self._index_sampler, recipe.fetch())
        job = Job(recipe, self.num_workers, seed, self.worker_init_fn)
        crew = self._kept_crew(job) if self.persistent_workers else self._new_crew(job)
        return BatchesOfWorkers(self._index_sampler, crew, self)

    def _new_crew(self, job: Job) -> Crew:
        from .crew import Crew

        return Crew(job, self.multiprocessing_context)

    def _kept_crew(self, job: Job) -> Crew:
        if self._crew is None or self._crew.closed:
            self._crew = self._new_crew(job)
        return self._crew


def _check_workers(num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool) -> None:
    """Refuse what makes no sense about workers."""
    if num_workers < 0:
        raise ValueError(f"num_workers option should be non-negative, got {num_workers}; 0 makes batches here")
    if timeout < 0:
        raise ValueError(f"timeout option should be non-negative, got {timeout}")
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError(f"prefetch_factor option should be non-negative, got {prefetch_factor}")
    for name, given in (("prefetch_factor", prefetch_factor is not None), ("persistent_workers", persistent_workers)):
        if given and num_workers == 0:
            raise ValueError(f"{name} option needs num_workers > 0")
    if prefetch_factor == 0:
        raise AssertionError("prefetch_factor must be greater than 0: without a request no batch is made")
    if timeout and num_workers == 0:
        raise AssertionError(f"timeout must be 0 without workers, got {timeout}: nobody can be waited for")
    if num_workers > (processors := usable_processors()):
        warnings.warn(
            f"This DataLoader will create {num_workers} worker processes, but this one may use {processors} "
            "processors only: fewer workers may be faster",
            stacklevel=3,
        )


def _check_order(
    stream: bool, batch_size: int | None, shuffle: bool | None, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    """Refuse to be told the order, or the size of the batches, in two ways."""
    if stream:
        for name, given in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
            if given is not None:
                raise ValueError(
                    f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={given}; a "
                    "stream has its own order"
                )
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle: the sampler says the order")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError(
            "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last: it says "
            "all of them"
        )
    if batch_size is None and drop_last:
        raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")


def _context(wanted: Any, num_workers: int) -> Any:
    """A context of `multiprocessing`, or None for its default one."""
    if wanted is None:
        return None
    if not num_workers:
        raise ValueError(f"multiprocessing_context can only be used with num_workers > 0, but got {num_workers}")
    import multiprocessing
    from multiprocessing.context import BaseContext

    if isinstance(wanted, str):
        methods = multiprocessing.get_all_start_methods()
        if wanted not in methods:
            raise ValueError(
                f"multiprocessing_context option should specify a valid start method in {methods}, but got "
                f"multiprocessing_context={wanted!r}"
            )
        return multiprocessing.get_context(wanted)
    if not isinstance(wanted, BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string specifying the start "
            f"method, but got multiprocessing_context={wanted}"
        )
    return wanted
