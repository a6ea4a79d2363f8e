"""Worker processes: the same batches in the same order, errors with their traceback, and an end in every case."""

from __future__ import annotations

import contextlib
import gc
import math
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.kernels import threads
from tinygrad_rnn.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, crew, get_worker_info

pytestmark = [
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),  # no harm is done
    pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning"),
]
METHODS = multiprocessing.get_all_start_methods()
forks = pytest.mark.skipif("fork" not in METHODS, reason="no fork here")
FAST = "fork" if "fork" in METHODS else "spawn"


def loader_of(dataset, *, num_workers=2, **options):
    return DataLoader(dataset, num_workers=num_workers, multiprocessing_context=FAST, **options)


def living():
    """The workers that have not ended."""
    return [process for process in multiprocessing.active_children() if process.name.startswith("DataLoader-")]


@pytest.fixture(autouse=True)
def _no_worker_is_left():
    yield
    gc.collect()
    assert not living()


class Function(Dataset):
    """f(0), f(1), ..."""

    def __init__(self, f, N=12):
        self.f, self.N = f, N

    def __getitem__(self, i):
        return self.f(i)

    def __len__(self):
        return self.N


class Shared(IterableDataset):
    """The first numbers, each worker its share."""

    def __init__(self, N, step=None):
        self.N, self.step = N, step

    def __iter__(self):
        info = get_worker_info()
        share = math.ceil(self.N / info.num_workers)
        return iter(range(info.id * share, min((info.id + 1) * share, self.N)))

    def __len__(self):
        return self.N


def negative(i):
    return -i


def whose(i):
    return get_worker_info().id


@pytest.mark.parametrize("method", METHODS)
def test_every_way_to_start(method):
    loader = DataLoader(Function(negative), 5, num_workers=2, multiprocessing_context=method)
    assert [batch.tolist() for batch in loader] == [[0, -1, -2, -3, -4], [-5, -6, -7, -8, -9], [-10, -11]]
    with_context = DataLoader(
        Function(negative, 2), num_workers=1, multiprocessing_context=multiprocessing.get_context(method)
    )
    assert [batch.tolist() for batch in with_context] == [[0], [-1]]


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("prefetch", [1, 2, 5])
@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_workers_change_neither_batches_nor_order(workers, prefetch, persistent):
    options = {"prefetch_factor": prefetch, "persistent_workers": persistent} if workers else {}
    data = TensorDataset(tg.arange(11), tg.arange(22.0).reshape(11, 2))
    kind = {"multiprocessing_context": FAST} if workers else {}
    loader = DataLoader(data, 2, True, num_workers=workers, **options, **kind)
    tg.manual_seed(4)
    epochs = [[[x.tolist(), y.tolist()] for x, y in loader] for _ in range(2)]
    after = tg.rand(3).tolist()
    tg.manual_seed(4)
    alone = DataLoader(data, 2, True)
    assert [[[x.tolist(), y.tolist()] for x, y in alone] for _ in range(2)] == epochs
    assert tg.rand(3).tolist() == after
    assert len(loader) == len(iter(loader)) == 6


def test_batches_are_as_if_made_here():
    (batch,) = loader_of([{"x": np.ones((2, 3), np.float32), "name": "a", "n": 1, "y": tg.ones(3)}], num_workers=1)
    assert batch["x"].shape == (1, 2, 3)
    assert batch["x"].dtype == np.float32
    assert batch["name"] == ["a"]
    for value in (batch["x"], batch["y"], batch["n"]):
        value += 1  # the memory is the batch's own
    assert batch["y"].tolist() == [[2, 2, 2]]


def test_work_is_shared_evenly_and_in_turn():
    assert [b.item() for b in loader_of(Function(whose, 8))] == [0, 1] * 4


