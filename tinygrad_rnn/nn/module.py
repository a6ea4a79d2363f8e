"""Module: parameters, buffers and submodules as attributes; a call that says where it is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from ..absent import KIN
from ..autograd.graph import Leaf
from ..autograd.scope import Frame, frames, no_grad, push, recording, set_frames, set_recording
from ..autograd.writes import Writes
from ..creation import check_dtype
from ..device import check_device, named
from ..interrupts import uninterrupted
from ..tensor import RemovableHandle, Size, Tensor
from .hooks import gate, registered, replaced
from .parameter import Parameter, name_leaf

_serial = count(1).__next__


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict(strict=False)` could not match."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not any(self):
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class Module:
    """Base of all modules: assign parameters and modules as attributes, compute in `forward`.

    Calling a module runs `forward` inside a scope frame that carries the attribute name under which the
    module's parent holds it, so that every node of the graph knows which module made it.

    Source: the interface of `torch.nn.Module`.
    """

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    late_buffers: tuple[str, ...] = ()  # which files lack that were written before there were any
    _version = 1

    def __init__(self) -> None:
        put = super().__setattr__
        put("training", True)
        put("_parameters", {})
        put("_buffers", {})
        put("_transient", set())  # buffers that state_dict leaves out
        put("_modules", {})
        put("_forward_pre_hooks", {})
        put("_forward_hooks", {})
        put("_backward_hooks", {})
        put("_name", None)  # the attribute under which the first parent holds it
        put("_serial", _serial())
        put("_calls", 0)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What calling the module computes; a subclass says it."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        inside = any([frame.kind == "module" for frame in frames()])
        name = self._name if inside and self._name else type(self).__name__
        self.__dict__["_calls"] += 1
        scope, record = frames(), recording()
        try:
            push(Frame("module", name, self._calls - 1, self._serial))
            if not (self._forward_pre_hooks or self._forward_hooks or self._backward_hooks):
                return self.forward(*args, **kwargs)
            return self._call_hooked(args, kwargs)
        finally:  # wherever Ctrl-C came
            try:
                set_frames(scope)
            finally:
                set_recording(record)

    def _call_hooked(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        for pre_hook, with_kwargs in tuple(self._forward_pre_hooks.values()):
            changed = pre_hook(self, args, kwargs) if with_kwargs else pre_hook(self, args)
            if changed is not None and with_kwargs:
                args, kwargs = changed
            else:
                args = replaced(args, changed)
        pulled: dict[str, tuple] = {}
        plain = args
        if self._backward_hooks:
            args = gate(args, lambda dxs: self._run_backward_hooks(dxs, pulled["output"]))

        def output_pulled(dys: tuple) -> tuple:
            for pre_hook in self._backward_hooks_that_run(first=True):
                dys = replaced(dys, pre_hook(self, dys))
            pulled["output"] = dys
            if args is plain:  # no input requires grad: nothing further down would call the hooks
                self._run_backward_hooks((None,) * len(args), dys)
            return dys

        result = self.forward(*args, **kwargs)
        if self._backward_hooks:
            outputs = result if isinstance(result, tuple) else (result,)
            outputs = gate(outputs, output_pulled)
            result = outputs if isinstance(result, tuple) else outputs[0]
        for hook, with_kwargs in tuple(self._forward_hooks.values()):
            changed = hook(self, args, kwargs, result) if with_kwargs else hook(self, args, result)
            result = result if changed is None else changed
        return result

    def _run_backward_hooks(self, grad_input: tuple, grad_output: tuple):
        for hook in self._backward_hooks_that_run(first=False):
            grad_input = replaced(grad_input, hook(self, grad_input, grad_output))
        return grad_input

    def _backward_hooks_that_run(self, first: bool) -> list[Callable]:
        """Those that see the gradient of the output before, or those that see that of the input after."""
        return [hook for hook, runs_first in self._backward_hooks.values() if runs_first == first]

    # --- registration --------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter):
            self._forget(name, but="_parameters")
            self.register_parameter(name, value)
        elif isinstance(value, Module) and name not in self.__dict__.get("_parameters", ()):
            self._forget(name, but="_modules")
            self.add_module(name, value)
        elif name in self.__dict__.get("_parameters", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign {type(value).__name__} as parameter '{name}' (Parameter or None expected)"
                )
            self._parameters[name] = None
        elif name in self.__dict__.get("_modules", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign {type(value).__name__} as child module '{name}' (Module or None expected)"
                )
            self._modules[name] = None
        elif name in self.__dict__.get("_buffers", ()):
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(f"cannot assign {type(value).__name__} as buffer '{name}' (Tensor or None expected)")
            self._buffers[name] = value
        else:
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        for store in ("_parameters", "_buffers", "_modules"):
            if name in (found := self.__dict__.get(store, ())):
                return found[name]
        if "_parameters" not in self.__dict__:
            raise AttributeError(f"'{type(self).__name__}' has no '{name}' yet: call super().__init__() first")
        hint = f"; the nearest there is: {KIN[name]}" if name in KIN else ""
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'{hint}")

    def __delattr__(self, name: str) -> None:
        for store in (self._parameters, self._buffers, self._modules):
            if name in store:
                del store[name]
                self._transient.discard(name)
                return
        super().__delattr__(name)

    def _forget(self, name: str, but: str) -> None:
        """Whatever else has this name makes room for it."""
        for store in {"_parameters", "_buffers", "_modules"} - {but}:
            self.__dict__.get(store, {}).pop(name, None)
        self.__dict__.get("_transient", set()).discard(name)
        self.__dict__.pop(name, None)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._parameters, *self._buffers, *self._modules})

    def _check_name(self, what: str, name: str, store: dict) -> None:
        if "_parameters" not in self.__dict__:
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{what} name should be a string, got {type(name).__name__}")
        if "." in name or name == "":
            raise KeyError(f"{what} name can't contain '.' or be empty, got {name!r}")
        if name not in store and hasattr(self, name):
            raise KeyError(f"attribute '{name}' already exists")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Make `param` a parameter under `name`; None reserves the name."""
        self._check_registration("parameter", name, param, Parameter, self.__dict__.get("_parameters", {}))
        self._parameters[name] = param
        if param is not None:
            name_leaf(param, name)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Make `tensor` part of the state (and of `state_dict`, if persistent) without being trained."""
        self._check_registration("buffer", name, tensor, Tensor, self.__dict__.get("_buffers", {}))
        self._buffers[name] = tensor
        (self._transient.discard if persistent else self._transient.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Make `module` a child under `name`."""
        self._check_registration("module", name, module, Module, self.__dict__.get("_modules", {}))
        self._modules[name] = module
        if module is not None and module._name is None:
            module.__dict__["_name"] = name

    register_module = add_module

    def _check_registration(self, what: str, name: str, value: Any, kind: type, store: dict) -> None:
        self._check_name(what, name, store)
        if value is not None and not isinstance(value, kind):
            raise TypeError(
                f"cannot register {type(value).__name__} as {what} '{name}' ({kind.__name__} or None expected)"
            )

    # --- what it holds -------------------------------------------------------------------------------------

    def named_modules(self, memo: set | None = None, prefix: str = "", remove_duplicate: bool = True):
        """(dotted name, module) for this module and all below, depth first, each module once."""
        memo = set() if memo is None else memo
        if remove_duplicate and self in memo:
            return
        memo.add(self)
        yield prefix, self
        for name, child in self._modules.items():
            if child is not None:
                yield from child.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def _named_members(
        self, store: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        found = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in found:
            for name, member in getattr(module, store).items():
                if member is None or (remove_duplicate and id(member) in seen):
                    continue
                seen.add(id(member))
                yield f"{path}.{name}" if path else name, member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """(dotted name, parameter), each parameter once."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, of this module and of those in it, each once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True):
        """(name, buffer) for each of `buffers`."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers, of this module and of those in it, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) for each of `children`."""
        seen: set[Module] = set()
        for name, child in self._modules.items():
            if child is not None and child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        """The modules that are attributes of this one."""
        return (child for _, child in self.named_children())

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all that are in it, each once."""
        return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))

    def get_submodule(self, target: str) -> Module:
        """The module at a dotted name."""
        module = self
        for part in target.split(".") if target else ():
            child = module._modules.get(part)
            module = _missing(module, part) if child is None else child
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module at a dotted name; with `strict` only where there is one already."""
        path, _, name = target.rpartition(".")
        if not name or not isinstance(module, Module):
            raise ValueError(f"set_submodule: expected a name and a Module, got {target!r}, {type(module).__name__}")
        parent = self.get_submodule(path)
        if not isinstance(getattr(parent, name, None if strict else module), Module):
            raise AttributeError(f"{type(parent).__name__} has no module `{name}`")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted name."""
        return self._member("_parameters", target)

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted name."""
        return self._member("_buffers", target)

    def _member(self, store: str, target: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        member = getattr(module, store).get(name)
        return _missing(module, name) if member is None else member

    # --- modes and conversion ------------------------------------------------------------------------------

    def train(self, mode: bool = True):
        """Training behaviour (dropout on) here and below."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self):
        """Evaluation behaviour (dropout off) here and below."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True):
        """Say for all parameters whether they are to be trained."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters (or set them to zero)."""
        for parameter in self.parameters():
            if parameter.grad is None:
                continue
            if set_to_none:
                parameter.grad = None
            else:
                parameter.grad = Tensor(np.zeros_like(parameter.grad.array))

    def apply(self, function: Callable[[Module], Any]):
        """Call `function` on every module, children first."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    def to(self, *args: Any, dtype=None, device=None, non_blocking: bool = False, memory_format=None):
        """Convert floating-point parameters and buffers: `module.to(float64)`; the rest is for other devices."""
        for arg in args:
            if isinstance(arg, Tensor):
                dtype = arg.array.dtype
            elif isinstance(arg, (np.dtype, type)):
                dtype = arg
            elif arg is not None and not isinstance(arg, bool):
                device = arg
        tensors = [*self.parameters(), *self.buffers()]
        place = None if device is None else named(device)
        if tensors:
            check_device(place)
        if dtype is not None:
            dtype = check_dtype(dtype)
            if dtype.kind != "f":
                raise TypeError(f"{type(self).__name__}.to: expected a floating point dtype, got {dtype}")
            for tensor in tensors:
                if tensor.array.dtype.kind == "f":
                    _convert(tensor, dtype)
        return self

    def float(self):
        """Turn floating parameters and buffers to float32, in place."""
        return self.to(dtype=np.dtype("f4"))

    def double(self):
        """Turn floating parameters and buffers to float64, in place."""
        return self.to(dtype=np.dtype("f8"))

    def type(self, dst_type):
        """Convert all parameters and buffers, also those of integers."""
        dtype = Tensor(np.empty(0)).type(dst_type).array.dtype
        for tensor in [*self.parameters(), *self.buffers()]:
            _convert(tensor, dtype)
        return self

    def share_memory(self):
        """Nothing to do here: kept because scripts call it."""
        return self

    def cpu(self):
        """The module itself, which is there already."""
        return self

    def cuda(self, device: Any = None):
        """Refused where there are tensors to move: there is no CUDA."""
        for tensor in [*self.parameters(), *self.buffers()]:
            tensor.cuda(device)
        return self

    # --- state ---------------------------------------------------------------------------------------------

    def state_dict(
        self, *, destination: dict | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Tensor]:
        """Dotted name -> tensor for all parameters and persistent buffers; the tensors share their memory.

        Its attribute `_metadata` says which version of each module wrote it, as in PyTorch.
        """
        found: Any = destination
        if found is None:
            found = OrderedDict()
            found._metadata = OrderedDict()
        for path, module in self.named_modules(prefix=prefix.removesuffix("."), remove_duplicate=False):
            if hasattr(found, "_metadata"):
                found._metadata[path] = {"version": module._version}
            for name, member in [*module._parameters.items(), *module._buffers.items()]:
                if member is not None and name not in module._transient:
                    found[f"{path}.{name}" if path else name] = member if keep_vars else member.detach()
        return found

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy tensors in by name; nothing is changed unless everything fits, and Ctrl-C waits until all are copied.

        Args:
            state_dict: dotted name -> tensor, or anything that NumPy makes an array of by itself.
            strict: missing or unexpected names are an error; otherwise they are returned.
            assign: take the given memory instead of copying into the module's own.

        Raises:
            RuntimeError: names, shapes or values do not fit; the message lists them all.
            TypeError: it is not a dictionary.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        own = self.state_dict(keep_vars=True)
        missing = [name for name in own if name not in state_dict]
        if not hasattr(state_dict, "_metadata"):  # which says that its modules knew of these buffers
            late = {f"{path}.{name}" if path else name for path, m in self.named_modules() for name in m.late_buffers}
            missing = [name for name in missing if name not in late]
        unexpected = [name for name in state_dict if name not in own]
        faults = []
        for what, names in (("Missing", missing), ("Unexpected", unexpected)):
            if strict and names:
                listed = ", ".join([f'"{name}"' for name in names])
                faults.append(f"{what} key(s) in state_dict: {listed}. ")
        arrays = {}
        for name, value in [(name, state_dict[name]) for name in own if name in state_dict]:
            if isinstance(value, Tensor) or hasattr(value, "__array__"):
                arrays[name] = value.array if isinstance(value, Tensor) else np.asarray(value)
                faults += unfit(name, arrays[name], own[name], assign)
            else:
                faults.append(
                    f'While copying the parameter named "{name}", expected a Tensor or an array from checkpoint '
                    f"but received {type(value)}"
                )
        if faults:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(faults))
        with uninterrupted(), no_grad():
            for name, array in arrays.items():
                if assign:
                    own[name].data = Tensor(array)
                else:
                    own[name].array[...] = array
                    Writes.note(own[name].array, "load_state_dict")
        return IncompatibleKeys(missing, unexpected)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__dict__["_serial"] = _serial()  # a copy is another module

    # --- hooks ---------------------------------------------------------------------------------------------

    def register_forward_pre_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before forward; what it returns replaces the arguments."""
        return registered(self._forward_pre_hooks, (hook, with_kwargs), prepend)

    def register_forward_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after forward; what it returns replaces the output."""
        return registered(self._forward_hooks, (hook, with_kwargs), prepend)

    def register_full_backward_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` in backward; what it returns replaces grad_input."""
        return registered(self._backward_hooks, (hook, False), prepend)

    def register_full_backward_pre_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_output)` in backward; what it returns replaces grad_output."""
        return registered(self._backward_hooks, (hook, True), prepend)

    # --- repr ----------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What to show between the brackets; override it."""
        return ""

    def __repr__(self) -> str:
        children = [f"({name}): " + repr(child).replace("\n", "\n  ") for name, child in self._modules.items()]
        extra = self.extra_repr()
        if not children and "\n" not in extra:
            return f"{type(self).__name__}({extra})"
        lines = (extra.split("\n") if extra else []) + children
        return f"{type(self).__name__}(\n  " + "\n  ".join(lines) + "\n)"


def unfit(name: str, array: np.ndarray, own: Tensor, assign: bool) -> Iterator[str]:
    """Why an array of a state dict cannot become the values of a parameter or buffer, in words."""
    if array.shape != own.array.shape:
        yield (
            f"size mismatch for {name}: copying a param with shape {Size(array.shape)} from checkpoint, "
            f"the shape in current model is {own.shape}."
        )
    elif array.dtype.kind not in "fiub":
        yield f"{name}: cannot load values of dtype {array.dtype}."
    elif assign and isinstance(own, Parameter) and array.dtype.kind != "f":
        yield f"{name}: a parameter cannot be of dtype {array.dtype}; without assign=True the values are converted."
    elif not (assign or own.array.flags.writeable):
        yield f"{name}: the memory of the module is read-only; assign=True takes that of the checkpoint instead."


def _missing(module: Module, name: str) -> Any:
    raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")


def _convert(tensor: Tensor, dtype: np.dtype) -> None:
    """Give a parameter or buffer (and its gradient) another dtype."""
    if tensor.array.dtype == dtype:
        return
    gradient = tensor.grad
    tensor.data = Tensor(tensor.array.astype(dtype))
    if gradient is not None and isinstance(tensor.node, Leaf):
        tensor.grad = Tensor(gradient.array.astype(dtype))
