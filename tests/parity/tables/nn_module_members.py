"""What a module holds: how it comes in, by which name and in which order it is found."""

from ..calling import Call, Program, f
from ._nested import asked, each, listed


def then(torch, module) -> list:
    """All that a module says of itself."""
    members = [listed(found) for found in (module.named_parameters(), module.named_buffers(), module.named_children())]
    return [repr(module), *members, list(module.state_dict())]


def changes(change, *values) -> list:
    """What there is after `change(torch, net, value)`."""
    return each(values or [None], lambda torch, net, value: (change(torch, net, value), then(torch, net)))


BAD_NAMES = ["a.b", "", "forward", 3]
WAYS = [{}, {"prefix": "a"}, {"remove_duplicate": False}]
MADE = {
    "module": lambda torch: torch.nn.Tanh(),
    "parameter": lambda torch: torch.nn.Parameter(torch.ones(1)),
    "buffer": lambda torch: torch.zeros(3),
    "nothing": lambda torch: None,
}

METHODS = {
    "add_module": [
        *changes(lambda torch, net, kind: net.add_module("more", MADE[kind](torch)), "module", "nothing"),
        *each([*BAD_NAMES, "own"], lambda torch, net, name: net.add_module(name, torch.nn.Tanh()), raises=True),
        asked(lambda torch, net: net.add_module("more", 3), raises=True),
    ],
    "register_module": changes(lambda torch, net, _: net.register_module("more", torch.nn.Tanh())),
    "register_parameter": [
        *changes(lambda torch, net, kind: net.register_parameter("more", MADE[kind](torch)), "parameter", "nothing"),
        *changes(lambda torch, net, _: net.register_parameter("own", None)),
        *each([*BAD_NAMES, "first"], lambda torch, net, name: net.register_parameter(name, None), raises=True),
        asked(lambda torch, net: net.register_parameter("more", torch.ones(3)), raises=True),
        asked(lambda torch, net: net.register_parameter("more", net.own * 2), raises=True),
    ],
    "register_buffer": [
        *changes(lambda torch, net, stays: net.register_buffer("more", torch.ones(3), persistent=stays), True, False),
        *each([*BAD_NAMES, "first"], lambda torch, net, name: net.register_buffer(name, None), raises=True),
        asked(lambda torch, net: net.register_buffer("more", 3), raises=True),
    ],
    "__setattr__": [
        *changes(lambda torch, net, name: setattr(net, name, torch.nn.Tanh()), "first", "more", "gone"),
        *changes(lambda torch, net, name: setattr(net, name, MADE["parameter"](torch)), "own", "more", "first", "gone"),
        *changes(lambda torch, net, kind: setattr(net.again, "hidden", MADE[kind](torch)), *MADE),
        *changes(lambda torch, net, name: setattr(net.first, name, torch.zeros(3)), "seen", "extra", "void"),
        *changes(lambda torch, net, name: setattr(net.first, name, None), "seen", "scale"),
        *each(["own", "first"], lambda torch, net, name: setattr(net, name, 3), raises=True),
        *each(["module", "buffer"], lambda torch, net, kind: setattr(net, "own", MADE[kind](torch)), raises=True),
        asked(lambda torch, net: setattr(net.first, "seen", 3), raises=True),
    ],
    "__delattr__": [
        *changes(lambda torch, net, name: delattr(net, name), "own", "again", "rnn", "gone"),
        asked(lambda torch, net: delattr(net, "other"), raises=True),
    ],
    "__getattr__": [
        asked(lambda torch, net: [net.first.void, net.first.nothing, net.gone, net.tied is net.own]),
        asked(lambda torch, net: net.other, raises=True),
    ],
    "__dir__": each(["own", "first", "forward", "other"], lambda torch, net, name: name in dir(net)),
    "__init__": each(["module", "parameter"], lambda torch, net, kind:
        setattr(object.__new__(torch.nn.Module), "x", MADE[kind](torch)), raises=True),
    "__repr__": [asked(lambda torch, net: [repr(net), str(net.first), repr(torch.nn.Module())])],
    "extra_repr": [asked(lambda torch, net: [net.first.extra_repr(), net.extra_repr()])],
    "parameters": each([True, False], lambda torch, net, deep: [list(p.shape) for p in net.parameters(deep)]),
    "buffers": each([True, False], lambda torch, net, deep: list(net.first.buffers(recurse=deep))),
    "children": [asked(lambda torch, net: [type(module).__name__ for module in net.children()])],
    "modules": each([True, False], lambda torch, net, once:
        [type(module).__name__ for module in net.modules(remove_duplicate=once)]),
    "named_parameters": each([*WAYS, {"recurse": False}], lambda torch, net, way: listed(net.named_parameters(**way))),
    "named_buffers": each([*WAYS, {"recurse": False}], lambda torch, net, way: listed(net.named_buffers(**way))),
    "named_children": [asked(lambda torch, net: listed(net.named_children()))],
    "named_modules": each(WAYS, lambda torch, net, way: listed(net.named_modules(**way))),
    "get_submodule": [
        *each(["", "first", "row.0"], lambda torch, net, path: type(net.get_submodule(path)).__name__),
        *each(["other", "row.7", "own", "gone"], lambda torch, net, path: net.get_submodule(path), raises=True),
    ],
    "get_parameter": [
        *each(["own", "first.scale"], lambda torch, net, path: net.get_parameter(path)),
        *each(["other", "first.seen", "row.7.weight"], lambda torch, net, path: net.get_parameter(path), raises=True),
    ],
    "get_buffer": [
        asked(lambda torch, net: net.get_buffer("first.seen")),
        *each(["seen", "own", "first.nothing"], lambda torch, net, path: net.get_buffer(path), raises=True),
    ],
    "set_submodule": [
        *changes(lambda torch, net, path: net.set_submodule(path, torch.nn.ReLU()), "row.1", "row.2", "first"),
        *each(["", "other.more", "own"], lambda torch, net, path:
            net.set_submodule(path, torch.nn.ReLU()), raises=True),
        asked(lambda torch, net: net.set_submodule("row.7", torch.nn.ReLU(), strict=True), raises=True),
        asked(lambda torch, net: net.set_submodule("row.0", 3), raises=True),
    ],
}  # fmt: skip

INTEGER = lambda torch, *options: torch.nn.Parameter(torch.tensor([1]), *options)
FACTS = lambda torch, x: [(p := torch.nn.Parameter(x)).data_ptr() == x.data_ptr(), p.is_leaf, p.requires_grad]

CALLS = {
    **{f"nn.Module.{name}".removesuffix(".__init__"): calls for name, calls in METHODS.items()},
    "nn.Parameter": [
        Call(f(2, 3)), Call(f(2, 3), False), Call(), Call(f(2, 3), requires_grad=True), Call([1.0], raises=True),
        Program(lambda torch: repr(torch.nn.Parameter(torch.ones(2)))), Program(FACTS, f(3)),
        Program(INTEGER, raises=True), Program(lambda torch: INTEGER(torch, False)),
    ],
}  # fmt: skip
