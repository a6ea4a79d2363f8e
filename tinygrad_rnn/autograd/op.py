"""How an operation is declared, and what happens when it is applied.

    @primitive
    def mul(a, b):
        "Elementwise product, y = a * b."
        return a * b

    mul.vjp(da=lambda dy, b: dy * b,
            db=lambda dy, a: dy * a)

A rule maps the cotangent `dy` of the output to those of the inputs. **Its parameter names say what is
saved**: an input, the output `y`, an attribute, `x_shape` or `x_dtype` of an input; nothing else is kept
alive. A rule is plain mathematics on whatever it is given: arrays in an ordinary backward pass, tensors
where the backward pass is itself recorded, floats for a Value. So the one line serves every order of
derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial, update_wrapper
from importlib import import_module
from inspect import Parameter, signature
from numbers import Number
from typing import Any

import numpy as np

from .binding import (
    CONVERTERS,
    INPUTS,
    PACKAGE,
    Array,
    ArrayBool,
    ArrayInt,
    Dims,
    Ints,
    bind,
    dims,
    ints,
    is_input,
    to_bool,
    to_index,
    words,
)  # fmt: skip
from .fastcall import binary, unary, unary_with_attrs
from .graph import Node, Tensor, port
from .promotion import F32, lift, result_type, settle
from .scope import recording
from .view import Output, View, shares

__all__ = [
    "Array", "ArrayBool", "ArrayInt", "Dims", "Ints", "Op", "Rule", "apply_scalar", "cast", "fused", "lift",
    "nondifferentiable", "primitive", "registry",
]  # fmt: skip

registry: dict[str, Op] = {}
ndarray = np.ndarray
ARRAYS = ndarray, np.generic, Number  # what an operation computes with outside of a graph


class Rule:
    """How to pull a cotangent back through one application: what to save, and what to do with it."""

    __slots__ = ("frees", "fresh", "given", "only", "op", "pull", "save", "saves")

    def __init__(self, op: Op, saves: list[str], pull: Callable, only: int | None = None) -> None:
        self.op = op
        self.saves = saves
        self.save = op.picker(saves)
        self.pull = self._checked  # pull(dy, *saved) -> a tuple of cotangents, None where not wanted
        self.only = only  # the one input that requires grad: then pull returns its cotangent, bare
        self.given = pull
        self.frees = op.holds_arrays(saves)  # so that after a backward there is something to let go of
        self.fresh = op.fresh

    def _checked(self, dy, *saved):
        """The first pull looks at what the rule returns; later ones are the rule itself."""
        dxs = self.given(dy, *saved)
        op, each = self.op, (dxs,) if self.only is not None else dxs
        any_number = op.variadic or self.only is not None
        if not isinstance(each, (tuple, list)) or not (any_number or len(each) == len(op.inputs)):
            got = f"{len(each)} of them" if isinstance(each, (tuple, list)) else type(each).__name__
            raise RuntimeError(
                f"{op.name}: the gradient rule must return a tuple of {len(op.inputs)} gradients, one for each of "
                f"{', '.join(op.inputs)}; got {got}"
            )
        for dx in each:
            if not (dx is None or dx.__class__ is float or hasattr(dx, "shape")):
                raise RuntimeError(f"{op.name}: the gradient rule must return arrays or None, got {type(dx).__name__}")
        self.pull = self.given
        return dxs


class Op:
    """A name, a forward function and its gradient rule. `primitive` says what is an input and what an attribute.

    Args:
        forward, outputs, hidden: as for `primitive`.
        scalar: the same for a Python float, where `forward` is not made of plain operators.
        unrecorded: what to run instead of `forward` where nothing is recorded: it need not keep what is hidden.
        body: the definition in simpler operations, for which `forward` is a fast kernel.
        view: the result may share memory with the first input.
        differentiable: whether a gradient can flow; False for comparisons and indices.
        fresh: every array the rule returns is a new one that nothing else holds: a leaf may keep it uncopied.
        promote: whether the inputs meet in one dtype; otherwise `forward` is given them as they are.
    """

    def __init__(self, forward, *, scalar=None, outputs="y", hidden="", unrecorded=None, body=None, view=False,
                 differentiable=True, fresh=False, promote=True):  # fmt: skip
        described = body or forward
        self.name, self.doc = described.__name__, described.__doc__ or ""
        self.scalar, self.body, self.view, self.differentiable = scalar, body, view, differentiable
        self.fresh = fresh
        self._forward, self._unrecorded = forward, unrecorded or forward
        self.inputs: list[str] = []
        self.attrs: dict[str, Any] = {}  # name -> default
        self.positional: list[str] = []  # the attributes that need not be named in a call
        self.converters: dict[str, Callable] = {}
        self.variadic = False
        self.promoted: list[int] = []  # the inputs that meet in one dtype
        self.optional: set[str] = set()  # inputs that may be left out
        for p in signature(described).parameters.values():
            if p.kind is Parameter.VAR_POSITIONAL or is_input(p):
                if promote and not {"ArrayInt", "ArrayBool"} & words(p):
                    self.promoted.append(len(self.inputs))
                self.inputs.append(p.name)
                if p.default is None:
                    self.optional.add(p.name)
                self.variadic |= p.kind is Parameter.VAR_POSITIONAL
            else:
                self.attrs[p.name] = p.default
                if p.kind is not Parameter.KEYWORD_ONLY:
                    self.positional.append(p.name)
                for word in words(p) & set(CONVERTERS) if len(words(p)) == 1 else ():
                    self.converters[p.name] = CONVERTERS[word]
        self.outputs, self.hidden = outputs.split(), hidden.split()
        self.required = [name for name, default in self.attrs.items() if default is Parameter.empty]
        self._check_declaration()
        self.single = len(self.outputs) == 1 and not outputs.startswith("*")
        self.simple = self.single and not (self.attrs or self.hidden or self.variadic or view or body)
        self.partials: dict[str, Callable] = {}  # input -> its own rule
        self._joint: Any = None  # one rule for all inputs
        self._rules: dict[tuple[bool, ...], Rule] = {}
        registry[self.name] = self

    # --- declaration --------------------------------------------------------------------------------------

    def _check_declaration(self) -> None:
        reserved = [*self._known, *self._described]
        if twice := sorted({name for name in reserved if reserved.count(name) > 1}):
            raise TypeError(
                f"{self.name}: the names {twice} have two meanings. Inputs, attributes and outputs ({self.outputs}, "
                f'see `outputs="..."`) must differ from each other and from `needs` and `<input>_shape`, `_dtype`.'
            )
        if not self.inputs:
            raise TypeError(
                f"{self.name}: an operation needs an input: a parameter without annotation and default, or one "
                f"annotated Array; there is no input among {list(self.attrs)}"
            )
        if self.body and self.variadic:
            raise TypeError(f"{self.name}: a fused operation takes a fixed number of inputs, not *{self.inputs[-1]}")

    @cached_property
    def forward(self) -> Callable:
        return resolve(self._forward)

    @cached_property
    def unrecorded(self) -> Callable:
        return resolve(self._unrecorded)

    def vjp(self, rule: Callable | str | None = None, **partials: Callable) -> Any:
        """Attach the gradient rule: one for all inputs (also as a decorator), or `da=...`, `db=...` each.

        A rule for all inputs may ask for `needs`, a bool for each input, and returns None where it is False.

        Raises:
            TypeError: the rule asks for what there is not.
            RuntimeError: the operation was recorded already, with the rule it had (or had not) then.
        """
        if (rule is None) == (not partials):
            raise TypeError(f"{self.name}: vjp takes one rule for all inputs or one for each of them, not both")
        if unknown := set(partials) - {f"d{name}" for name in self.inputs}:
            raise TypeError(f"{self.name} has no input for the rules {sorted(unknown)}; inputs: {self.inputs}")
        for partial_rule in partials.values():
            self._asked(partial_rule, 1)
        if callable(rule):
            self._asked(rule, self._dys)
        if self._rules:
            raise RuntimeError(
                f"{self.name} was recorded already, and keeps the rule that it had then; to change it, declare the "
                f"whole operation again, @primitive included"
            )
        if partials:
            self.partials = {name: partials[f"d{name}"] for name in self.inputs if f"d{name}" in partials}
        else:
            self._joint = rule
        return rule

    @property
    def _dys(self) -> int:
        """How many cotangents a rule takes by position: one an output, a list of them for any number."""
        return len(self.outputs)

    def _asked(self, rule: Callable, dys: int) -> list[str]:
        """What a rule wants saved: its parameter names behind the cotangents."""
        first, names = list(signature(rule).parameters)[:dys], list(signature(rule).parameters)[dys:]
        if len(first) < dys:
            raise TypeError(f"{self.name}: the rule takes {dys} cotangents first, one for each of {self.outputs}")
        known = [*self._known, *self._described]
        if unknown := set(names) - set(known):
            raise TypeError(f"{self.name}: the gradient rule asks for {sorted(unknown)}; it may ask for {known}")
        return names

    @property
    def _known(self) -> list[str]:
        outputs = [name.lstrip("*") for name in self.outputs]
        return [*self.inputs, *outputs, *self.hidden, *self.attrs, "needs"]

    @property
    def _described(self) -> dict[str, str]:
        return {f"{name}_{what}": f"{name}.{what}" for name in self.inputs for what in ("shape", "dtype")}

    def picker(self, names: list[str]) -> Callable[..., tuple]:
        """A function from all that is known at application to the tuple of what `names` ask for."""
        kept = "".join(f"{self._described.get(name, name)}, " for name in names)
        return eval(f"lambda {', '.join(self._known)}: ({kept})")  # names were checked

    def holds_arrays(self, saves: list[str]) -> bool | None:
        """Whether these are arrays; None for attributes of which the declaration does not say it."""
        kept = [name for name in saves if name not in self._described and name != "needs"]
        if any([name not in self.attrs for name in kept]):
            return True
        plain = to_index, ints, dims, to_bool
        return None if any([self.converters.get(name) not in plain for name in kept]) else False

    def rule(self, needs: tuple[bool, ...]) -> Rule:
        """The rule for an application in which `needs` says which inputs require grad."""
        key = () if self._joint is not None else needs
        if (found := self._rules.get(key)) is None:
            found = self._rules[key] = self._joint_rule() if self._joint is not None else self._partial_rule(needs)
        return found

    def _joint_rule(self) -> Rule:
        pull, names = resolve(self._joint), self._asked(resolve(self._joint), self._dys)
        dys, n = self._dys, len(names)
        if self.body:  # what the body needs is kept as well, so that the node can be opened
            names += [name for name in [*self.inputs, *self.attrs] if name not in names]
        only = 0 if len(self.inputs) == 1 and not self.variadic else None
        if dys > 1:
            return Rule(self, names, lambda dy, *saved: pull(*dy, *saved[:n]), only)
        return Rule(self, names, (lambda dy, *saved: pull(dy, *saved[:n])) if n < len(names) else pull, only)

    def _partial_rule(self, needs: tuple[bool, ...]) -> Rule:
        pulls = {name: self.partials[name] for name, need in zip(self.inputs, needs) if need and name in self.partials}
        if not self.partials:
            return Rule(self, [], self._no_rule)
        if len(pulls) == 1:
            ((name, pull),) = pulls.items()
            return Rule(self, self._asked(pull, 1), pull, only=self.inputs.index(name))
        asked = {name: self._asked(pull, 1) for name, pull in pulls.items()}
        saves = list(dict.fromkeys(name for names in asked.values() for name in names))
        calls = [f"pull_{x}({', '.join(['_dy', *asked[x]])})" if x in pulls else "None" for x in self.inputs]
        source = f"lambda {', '.join(['_dy', *saves])}: ({', '.join(calls)},)"
        return Rule(self, saves, eval(source, {f"pull_{name}": pull for name, pull in pulls.items()}))

    def _no_rule(self, dy):
        raise RuntimeError(
            f"{self.name} has no gradient rule: declare one with {self.name}.vjp(...), or declare the operation "
            f"@nondifferentiable"
        )

    # --- application --------------------------------------------------------------------------------------

    def __call__(self, *args, **kwargs):
        """Apply to any mixture of tensors, arrays and numbers."""
        inputs, attrs = bind(self, args, kwargs) if self.attrs or kwargs or self.optional else (args, {})
        for like in inputs:
            if isinstance(like, Tensor):
                tensors = [x if x is None or isinstance(x, Tensor) else lift(x, like, self) for x in inputs]
                return self.apply(tensors, attrs)
        return self.apply_plain(inputs, attrs)

    def apply(self, tensors: list, attrs: dict[str, Any], known: dict[str, Any] | None = None):
        """Run forward on the tensors' arrays and record a node if one of them requires grad.

        `attrs` are all that were declared, in that order. `known` is filled, for whoever wants to look inside, with
        what a rule may ask for: inputs, outputs, hidden results and attributes, by name.
        """
        arrays = [None if x is None else x.array for x in tensors]
        if len(tensors) > 1 and not all([array is None or array.dtype is F32 for array in arrays]):
            self._promote(tensors)
            arrays = [None if x is None else x.array for x in tensors]
        nodes = tuple([None if x is None else x.node for x in tensors])
        scope = recording() if self.differentiable and any(nodes) else None
        try:
            result = (self.unrecorded if scope is None and known is None else self.forward)(*arrays, **attrs)
        except Exception as error:
            raise self.explain(arrays, attrs, error) from error
        results = (result,) if self.single and not self.hidden else result
        if known is not None:
            known.update(zip(self._known, [*arrays, *results, *attrs.values()]))
        n = len(results) - len(self.hidden)
        told = "dtype" in attrs  # then the result has it already
        ys = [y if y.__class__ is ndarray and (y.dtype is F32 or told) else settle(y, arrays) for y in results[:n]]
        node = None
        if scope is not None and any([y.dtype.kind == "f" for y in ys]):
            needs = tuple([link is not None for link in nodes])
            rule = self.rule(needs)
            plain = [*([arrays] if self.variadic else arrays), *([ys] if self.outputs[0][0] == "*" else ys)]
            saved = rule.save(*plain, *results[n:], *attrs.values(), needs)
            node = Node(rule, nodes, saved, scope, ys[0].shape if self.single else tuple([y.shape for y in ys]))
        links = [node]
        if not self.single:
            links = [port(node, i) if node and y.dtype.kind == "f" else None for i, y in enumerate(ys)]
        handles = self._views(tensors[0], ys, attrs, links) if self.view else [Tensor(*each) for each in zip(ys, links)]
        return handles[0] if self.single else tuple(handles)

    def _views(self, x: Tensor, ys: list, attrs: dict[str, Any], links: list) -> list[Tensor]:
        """The results of a view operation on x, as views of its root where they share its memory."""
        tied = recording() is not None or x.node is not None or isinstance(x, View)  # also under no_grad
        if not tied or not all([shares(y, x.array) for y in ys]):
            return [Tensor(y, link) for y, link in zip(ys, links)]
        root, path = (x.root, x.path) if isinstance(x, View) else (x, None)
        ops = [self] if self.single else [Output(self, i) for i in range(len(ys))]
        return [View(y, root, (path, op, attrs), link) for y, op, link in zip(ys, ops, links)]

    def _promote(self, tensors: list) -> None:
        """Let the inputs meet in one dtype; the cast of one that requires grad is recorded."""
        which = range(len(tensors)) if self.variadic else self.promoted
        which = [i for i in which if tensors[i] is not None]
        first = tensors[which[0]].array.dtype if which else None
        if all([tensors[i].array.dtype is first for i in which]):
            return
        dtype = result_type([tensors[i].array for i in which])
        for i in which:
            if tensors[i].array.dtype != dtype:
                tensors[i] = cast(tensors[i], dtype=dtype)

    def apply_plain(self, inputs: tuple, attrs: dict[str, Any]):
        """No tensor among the inputs: Values (a graph of floats), or inside a rule arrays and floats."""
        for x in inputs:
            if isinstance(x, Node):
                return apply_scalar(self, inputs, attrs)
            if isinstance(x, (list, tuple)):  # NumPy would compute with it, and + would join two
                raise self._no_tensor(x)
        number = inputs[0].__class__ is float if inputs else False
        plain = self.scalar if number and self.scalar else self.unrecorded
        try:
            result = plain(*inputs, **attrs)
        except (TypeError, AttributeError) as error:
            for x in inputs:
                if not isinstance(x, ARRAYS) and (x is not None or "NoneType" in str(error)):
                    raise self._no_tensor(x) from error
            raise
        if self.hidden:
            result = result[: len(result) - len(self.hidden)]
            return result[0] if self.single else result
        return result

    def _no_tensor(self, x: object) -> TypeError:
        return TypeError(f"{self.name}: expected a tensor, got {type(x).__name__}: {x!r:.60}")

    def explain(self, arrays: list, attrs: dict[str, Any], error: Exception) -> Exception:
        """The error of a failed forward, of PyTorch's type, with what the operation was given."""
        names = self.inputs if not self.variadic else [f"{self.inputs[0]}[{i}]" for i in range(len(arrays))]
        given = ", ".join(f"{name}: {x.dtype} {tuple(x.shape)}" for name, x in zip(names, arrays) if x is not None)
        extra = "".join([f", {name}={value!r:.60}" for name, value in attrs.items()])
        kind: type[Exception] = RuntimeError if type(error) is ValueError else type(error)
        if isinstance(error, IndexError):
            kind = IndexError
        elif isinstance(error, TypeError) and ("ufunc" in str(error) or "numpy boolean" in str(error)):
            kind = NotImplementedError  # NumPy's word on the dtype
        elif kind not in (RuntimeError, TypeError, NotImplementedError, ValueError):
            return error
        return kind(f"{self.name}: {error} (given {given}{extra})")

    def __repr__(self) -> str:
        return f"<op {self.name}({', '.join([*self.inputs, *self.attrs])})>"