class Gate(Dataset):
    """Sample 0 waits until somebody opens, perhaps the reader of sample 1."""

    def __init__(self, opener=None):
        self.opened = multiprocessing.get_context(FAST).Event()
        self.opener = opener

    def __getitem__(self, i):
        if i == 0:
            assert self.opened.wait(60)
        if i == self.opener:
            self.opened.set()
        return i

    def __len__(self):
        return 4


def test_order_in_spite_of_slow_workers():
    assert [b.item() for b in loader_of(Gate(opener=1))] == [0, 1, 2, 3]


def test_out_of_order_what_is_ready_comes_first():
    data = Gate()
    batches = iter(loader_of(data, in_order=False))
    first = next(batches).item()
    data.opened.set()
    assert first == 1
    assert sorted([b.item() for b in batches]) == [0, 2, 3]


def test_streams():
    assert [b.tolist() for b in loader_of(Shared(4))] == [[0], [2], [1], [3]]
    assert [b.tolist() for b in loader_of(Shared(9), batch_size=2)] == [[0, 1], [5, 6], [2, 3], [7, 8], [4]]
    assert [b.tolist() for b in loader_of(Shared(9), batch_size=2, drop_last=True)] == [[0, 1], [5, 6], [2, 3], [7, 8]]
    assert list(loader_of(Shared(3), batch_size=None)) == [0, 2, 1]
    assert sorted(loader_of(Shared(10), batch_size=None, in_order=False)) == list(range(10))
    assert list(loader_of(Shared(0))) == []
    persistent = loader_of(Shared(5), batch_size=None, persistent_workers=True)
    assert list(persistent) == list(persistent) == [0, 3, 1, 4, 2]


def test_the_worker_knows_who_it_is():
    def facts(i):
        info = get_worker_info()
        return info.id, info.num_workers, info.seed, info.dataset.N, threads.get_num_threads()

    assert get_worker_info() is None
    loader = loader_of(Function(facts, 2), batch_size=None, generator=tg.Generator().manual_seed(0))
    first, second = loader
    assert first[:2] + second[:2] == [0, 2, 1, 2]
    assert second[2] == first[2] + 1
    assert first[3:] == [2, 1]
    assert get_worker_info() is None


def draws(i):
    return random.random(), np.random.random(), tg.rand(()).item()


def test_random_numbers_in_workers_are_those_of_the_seed():
    loader = loader_of(Function(draws, 4), batch_size=None)
    tg.manual_seed(1)
    first, second = list(loader), list(loader)
    tg.manual_seed(1)
    assert list(loader) == first
    assert len({number for sample in first + second for number in sample}) == 24, "all differ"


def test_worker_init_fn():
    log = []

    def init(id):
        log.append((id, get_worker_info().id))

    loader = loader_of(Function(lambda i: log, 2), batch_size=None, worker_init_fn=init)
    assert list(loader) == [[[0, 0]], [[1, 1]]]
    assert log == []


def test_an_error_in_worker_init_fn():
    def init(id):
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match=r"(?s)DataLoader worker process 0.*in init.*nothing there"):
        next(iter(loader_of(Function(negative), worker_init_fn=init)))


class OfTwo(Exception):
    def __init__(self, a, b):
        super().__init__(a, b)


@forks
@pytest.mark.parametrize(
    ("error", "kind"),
    [(ValueError("amiss"), ValueError), (KeyError("amiss"), KeyError), (OfTwo("a", "miss"), RuntimeError)],
)
def test_errors_come_with_their_traceback_and_the_next_batch_can_be_had(error, kind):
    def bad_sample(i):
        if i == 1:
            raise error
        return i

    batches = iter(loader_of(Function(bad_sample, 4)))
    assert next(batches).item() == 0
    with pytest.raises(kind) as caught:
        next(batches)
    text = str(caught.value)
    assert text.startswith(f"Caught {type(error).__name__} in DataLoader worker process 1.\n")
    assert "Original Traceback (most recent call last):\n" in text
    assert "in bad_sample\n" in text
    assert "miss" in text
    assert [b.item() for b in batches] == [2, 3]


