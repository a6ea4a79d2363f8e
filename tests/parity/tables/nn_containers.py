"""Modules that hold modules or parameters."""

from ..calling import Program, f


def made(torch, name: str, n: int = 3):
    """One with n members that can be told apart."""
    kind, nn = getattr(torch.nn, name), torch.nn
    if name == "Sequential":
        return kind(*[nn.Softplus(k + 1) for k in range(n)])
    if name == "ModuleList":
        return kind([nn.Softplus(k + 1) for k in range(n)])
    if name == "ModuleDict":
        return kind({f"m{k}": nn.Softplus(k + 1) for k in range(n)})
    if name == "ParameterList":
        return kind([torch.full((k + 1,), k + 0.5) for k in range(n)])
    return kind({f"p{k}": torch.full((k + 1,), k + 0.5) for k in range(n)})


def shown(torch, x):
    """A member in words; lists of them."""
    if isinstance(x, torch.nn.Module):
        return words(x)
    if isinstance(x, torch.Tensor):
        return [type(x).__name__, list(x.shape), x.tolist()]
    if isinstance(x, (list, tuple)):
        return [shown(torch, part) for part in x]
    return [shown(torch, part) for part in x] if hasattr(x, "__next__") or "dict_" in type(x).__name__ else x


def words(held) -> str:
    """Its repr, in which dtypes have one name."""
    return repr(held).replace("torch.", "").replace("FloatTensor", "float32")


def on(name: str, of, raises: bool = False) -> Program:
    """What of(torch, container) gives, and what the container is then."""

    def run(torch):
        held = made(torch, name)
        found = of(torch, held)
        names = [key for key, _ in held.named_children()], [key for key, _ in held.named_parameters()]
        return [shown(torch, found), words(held), names, list(held.state_dict()), found is held]

    return Program(run, raises=raises, dtypes=("float32",))


tanh = lambda torch: torch.nn.Tanh()
one = lambda torch: torch.nn.Parameter(torch.ones(1))


def rows(name: str, member) -> dict:
    """What Sequential, ModuleList and ParameterList have in common; `member(torch)` makes a new one."""
    held = lambda torch: [member(torch), member(torch)]
    return {
        "__getitem__": [
            *[on(name, lambda torch, x, at=at: x[at])
                for at in (0, -1, slice(1, None), slice(None, None, 2), slice(3, 1))],
            on(name, lambda torch, x: x[torch.tensor(1)]),
            *[on(name, lambda torch, x, at=at: x[at], raises=True) for at in (3, -4, "a", 0.5)],
        ],
        "__setitem__": [
            *[on(name, lambda torch, x, at=at: x.__setitem__(at, member(torch))) for at in (0, -1)],
            *[on(name, lambda torch, x, at=at: x.__setitem__(at, member(torch)), raises=True) for at in (3, -4, "a")],
        ],
        "__len__": [on(name, lambda torch, x: len(x))],
        "__iter__": [on(name, lambda torch, x: list(x))],
        "__iadd__": [on(name, lambda torch, x: x.__iadd__(made(torch, name, 2)))],
        "append": [on(name, lambda torch, x: x.append(member(torch)))],
        "extend": [
            on(name, lambda torch, x: x.extend(held(torch))), on(name, lambda torch, x: x.extend(iter(held(torch)))),
            on(name, lambda torch, x: x.extend([])), on(name, lambda torch, x: x.extend(made(torch, name, 2))),
            on(name, lambda torch, x: x.extend(3), raises=True),
        ],
    }  # fmt: skip


def ranks(name: str) -> dict:
    """What Sequential and ModuleList have in common besides."""
    return {
        "__delitem__": [
            *[on(name, lambda torch, x, at=at: x.__delitem__(at)) for at in (0, -1, slice(1, None), slice(0, 3, 2))],
            on(name, lambda torch, x: x.__delitem__(3), raises=True),
        ],
        "__add__": [on(name, lambda torch, x: x + made(torch, name, 1)), on(name, lambda torch, x: x + 3, raises=True)],
        "insert": [
            *[on(name, lambda torch, x, at=at: x.insert(at, tanh(torch))) for at in (0, 1, 3)],
        ],
        "pop": [
            *[on(name, lambda torch, x, at=at: x.pop(at)) for at in (0, -1, 1)],
            on(name, lambda torch, x: x.pop(3), raises=True),
        ],
    }  # fmt: skip


def mapped(name: str, member) -> dict:
    """What ModuleDict and ParameterDict have in common."""
    key = {"ModuleDict": "m1", "ParameterDict": "p1"}[name]
    return {
        "__getitem__": [on(name, lambda torch, x: x[key])],
        "__setitem__": [
            *[on(name, lambda torch, x, at=at: x.__setitem__(at, member(torch))) for at in (key, "new")],
        ],
        "__delitem__": [
            on(name, lambda torch, x: x.__delitem__(key)),
            on(name, lambda torch, x: x.__delitem__("other"), raises=True),
        ],
        "__len__": [on(name, lambda torch, x: len(x))],
        "__iter__": [on(name, lambda torch, x: list(x))],
        "__contains__": [on(name, lambda torch, x: [key in x, "other" in x])],
        "clear": [on(name, lambda torch, x: x.clear())],
        "pop": [on(name, lambda torch, x: x.pop(key))],
        "keys": [on(name, lambda torch, x: list(x.keys()))],
        "values": [on(name, lambda torch, x: list(x.values()))],
        "items": [on(name, lambda torch, x: list(x.items()))],
        "update": [
            on(name, lambda torch, x: x.update({key: member(torch), "new": member(torch)})),
            on(name, lambda torch, x: x.update([("z", member(torch)), ("a", member(torch))])),
            on(name, lambda torch, x: x.update(made(torch, name, 2))),
            *[on(name, lambda torch, x, other=other: x.update(other), raises=True) for other in (3, [3], [("a",)])],
        ],
    }  # fmt: skip


