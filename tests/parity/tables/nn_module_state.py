"""What every module can do: be called, with hooks; be saved and loaded, converted, put into a mode."""

from ..calling import Program, f
from ._nested import asked, each, nested


def hooked(torch, net, way, x, register: str):
    """The output with a hook, what the hook was given, and what comes when it is removed; two of them, in order."""
    hook, options = way
    given = []
    record = lambda *arguments, **more: (given.append(arguments[1:]), hook(*arguments, **more))[1]
    handles = [getattr(net.first, register)(record, **options) for _ in range(2)]
    handles.append(getattr(net.first, register)(lambda *_, **__: given.append("first"), **options, prepend=True))
    y = net.first(x, factor=2.0) if register == "register_forward_pre_hook" else net.first(x)
    if "backward" in register:
        y.sum().backward()
    for handle in handles:
        handle.remove()
    return y.detach(), given, net.first(x).detach(), net.first.scale.grad


def loaded(torch, net, change, **options) -> list:
    """What comes of loading a changed state."""
    state = {name: value.clone() for name, value in net.state_dict().items()}
    change(state)
    found = nested(torch).load_state_dict(state, **options)
    return [repr(found), list(found.missing_keys), list(found.unexpected_keys)]


def refused(torch, net, change) -> list:
    """The lines of the error."""
    try:
        return loaded(torch, net, change)
    except RuntimeError as error:
        return [line.split(":")[0] for line in str(error).splitlines()]


def order(torch, net) -> list:
    """In which order `apply` comes by."""
    seen = []
    return [net.apply(lambda module: seen.append(type(module).__name__)) is net, seen]


def dtypes(torch, net) -> list:
    return [str(x.dtype).rpartition(".")[2] for x in (*net.parameters(), *net.buffers())]


CHANGES = {
    "none": lambda state: None,
    "missing": lambda state: state.pop("own"),
    "unexpected": lambda state: state.update(other=state["own"]),
    "both": lambda state: (state.pop("own"), state.update(other=state["first.scale"])),
    "misshapen": lambda state: state.update(own=state["first.scale"]),
}
NONE, *OTHERS = CHANGES.values()
TO = [
    lambda torch: (torch.float64,),
    lambda torch: ("cpu",),
    lambda torch: ("cpu", torch.float64),
    lambda torch: (torch.zeros(1, dtype=torch.float64),),
    lambda torch: (torch.device("cpu"), torch.float32, True),
]
NOT_TO = [
    lambda torch: (torch.int64,),
    lambda torch: (torch.bool,),
    lambda torch: ("cuda",),
    lambda torch: ("nowhere",),
]
HOOKS = {
    "register_forward_pre_hook": [
        (lambda m, x: None, {}), (lambda m, x: x[0] * 2, {}), (lambda m, x: (x[0] + 1,), {}),
        (lambda m, x, k: (x, {"factor": 3.0}), {"with_kwargs": True}),
    ],
    "register_forward_hook": [
        (lambda m, x, y: None, {}), (lambda m, x, y: y * 2, {}), (lambda m, x, k, y: y + len(k), {"with_kwargs": True}),
    ],
    "register_full_backward_hook": [(lambda m, dx, dy: None, {}), (lambda m, dx, dy: (dx[0] * 2,), {})],
    "register_full_backward_pre_hook": [(lambda m, dy: None, {}), (lambda m, dy: (dy[0] * 2,), {})],
}  # fmt: skip

METHODS = {
    "__call__": [
        asked(lambda torch, net, x: net(x), f(1, 2), grad=True), asked(lambda torch, net: net(1, 2), raises=True),
        asked(lambda torch, net, x: torch.nn.Module()(x), f(2), raises=True),
    ],
    **{name: each(ways, lambda torch, net, way, x, name=name: hooked(torch, net, way, x, name), f(1, 2))
       for name, ways in HOOKS.items()},
    "apply": [asked(order)],
    "train": [
        *each([(), (True,), (False,)], lambda torch, net, way:
            [net.train(*way) is net, [m.training for m in net.modules()]]),
        asked(lambda torch, net: net.train(1), raises=True),
    ],
    "eval": [asked(lambda torch, net: [net.eval() is net, [m.training for m in net.modules()]])],
    "requires_grad_": each([(), (False,)], lambda torch, net, way:
        [net.requires_grad_(*way) is net, [p.requires_grad for p in net.parameters()]]),
    "zero_grad": each([(), (True,), (False,)], lambda torch, net, way, x:
        (net(x).sum().backward(), net.zero_grad(*way), [p.grad for p in net.parameters()]), f(1, 2)),
    "state_dict": [
        asked(lambda torch, net: net.state_dict()), asked(lambda torch, net: list(net.state_dict(prefix="a."))),
        *each([True, False], lambda torch, net, keep:
            [[type(x).__name__, x.requires_grad] for x in net.state_dict(keep_vars=keep).values()]),
        asked(lambda torch, net: [net.state_dict(destination=(kept := {"old": 1})) is kept, list(kept)]),
        asked(lambda torch, net: (net.state_dict()["own"].fill_(7.0), net.own)),
    ],
    "load_state_dict": [
        *each([NONE, *OTHERS[:3]], lambda torch, net, change: loaded(torch, net, change, strict=False)),
        *each(OTHERS, lambda torch, net, change: loaded(torch, net, change), raises=True),
        *each(OTHERS, refused), asked(lambda torch, net: loaded(torch, net, NONE, assign=True)),
        asked(lambda torch, net: loaded(torch, net, CHANGES["misshapen"], strict=False), raises=True),
        *each([[1], {"own": 3}, 3], lambda torch, net, state: net.load_state_dict(state), raises=True),
        *each([{}, {"assign": True}], lambda torch, net, way:
            (net.load_state_dict({"first.scale": torch.zeros(2, dtype=torch.float64)}, False, **way), net.first.scale)),
    ],
    "to": [
        *each(TO, lambda torch, net, to: [net.to(*to(torch)) is net, dtypes(torch, net)]),
        asked(lambda torch, net: dtypes(torch, net.to(dtype=torch.float64, device="cpu", non_blocking=True))),
        *each(NOT_TO, lambda torch, net, to: net.to(*to(torch)), raises=True),
        asked(lambda torch, net: net.to(unknown=1), raises=True),
    ],
    **{name: [asked(lambda torch, net, name=name: [getattr(net, name)() is net, dtypes(torch, net)])]
       for name in ("float", "double", "cpu", "share_memory")},
    "type": [asked(lambda torch, net: dtypes(torch, net.type(torch.float64)))],
    "cuda": [asked(lambda torch, net: net.cuda(), raises=True)],
}  # fmt: skip

PARALLEL = lambda torch, x: ((m := torch.nn.DataParallel(torch.nn.Softplus(3)))(x), list(m.state_dict()), repr(m))

CALLS = {
    **{f"nn.Module.{name}": calls for name, calls in METHODS.items()},
    "nn.DataParallel": [Program(PARALLEL, f(2))],
}
