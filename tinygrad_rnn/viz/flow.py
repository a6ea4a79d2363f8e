"""Gradient flow: how strongly the loss, and the last state, depend on each time step of a recurrent layer.

Here rather than beside the trainer: it reads a graph as drawings do, needs no more of a module than the names of its
parts, and what it finds is meant to be looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..autograd.backward import complete, seed
from ..autograd.graph import Node, Tensor
from ..autograd.scope import no_grad
from .calls import Run, arrays_of, cotangents, runs_of
from .style import GATES

Array = np.ndarray

DIRECTIONS = 64  # in which the Jacobian is measured: all there are, up to so many
WEIGHTS = {"w_ih": "weight_ih", "w_hh": "weight_hh", "b_ih": "bias_ih", "b_hh": "bias_hh", "w_hr": "weight_hr"}
WEIGHTS |= {"w": "weight_ih", "b": "bias_ih"}  # of cells that have no other


@dataclass(frozen=True, eq=False, repr=False)
class LayerFlow:
    """The gradient flow through one recurrent layer in one direction, over T time steps.

    All norms are Frobenius norms, the square root of a sum of squares, in float64. h_t and c_t are what the cell makes
    of step t (h_t after the projection, if there is one). A padded sequence has none behind its end: it adds
    nothing there to `dh`, `dc` and `dw`.

    Attributes:
        name: where the layer is in the module, such as "encoder layer 0 reverse".
        cell: "rnn", "gru", "lstm", "mingru" or "minlstm".
        dh: [T], norm of dL/dh_t over batch and units, through everything that h_t acts on.
        dc: [T], norm of dL/dc_t likewise; None but for the LSTM.
        dw: parameter -> [T], norm of dL/dW restricted to step t: of the part that the use of W at step t contributes.
            Keys are PyTorch's names without the layer, "weight_ih", "bias_hh", ...; those that require grad.
        jacobian_h: [T], norm of dh_T/dh_t, where h_T is the state after the last step (in reverse that is
            the first in time, with padding each sequence's own): for one sequence ||dh_T/dh_t||_F, root mean square
            over the sequences that have a step t, nan where none has. sqrt(H) means that nothing is lost.
        jacobian_c: [T], norm of dh_T/dc_t likewise; None but for the LSTM.
        gates: letter -> [T, N, H], the activations "i", "f", "g", "o" of an LSTM, "r", "z", "n" of a GRU, "z", "n" of a
            MinGRU, "f", "i", "n" of a MinLSTM, nan behind the end of a sequence (of packed ones: N from the longest to
            the shortest); empty for the simple network.
    """

    name: str
    cell: str
    dh: Array
    dc: Array | None
    dw: dict[str, Array]
    jacobian_h: Array
    jacobian_c: Array | None
    gates: dict[str, Array]

    @property
    def steps(self) -> int:
        """T."""
        return len(self.dh)

    def __repr__(self) -> str:
        ends = [f"{norms[0]:.3g} to {norms[-1]:.3g}" for norms in (self.dh, self.jacobian_h)]
        return f"<{self.name} ({self.cell}), {self.steps} steps: |dL/dh_t| {ends[0]}, |dh_T/dh_t| {ends[1]}>"


@dataclass(frozen=True, eq=False)
class GradientFlow:
    """The gradient flow through every recurrent layer and direction of a module.

    Attributes:
        layers: a `LayerFlow` for each, in the order in which they ran.
    """

    layers: tuple[LayerFlow, ...]

    def __iter__(self) -> Iterator[LayerFlow]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, i: int) -> LayerFlow:
        return self.layers[i]

    def save(self, path: str | os.PathLike) -> Path:
        """Plot it as .svg, .png or .pdf; needs matplotlib. A file that exists is replaced all at once or not touched.

        Raises:
            ValueError: another suffix.
            OSError: the folder is missing or cannot be written to.
            RuntimeError: matplotlib is not installed.
        """
        from .flow_plot import save

        return save(self.layers, path)

    def _repr_png_(self) -> bytes | None:
        """How a notebook shows it, if matplotlib is installed."""
        from .flow_plot import shown

        return shown(self.layers)


def gradient_flow(loss: Tensor, module: Any) -> GradientFlow:
    """Follow the gradient of `loss` back through time in every recurrent layer of `module`.

    Works on the graph as it is, also at default speed: a layer's node is opened into its steps by its body. No
    user code runs but hooks, as in `autograd.grad`; no `.grad`, value or graph is changed. Call it before
    `backward()` (or after one with retain_graph=True), and before the optimiser's step.

    The norm of dh_T/dh_t is exact up to 64 units of h, by a backward pass from each of them. Beyond, it is estimated
    from passes in 64 random orthogonal directions, the same ones every time: unbiased in the square, and with a
    standard error of at most 9% of the norm. These passes go step by step and take nearly all of the time.

    Args:
        loss: a number that was computed with `module`.
        module: what holds the layers: RNN, GRU, LSTM, MinGRU and MinLSTM with any layers, directions, lengths and
            projection; RNNCell, GRUCell and LSTMCell in a loop.

    Returns:
        A GradientFlow of one LayerFlow for each layer and direction. A layer that is called several times has one for
        all calls that go on from each other's state (their steps in a row), else one for each.

    Raises:
        TypeError: `loss` is not a Tensor or `module` not a Module.
        ValueError: the loss depends on no recurrent layer of the module that can be opened into steps; padded
            sequences were recorded step by step; the batch size changes on the way.
        RuntimeError: the loss has no graph or is not a number; the graph was freed or its arrays were overwritten.

    Example:
        >>> import tinygrad_rnn as tg
        >>> gru = tg.nn.GRU(2, 3)
        >>> y, _ = gru(tg.ones(5, 1, 2))
        >>> flow = tg.gradient_flow(y[-1].sum(), gru)
        >>> flow[0].dh.shape, sorted(flow[0].gates)
        ((5,), ['n', 'r', 'z'])
    """
    if not isinstance(loss, Tensor):
        raise TypeError(f"gradient_flow: expected loss to be a Tensor, got {type(loss).__name__}")
    if not hasattr(module, "named_modules"):
        raise TypeError(f"gradient_flow: expected a Module with recurrent layers, got {type(module).__name__}")
    dy = seed(loss, None, False)
    runs = runs_of(loss.node, module)
    if not runs:
        raise ValueError(
            f"gradient_flow: the loss depends on no RNN, GRU, LSTM, MinGRU, MinLSTM or cell of them in this "
            f"{type(module).__name__}. Pass the module that computed it; a layer must be recorded at granularity "
            f"'sequence' or 'step', not 'op', and a cell of your own cannot be followed."
        )
    dys = cotangents([loss.node], [dy], [out for run in runs for out in run.outputs])
    layers = []
    while runs:
        layers.append(_measured(runs.pop(0), dys))  # what is opened of one layer is gone before the next
    return GradientFlow(tuple(layers))


def _measured(run: Run, dys: dict[Node, Any]) -> LayerFlow:
    run.open()
    steps, valid = [Step(node, run.cell) for node in run.steps], run.valid
    pulled = run.pull(dys)
    totals = [step.total(*each) for step, each in zip(steps, pulled, strict=True)]
    parts = [step.weights(each) for step, each in zip(steps, pulled, strict=True)]
    jacobian_h, jacobian_c = _jacobians(run, steps, valid)
    has_c = run.cell == "lstm"
    return LayerFlow(
        run.name,
        run.cell,
        np.array([norm(dh) for dh, _ in totals]),
        np.array([norm(dc) for _, dc in totals]) if has_c else None,
        {name: np.array([part[name] for part in parts]) for name in parts[0]},
        jacobian_h,
        jacobian_c if has_c else None,
        {
            letter: np.stack([_with_nan(step.gates[letter], on) for step, on in zip(steps, valid, strict=True)])
            for letter in steps[0].gates
        },
    )


def _with_nan(gate: Array, on: Array) -> Array:
    """A gate's rows, nan where a sequence has ended; of packed sequences it has only those that go on."""
    found = np.full((len(on), gate.shape[1]), np.nan, gate.dtype)
    found[on] = gate[on[: len(gate)]]
    return found


class Step:
    """A cell at one time step, ready to be pulled through.

    Attributes:
        gates: letter -> [N, H].
    """

    def __init__(self, node: Node, cell: str) -> None:
        self.node = node
        self.gates = _gates(node, cell)
        self._slope = None
        if "c_next" in node.op.outputs:
            known = arrays_of(node)
            self._w_hr = known["w_hr"]
            self._slope = self.gates["o"] * (1 - np.tanh(known["c_next"]) ** 2)

    def total(self, dh: Array | None, dc: Array | None = None) -> tuple[Array | None, Array | None]:
        """dL/dh_t, and dL/dc_t with what comes by way of h_t = o * tanh(c_t), which is inside the node."""
        if self._slope is None or dh is None:
            return dh, dc
        inside = (dh if self._w_hr is None else dh @ self._w_hr) * self._slope
        return dh, inside if dc is None else inside + dc

    def weights(self, dys: list) -> dict[str, float]:
        """The norm of this step's part of each weight's gradient."""
        node, op = self.node, self.node.op
        links = zip(op.inputs, node.inputs, strict=True)
        wanted = [name for name, link in links if name in WEIGHTS and link is not None]
        if all([dy is None for dy in dys]):
            return dict.fromkeys([WEIGHTS[name] for name in wanted], 0.0)
        with np.errstate(all="ignore"), no_grad():
            dxs = node.rule.pull(dys[0] if op.single else complete(dys, node), *node.saved)
        found = dict(zip(op.inputs, dxs, strict=True))
        return {WEIGHTS[name]: norm(found[name]) for name in wanted}


def norm(x: Any) -> float:
    """The Frobenius norm; in float64, where the squares of vanishing numbers do not vanish."""
    if x is None:
        return 0.0
    return float(np.linalg.norm(np.asarray(x.settle() if hasattr(x, "settle") else x, np.float64)))


def _jacobians(run: Run, steps: list[Step], valid: Array) -> tuple[Array, Array]:
    """The norms of dh_T/dh_t and dh_T/dc_t, [T] each.

    The sequences of a batch do not depend on each other, so one pass serves all of them. Over all directions d of an
    orthonormal basis, the squares of d^T J sum up to that of ||J||_F.
    """
    known = arrays_of(steps[0].node)
    N, P = known["h"].shape
    directions = np.eye(P) if P <= DIRECTIONS else _orthonormal(DIRECTIONS, P)
    squares = np.zeros((2, *valid.shape))
    for d in directions:
        dys = cotangents([run.final], [np.tile(d.astype(known["h"].dtype), (N, 1))], run.outputs)
        for t, (step, pulled) in enumerate(zip(steps, run.pull(dys), strict=True)):
            for k, dx in enumerate(step.total(*pulled)):
                if dx is not None:
                    squares[k, t, : len(dx)] += np.square(dx, dtype=np.float64).sum(-1)
    with np.errstate(invalid="ignore"):
        mean = squares.sum(-1, where=valid) / valid.sum(-1) * (P / len(directions))
    return np.sqrt(mean[0]), np.sqrt(mean[1])


def _orthonormal(count: int, size: int) -> Array:
    """Random directions, the same ones every time."""
    columns, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((size, count)))
    return columns.T


def _gates(node: Node, cell: str) -> dict[str, Array]:
    """The activations of a cell, [N, H] each, in the order of its gates."""
    from ..kernels.inside import inside  # it loads Numba

    if cell not in GATES:
        return {}
    found = inside(node.op.name.partition("_")[0], arrays_of(node))
    return {letter: found[letter].reshape(-1, found[letter].shape[-1]) for letter, *_ in GATES[cell]}