def apply_scalar(op: Op, inputs: tuple, attrs: dict[str, Any]):
    """Apply to Values."""
    numbers = [x.data if isinstance(x, Node) else x for x in inputs]  # type: ignore[attr-defined]
    like = next(x for x in inputs if isinstance(x, Node))
    y = (op.scalar or op.forward)(*numbers, **attrs)
    if (scope := recording()) is None or not op.differentiable:
        return like.record(y)  # type: ignore[attr-defined]
    nodes = tuple([x if isinstance(x, Node) else None for x in inputs])
    needs = tuple([x is not None for x in nodes])
    rule = op.rule(needs)
    return like.record(y, rule, nodes, rule.save(*numbers, y, *attrs.values(), needs), scope)  # type: ignore[attr-defined]


# --- the decorators ------------------------------------------------------------------------------------------


def primitive(forward: Callable | None = None, **options):
    """Declare an operation; then give its gradient with `name.vjp(...)`.

    A parameter of the function is an input, a tensor, unless it has a default, is keyword-only or is annotated as
    something else than an array or tensor; then it is an attribute, a setting without gradient.

    `name.vjp(da=..., db=...)` gives each input its rule, `name.vjp(rule)` one for all, which returns a tuple if there
    are several. A rule takes the gradient of the output (of each, if there are several), and then what it wants kept,
    by name: inputs, outputs, hidden results, attributes, `x_shape` and `x_dtype` of an input x, and `needs`, a bool for
    each input. What it returns for an input that was broadcast is summed to its shape.

    Args:
        forward: the function below `@primitive`: arrays in, an array out; or a tuple of arrays, where `outputs` or
            `hidden` are named.
        **options: given as `@primitive(outputs="y z")`. `outputs` names the outputs if there are several, `hidden`
            further results that only the rule sees, `scalar` is what computes it for a Python float, and
            `view=True` says that the result may share memory with the first input.

    Raises:
        TypeError: there is no input, or a name has two meanings; in `vjp`, a rule asks for a name that there is not.
        RuntimeError: in `vjp`, the operation was recorded already, with another rule or none.

    Example:
        >>> import math
        >>> import tinygrad_rnn as tg
        >>> @tg.primitive
        ... def power_of_ten(x, factor=1.0):
        ...     return 10 ** (factor * x)
        >>> power_of_ten.vjp(dx=lambda dy, y, factor: dy * y * factor * math.log(10))
        >>> x = tg.tensor(1.0, dtype=tg.float64, requires_grad=True)
        >>> tg.autograd.gradcheck(lambda x: power_of_ten(x, factor=0.5), x)
        True
    """
    if forward is None:
        return partial(primitive, **options)
    return _face(Op(forward, **options), forward)