def test_an_error_whose_class_cannot_be_imported():
    class Local(Exception):
        pass

    def fail(i):
        raise Local("here")

    with pytest.raises(RuntimeError, match=r"(?s)Caught Local in DataLoader.*here"):
        next(iter(loader_of(Function(fail))))


def test_a_batch_that_cannot_be_sent():
    def local(i):
        return lambda: i

    batches = iter(loader_of(Function(local, 2), batch_size=None))
    for _ in range(2):
        with pytest.raises(Exception, match="(?s)in DataLoader worker process.*pickle.*local"):
            next(batches)
    assert next(batches, "end") == "end"


class Unreadable:
    def __reduce__(self):
        return int, ("not a number",)


def test_a_batch_that_cannot_be_read():
    batches = iter(loader_of([Unreadable(), 1], batch_size=None))
    with pytest.raises(ValueError, match="(?s)reading what DataLoader worker process 0 sent.*not a number"):
        next(batches)
    assert list(batches) == [1]


def test_an_error_of_the_sampler():
    def order():
        yield 0
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        iter(loader_of(range(3), sampler=order()))


@forks
def test_a_worker_that_dies():
    def die(i):
        os.kill(os.getpid(), signal.SIGKILL)

    loader = loader_of(Function(die), persistent_workers=True)
    batches = iter(loader)
    with pytest.raises(RuntimeError, match=r"DataLoader worker \(pid\(s\) \d+\) exited unexpectedly with code -9"):
        next(batches)
    assert list(batches) == []
    assert not living()
    with pytest.raises(RuntimeError, match="exited unexpectedly"):
        list(loader)  # with new workers


def test_what_cannot_be_pickled_cannot_be_spawned():
    with pytest.raises(Exception, match="(?i)pickle.*lambda"):
        iter(DataLoader(Function(lambda i: i), num_workers=2, multiprocessing_context="spawn"))


def test_a_batch_that_does_not_come_in_time_can_be_asked_for_again():
    data = Gate()
    batches = iter(loader_of(data, num_workers=1, timeout=0.02))
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0\.02 seconds"):
        next(batches)
    data.opened.set()
    read: list[int] = []
    while len(read) < 4:
        with contextlib.suppress(RuntimeError):
            read.append(next(batches).item())
    assert read == [0, 1, 2, 3]


def test_a_loop_that_is_left_early():
    for _ in loader_of(Function(negative, 1000)):
        assert len(living()) == 2
        break
    assert not living()


def test_an_error_in_the_loop():
    def loop():
        for _ in loader_of(Function(negative, 1000)):
            raise LookupError

    with pytest.raises(LookupError):
        loop()


def test_a_slow_worker_is_waited_for_and_then_killed(monkeypatch):
    monkeypatch.setattr(crew, "PATIENCE", 0.05)
    stuck = Function(lambda i: threading.Event().wait(3600) if i else i, 8)
    batches = iter(loader_of(stuck, num_workers=1))
    assert next(batches).item() == 0
    del batches
    assert not living()


def test_workers_that_stay():
    def process(i):
        return os.getpid()

    loader = loader_of(Function(process, 6), batch_size=None, persistent_workers=True)
    first = list(loader)
    assert len(set(first)) == len(living()) == 2
    assert list(loader) == first
    next(iter(loader))  # left early: what was asked for is not taken for the next epoch's
    assert list(loader) == first
    del loader
    assert not living()


def test_workers_that_stay_have_one_epoch_at_a_time():
    loader = loader_of(range(9), persistent_workers=True)
    first, second = iter(loader), iter(loader)
    assert next(second).item() == 0
    with pytest.raises(RuntimeError, match="ended when another one was made"):
        next(first)
    assert [b.item() for b in second] == list(range(1, 9))


