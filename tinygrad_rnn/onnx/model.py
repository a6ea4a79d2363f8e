"""From the graph to the ONNX model: every step translated, inputs, outputs and initializers declared, all checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .axes import Named
from .builder import Builder
from .errors import OnnxExporterError
from .graph import Graph, Value
from .table import TRANSLATIONS


def written(
    graph: Graph, names: Sequence[str], axes: Named, opset: int, fold: bool, with_params: bool, as_inputs: bool
) -> Any:
    """The onnx.ModelProto of a graph.

    Args:
        names: of the outputs.
        axes: what is known of names of axes.
        fold, with_params, as_inputs: see `export`.
    """
    from onnx import checker, helper, numpy_helper

    b = Builder(graph, names, fold, given=not with_params)
    for step in graph.steps:
        b.step = step
        results = TRANSLATIONS[step.op](b, step)
        for i, name in (results if isinstance(results, dict) else {0: results}).items():
            b[step.outputs[i]] = name
    b.step = None
    nodes = _with_outputs(b, [b[value] for value in graph.outputs], names)
    nodes = needed_for(nodes, names)
    used = {name for node in nodes for name in read(node)}
    initializers = [
        numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        for name, array in b.arrays.items()
        if name in used
    ]
    inputs = [_info(x.name, x, _dims(graph, x, i, axes)) for i, x in enumerate(graph.inputs)]
    parameters = {name: array for name, array in b.parameters.items() if name in used}
    if as_inputs:
        parameters |= {name: array for name, array in b.arrays.items() if name in used}
    for name, array in parameters.items():
        inputs.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape))
    outputs = [_info(name, y, _result_dims(graph, y, name, axes)) for name, y in zip(names, graph.outputs)]
    sets = [helper.make_opsetid("", opset)]
    made = helper.make_graph(nodes, "model", inputs, outputs, initializers)
    version = helper.find_min_ir_version_for(sets)
    proto = helper.make_model(made, opset_imports=sets, ir_version=version, producer_name="tinygrad_rnn")
    if proto.ByteSize() >= 1 << 31:
        raise OnnxExporterError("onnx.export: the model has 2 GiB or more, which one ONNX file cannot hold")
    checker.check_model(proto, full_check=True)
    return proto


def _with_outputs(b: Builder, results: list[str], names: Sequence[str]) -> list:
    """The nodes, with the results called as the user wants; what is an input or constant, or comes twice, is copied."""
    made = {name for node in b.nodes for name in node.output}
    called: dict[str, str] = {}
    for result, name in zip(results, names):
        if result in made and result not in called:
            called[result] = name
    for node in b.nodes:
        for each in (node, *inner(node)):
            for names_of in (each.input, each.output):
                names_of[:] = [called.get(name, name) for name in names_of]
    from onnx.helper import make_node

    for result, name in zip(results, names):
        if called.get(result) != name:
            b.nodes.append(make_node("Identity", [called.get(result, result)], [name]))
    return b.nodes


def inner(node: Any) -> list:
    """The nodes of the graph within a node (a Scan)."""
    return [within for attribute in node.attribute for within in attribute.g.node]


def read(node: Any) -> list[str]:
    """The names that a node reads, also by what is within it."""
    return [name for each in (node, *inner(node)) for name in each.input]


def needed_for(nodes: list, names: Sequence[str]) -> list:
    """The nodes that these results need, in order."""
    wanted, kept = set(names), []
    for node in reversed(nodes):
        if wanted & set(node.output):
            kept.append(node)
            wanted.update(read(node))
    return kept[::-1]


def _info(name: str, value: Value, dims: list[int | str]) -> Any:
    from onnx import helper

    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), dims)


def _dims(graph: Graph, x: Value, i: int, axes: Named) -> list[int | str]:
    return [axes.inputs.get(i, {}).get(axis, n) for axis, n in enumerate(x.arrays[0].shape)]


def _result_dims(graph: Graph, y: Value, name: str, axes: Named) -> list[int | str]:
    """Of a result's dimensions the number, or the name: that of the axis, the one given, or what it is made of."""
    given, dims = axes.outputs.get(name, {}), list[int | str]()
    for axis, numbers in enumerate(zip(*[array.shape for array in y.arrays])):
        found = graph.runs.explain(numbers)
        if isinstance(found, int):
            dims.append(found)
        else:
            made = f"{name}_dim_{axis}" if found is None else str(found)
            dims.append(made if made in axes.lengths else given.get(axis, made))
    return dims