def nondifferentiable(forward: Callable):
    """Declare, by `forward` on arrays, an operation through which no gradient flows: comparisons, indices, rounding."""
    return primitive(forward, differentiable=False)


def fused(*, forward: Callable | str, vjp: Callable | str, **options):
    """Declare a fast operation whose decorated body, written in simpler ones, is its definition.

    The body is the specification, the source of higher derivatives, and what a drawing opens.

    Args:
        forward: the kernel: arrays and attributes in, an array out; with `outputs` or `hidden`, a tuple of them.
        vjp: its gradient rule, one for all inputs, which may be a kernel, too: a tuple of gradients, one for each.
        **options: those of `primitive`.

    Inputs and attributes are the parameters of the body, which stands in `.op.body`. A kernel may be named as
    "module:function"; it is imported at first use.
    """

    def declare(body: Callable):
        op = Op(forward, body=body, **options)
        op.vjp(vjp)
        return _face(op, body)

    return declare


def _face(op: Op, described: Callable) -> Any:
    """The function that users call."""
    shape = None
    if op.simple and op.differentiable:
        shape = {1: unary, 2: binary}.get(len(op.inputs))
    elif op.single and len(op.inputs) == 1 and not (op.hidden or op.variadic or op.body) and op.differentiable:
        shape = unary_with_attrs
    ours = described.__module__.partition(".")[0] == PACKAGE
    names = [INPUTS.get(name, name) if ours else name for name in op.inputs]
    call: Any = update_wrapper(shape(op, names) if shape else lambda *args, **kwargs: op(*args, **kwargs), described)
    call.op, call.vjp = op, op.vjp
    return call


# --- helpers ---------------------------------------------------------------------------------------------------


def resolve(function: Callable | str) -> Callable:
    """A function, or the one named "module:function"."""
    if isinstance(function, str):
        module, _, name = function.partition(":")
        return getattr(import_module(module), name)
    return function


@primitive
def cast(x, *, dtype):
    """The same numbers in another dtype."""
    return np.asarray(x).astype(dtype)


cast.vjp(dx=lambda dy, x_dtype: cast(dy, dtype=x_dtype))