def test_two_loops_at_once():
    loader = loader_of(range(3))
    pairs = [(a.item(), b.item()) for a in loader for b in loader]
    assert pairs == [(a, b) for a in range(3) for b in range(3)]
    assert [(a.item(), b.item()) for a, b in zip(loader, loader)] == [(i, i) for i in range(3)]


@forks
def test_a_process_forked_meanwhile_cannot_take_the_workers_along():
    batches = iter(loader_of(range(6)))

    def in_child():
        with pytest.raises(OSError, match="closed"):
            next(batches)

    child = multiprocessing.get_context("fork").Process(target=in_child)
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert [b.item() for b in batches] == list(range(6))


def test_requests_and_batches_longer_than_a_line_holds():
    big = loader_of(TensorDataset(tg.arange(300_000)), batch_size=100_000, prefetch_factor=3, persistent_workers=True)
    for _ in range(2):
        assert [int(x.sum()) for (x,) in big] == [sum(range(k, k + 100_000)) for k in (0, 100_000, 200_000)]
    next(iter(big))  # left while much is on its way


@forks
def test_after_the_pool_of_kernel_threads_has_started(monkeypatch):
    monkeypatch.setattr(threads, "WORTH_SHARING", 0)
    monkeypatch.setattr(threads, "WORTH_WAKING", 0)
    before = threads.get_num_threads()
    lstm = tg.nn.LSTM(4, 8)
    x = tg.randn(5, 3, 4)

    def run(i):
        threads.set_num_threads(1 + i)
        with tg.no_grad():
            return lstm(x)[0].sum().item()

    try:
        threads.set_num_threads(2)
        expected = run(0)
        lstm(x)[0].sum().backward()
        values = list(loader_of(Function(run, 4), batch_size=None, generator=tg.Generator()))
        lstm(x)[0].sum().backward()
    finally:
        threads.set_num_threads(before)
    assert values == [expected] * 4


SCRIPT = """
import signal, sys, threading
import tinygrad_rnn as tg
from tinygrad_rnn.utils.data import DataLoader, Dataset

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background may ignore it

class Data(Dataset):
    def __getitem__(self, i):
        import os
        return os.getpid() if i < 2 or sys.argv[1] != "stuck" else threading.Event().wait(3600)
    def __len__(self):
        return 100

if __name__ == "__main__":
    loader = DataLoader(Data(), num_workers=2, multiprocessing_context=sys.argv[2], persistent_workers=True)
    batches = iter(loader)
    try:
        print(next(batches).item(), next(batches).item(), flush=True)
        if sys.argv[1] == "stuck":
            next(batches)
        elif sys.argv[1] != "end":
            threading.Event().wait()
    except KeyboardInterrupt:
        if sys.argv[1] == "caught":
            print(len(list(loader)), flush=True)
        raise
"""


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("what", "stop"),
    [("end", None), ("wait", signal.SIGINT), ("stuck", signal.SIGINT), ("caught", signal.SIGINT), ("wait", 9)],
)
def test_no_worker_survives_its_owner(what, stop, method, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    with subprocess.Popen(
        [sys.executable, script, what, method],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(Path(tg.__file__).parent.parent)},
    ) as owner:  # fmt: skip
        workers = [int(pid) for pid in owner.stdout.readline().split()]
        assert len(workers) == 2
        if stop == signal.SIGINT:
            os.killpg(owner.pid, stop)  # as the terminal does: to all processes
        elif stop:
            os.kill(owner.pid, stop)
        try:
            out, err = owner.communicate(timeout=60)
        finally:
            owner.kill()
        assert owner.returncode == (0 if stop is None else -stop), err
    assert out.strip() == ("100" if what == "caught" else "")
    assert err.count("Traceback") == (stop == signal.SIGINT), err
    end = time.monotonic() + 30
    while any(map(alive, workers)):
        assert time.monotonic() < end
        os.sched_yield()