METHODS = {
    "Sequential": {
        **rows("Sequential", tanh), **ranks("Sequential"),
        "__init__": [
            Program(lambda torch: shown(torch, torch.nn.Sequential({"a": torch.nn.Tanh()})), raises=True),
            Program(lambda torch: repr(torch.nn.Sequential(__import__("collections").OrderedDict(b=torch.nn.Tanh(),
                a=torch.nn.ReLU())))),
            Program(lambda torch: [repr(torch.nn.Sequential()),
                repr(torch.nn.Sequential(torch.nn.Sequential(torch.nn.Tanh())))]),
            Program(lambda torch: torch.nn.Sequential(3), raises=True),
            Program(lambda torch: torch.nn.Sequential([]), raises=True),
        ],
        "forward": [
            Program(lambda torch, x: torch.nn.Sequential(torch.nn.Tanh(), torch.nn.Softmax(-1))(x), f(2, 3)),
            Program(lambda torch, x: torch.nn.Sequential()(x), f(2, 3)),
            Program(lambda torch, x: torch.nn.Sequential(torch.nn.Tanh())(x, x), f(2, 3), raises=True),
        ],
    },
    "ModuleList": {
        **rows("ModuleList", tanh), **ranks("ModuleList"),
        "__init__": [
            Program(lambda torch: [repr(torch.nn.ModuleList()),
                repr(torch.nn.ModuleList(torch.nn.Linear(2, 2) for _ in range(3)))]),
            Program(lambda torch: torch.nn.ModuleList(3), raises=True),
            Program(lambda torch: torch.nn.ModuleList([3]), raises=True),
        ],
        "forward": [Program(lambda torch, x: torch.nn.ModuleList()(x), f(2), raises=True)],
        "__repr__": [
            Program(lambda torch: repr(torch.nn.ModuleList([*[torch.nn.Linear(2, 2)] * 2, torch.nn.Tanh(),
                torch.nn.GRU(2, 2), torch.nn.GRU(2, 2)]))),
            Program(lambda torch: repr(torch.nn.ModuleList([torch.nn.ModuleList([torch.nn.Tanh()] * 2)] * 2))),
        ],
    },
    "ModuleDict": {
        **mapped("ModuleDict", tanh),
        "__init__": [
            Program(lambda torch: repr(torch.nn.ModuleDict([["b", torch.nn.Tanh()], ["a", torch.nn.ReLU()]]))),
            Program(lambda torch: repr(torch.nn.ModuleDict())),
            Program(lambda torch: torch.nn.ModuleDict({"a": 3}), raises=True),
            Program(lambda torch: torch.nn.ModuleDict({"a.b": torch.nn.Tanh()}), raises=True),
            Program(lambda torch: torch.nn.ModuleDict({"keys": torch.nn.Tanh()}), raises=True),
        ],
    },
    "ParameterList": {
        **rows("ParameterList", one),
        "__init__": [
            Program(lambda torch: [repr(torch.nn.ParameterList()), len(torch.nn.ParameterList([torch.ones(1)] * 2))]),
            Program(lambda torch: torch.nn.ParameterList(3), raises=True),
        ],
    },
    "ParameterDict": {
        **mapped("ParameterDict", one),
        "__init__": [Program(lambda torch: repr(torch.nn.ParameterDict())),
            Program(lambda torch: torch.nn.ParameterDict(3), raises=True)],
        "get": [on("ParameterDict", lambda torch, x: [x.get("p0"), x.get("other"), x.get("other", 3)])],
        "setdefault": [on("ParameterDict", lambda torch,
            x: [x.setdefault("p0", one(torch)), x.setdefault("new", one(torch))])],
        "copy": [on("ParameterDict", lambda torch, x: [x.copy(), x.copy() is x])],
        "__reversed__": [on("ParameterDict", lambda torch, x: list(reversed(x)))],
        "__or__": [on("ParameterDict", lambda torch, x: x | {"new": one(torch)})],
        "__ior__": [on("ParameterDict", lambda torch, x: x.__ior__({"new": one(torch)}))],
        "popitem": [on("ParameterDict", lambda torch, x: x.popitem())],
        "fromkeys": [on("ParameterDict", lambda torch, x: x.fromkeys(["a", "b"], one(torch)))],
    },
}  # fmt: skip

CALLS = {
    f"nn.{name}.{method}".removesuffix(".__init__"): calls
    for name, methods in METHODS.items()
    for method, calls in methods.items()
}
