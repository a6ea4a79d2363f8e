"""export: a model as an ONNX file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from typing import IO, Any

import numpy as np

from ..nn.module import Module
from . import translations  # noqa: F401  # fills the table
from .arguments import Arguments, resampled
from .axes import Named
from .errors import OnnxExporterError, UnsupportedOperatorError
from .graph import Graph, Wanted
from .model import written
from .program import ONNXProgram, TrainingMode, needed
from .sizes import Runs, trial_lengths
from .table import REASONS, TRANSLATIONS
from .trace import Source, Trace, restored, traced

OPSETS = range(18, 24)  # the translations are written in the first; the others understand them the same way

# PyTorch's options that have nothing to change here.
WITHOUT_EFFECT = {
    "artifacts_dir", "autograd_inlining", "dump_exported_program", "dynamo", "external_data", "fallback",
    "operator_export_type", "optimize", "profile", "report",
}  # fmt: skip


def export(
    model: Module,
    args: Any = (),
    f: str | os.PathLike | IO[bytes] | None = None,
    *,
    kwargs: dict[str, Any] | None = None,
    export_params: bool = True,
    verbose: bool | None = None,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    opset_version: int | None = None,
    dynamic_axes: Mapping[str, Any] | None = None,
    dynamic_shapes: Any = None,
    keep_initializers_as_inputs: bool = False,
    do_constant_folding: bool = True,
    training: TrainingMode = TrainingMode.EVAL,
    verify: bool = False,
    **options: Any,
) -> ONNXProgram:
    """Write a model in ONNX, for onnxruntime and others to run.

    The model runs several times, and what it computed is translated operation by operation: recurrent layers are
    ONNX's RNN, LSTM and GRU, one node for each layer and direction. Parameters are initializers under their names in
    `state_dict()`; those whose gates or dimensions stand in another order in ONNX have a suffix. Python code is not
    in the file: what it decided, it decided for good.

    Args:
        model: any module; it is exported in eval mode and left as it was.
        args: example arguments, a tuple or one tensor; every tensor in them is an input, all else is fixed.
        f: path or file open for writing bytes; None to write nothing. It is replaced when all is well.
        kwargs: more arguments, by name.
        export_params: False leaves the parameters' values out: they are inputs then.
        verbose: print the model.
        input_names, output_names: in order; what has no name is called as in `forward`, or "output".
        opset_version: 18 to 23, default 18; a lower one becomes 18, with a warning.
        dynamic_axes: {"input": {0: "batch", 1: "time"}, ...}: the axes whose length may change. Axes with the same
            name are equally long. Lists instead, {"input": [0, 1]}, leave the names open.
        dynamic_shapes: the same as {argument of forward: {axis: name}, ...}, or nested as `args` are.
        keep_initializers_as_inputs: let the parameters be overridden by inputs.
        do_constant_folding: compute what follows from parameters alone.
        training: TrainingMode.EVAL, or PRESERVE to leave the mode as it is.
        verify: compare with onnxruntime on the example.

    Returns:
        The ONNXProgram: `.model_proto`, `.save(path)`.

    Raises:
        ImportError: the package `onnx` is missing: pip install 'tinygrad-rnn[onnx]'.
        OnnxExporterError: the model depends on data or its size in a way that ONNX cannot say.
        UnsupportedOperatorError: an operation has no translation.
        TypeError, ValueError: arguments that do not fit each other.

    Nothing is written unless everything is well.

    Source: the interface of `torch.onnx.export`.
    """
    if not isinstance(model, Module):
        raise TypeError(f"onnx.export: expected an nn.Module, got {type(model).__name__}")
    if unknown := sorted(set(options) - WITHOUT_EFFECT):
        raise TypeError(f"onnx.export: options that are not supported: {', '.join(unknown)}")
    onnx = needed("onnx", "onnx.export")
    opset = _opset(opset_version, min(OPSETS[-1], onnx.defs.onnx_opset_version()))
    arguments = Arguments(model.forward, args, kwargs, input_names)
    axes = Named(arguments, output_names or (), dynamic_axes, dynamic_shapes)
    fold = do_constant_folding and export_params and not keep_initializers_as_inputs
    with _in_mode(model, training):
        example, lengths, traces = _runs(model, arguments, axes)
    names = _output_names(example, output_names, arguments.names)
    hidden: list[Sequence[Source]] = []
    while True:
        graph = Graph(traces, Runs(lengths), arguments.names, axes.origin(), fold, hidden)
        graph.check_example(example, [sources[0] for sources in hidden])
        _check_operations(graph)
        try:
            proto = written(graph, names, axes, opset, fold, export_params, keep_initializers_as_inputs)
        except Wanted as wanted:
            hidden.append(wanted.sources)
        else:
            break
    program = ONNXProgram(proto, arguments)
    if verify:
        _verify(program, arguments, example)
    if verbose:
        print(onnx.printer.to_text(proto))
    if f is not None:
        program.save(f)
    return program


def _opset(wanted: int | None, latest: int) -> int:
    if wanted is None:
        return OPSETS[0]
    if wanted > latest:
        raise ValueError(f"onnx.export: opset_version must be from {OPSETS[0]} to {latest}, got {wanted}")
    if wanted < OPSETS[0]:
        warnings.warn(
            f"onnx.export: opset_version {wanted} is lower than what the translations are written in; using "
            f"{OPSETS[0]}",
            UserWarning,
            stacklevel=3,
        )
    return max(wanted, OPSETS[0])


@contextmanager
def _in_mode(model: Module, training: TrainingMode) -> Iterator[None]:
    """The model in the mode to be exported, and every module in its own again afterwards."""
    if training == TrainingMode.TRAINING:
        raise ValueError("onnx.export: TrainingMode.TRAINING is not supported; export for inference, EVAL")
    before = [(module, module.training) for module in model.modules()]
    try:
        if training == TrainingMode.EVAL:
            model.eval()
        yield
    finally:
        for module, mode in before:
            module.training = mode


def _runs(model: Module, arguments: Arguments, axes: Named) -> tuple[Trace, list[dict[str, int]], list[Trace]]:
    """The run on the example; other lengths of the dynamic axes, and the runs at these.

    An error on the example is the model's own; one at other lengths says that the axes are not dynamic in it.
    """
    state = {name: tensor.array for name, tensor in [*model.named_parameters(), *model.named_buffers()]}
    buffers = [tensor.array for tensor in model.buffers()]  # a forward pass may write to them
    with restored(buffers):
        example = traced(model, arguments, [array.copy() for array in arguments.arrays], state)
    for in_order, within in product((False, True), (True, False)):
        lengths = trial_lengths(axes.lengths, within)
        try:
            traces = []
            for number, run in enumerate(lengths):
                inputs = []
                for i, array in enumerate(arguments.arrays):
                    sizes = {axis: run[name] for axis, name in axes.inputs.get(i, {}).items()}
                    inputs.append(resampled(array, sizes, number, i, in_order))
                with restored(buffers):
                    traces.append(traced(model, arguments, inputs, state))
        except OnnxExporterError:
            raise
        except Exception as error:
            problem = error
        else:
            return example, lengths, traces
    raise OnnxExporterError(
        f"onnx.export: the model runs on the example, but not at other lengths such as {lengths[0]}: "
        f"{type(problem).__name__}: {problem}. Axes that are equally long need one name in dynamic_axes, in every "
        f"input that has them (h_0 has a batch too); leave out axes whose length is fixed."
    ) from problem


def _check_operations(graph: Graph) -> None:
    missing = {step.op: step.where for step in reversed(graph.steps) if step.op not in TRANSLATIONS}
    if missing:
        said = [where + (f" ({REASONS[op]})" if op in REASONS else "") for op, where in reversed(missing.items())]
        raise UnsupportedOperatorError(
            f"onnx.export: there is no translation for {'; '.join(said)}. Translated are: "
            f"{', '.join(sorted(TRANSLATIONS))}"
        )


def _output_names(example: Trace, given: Sequence[str] | None, taken: Sequence[str]) -> list[str]:
    names = example.output_names
    given = list(given or ())
    if len(given) > len(names):
        raise ValueError(
            f"onnx.export: {len(given)} output_names {given}, but the model returns {len(names)} tensors; give at most "
            f"one name for each"
        )
    names = [*given, *names[len(given) :]]
    if twice := sorted({name for name in names if [*names, *taken].count(name) > 1}):
        raise ValueError(f"onnx.export: inputs and outputs must have different names, got {twice} more than once")
    return names


def _verify(program: ONNXProgram, arguments: Arguments, example: Trace) -> None:
    found = program(*arguments.arrays)
    for name, source, y in zip(example.output_names, example.outputs, found):
        expected = example.array(source)
        if y.array.shape != expected.shape or not np.allclose(y.array, expected, 1e-4, 1e-5, equal_nan=True):
            raise OnnxExporterError(f"onnx.export: verify: onnxruntime gives another {name} on the example")
