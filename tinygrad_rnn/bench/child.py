"""A competitor in a process of its own, because a library's number of threads is often fixed when it starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HOME = Path(__file__).parents[2]  # where `import tinygrad_rnn` finds this package
OF_THREADS = (
    "TINYGRAD_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "NPROC",
)  # fmt: skip


class ChildError(RuntimeError):
    """A competitor could not do what it was asked."""


def environment(threads: int) -> dict[str, str]:
    """The environment of a process in which every library uses so many threads, and JAX the processor."""
    paths = [str(HOME), *filter(None, [os.environ.get("PYTHONPATH")])]
    flags = os.environ.get("XLA_FLAGS", "")
    if threads == 1:
        flags += " --xla_cpu_multi_thread_eigen=false"
    return os.environ | dict.fromkeys(OF_THREADS, str(threads)) | {
        "PYTHONPATH": os.pathsep.join(paths),
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": flags.strip(),
    }  # fmt: skip


class Child:
    """One library with one number of threads, which answers requests and is idle in between.

    It starts on its own; `ready` waits for that, so that several may start at the same time.

    Args:
        library: a key of ENGINES.
        threads: that it may use.
        more: changes of its environment.

    Raises:
        ChildError: from `ready`, where the library cannot be imported, and from `ask`.
    """

    def __init__(self, library: str, threads: int, more: Mapping[str, str] | None = None) -> None:
        self.name = f"{library} on {threads} thread{'s' * (threads > 1)}"
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `close`)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tinygrad_rnn.bench.worker", library, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment(threads) | dict(more or {}),
            text=True,
        )
        self._ready = False

    def ready(self) -> Child:
        """Wait until it has started; one that could not is closed."""
        if not self._ready:
            try:
                self._answer()
            except BaseException:
                self.close()
                raise
            self._ready = True
        return self

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        """Send a request, wait for its answer."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do} | what) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, as the missing answer tells
        return self._answer()

    def turn(self, seconds: float) -> dict[str, Any]:
        """Time its work for so long."""
        return self.ask("turn", seconds=seconds)

    def dismiss(self) -> None:
        """Tell the process to end."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def close(self) -> None:
        """End the process."""
        self.dismiss()
        try:
            self._process.wait(timeout=5)  # it ends with its input
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def __enter__(self) -> Child:
        return self.ready()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            last = self._errors.read().decode(errors="replace").strip().rpartition("\n")[2]
            raise ChildError(f"{self.name} ended with code {self._process.wait()}: {last or 'it said nothing'}")
        answer = json.loads(line)
        if "error" in answer:
            raise ChildError(f"{self.name}: {' '.join(answer['error'].split())}")
        return answer
