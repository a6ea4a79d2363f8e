"""What all optimisers share: groups, closures, missing gradients, state dicts, errors; and L-BFGS."""

import copy
import warnings

from ..calling import Program, f, given


def leaves(xs):
    return [x.detach().clone().requires_grad_() for x in xs]


def step(optimizer, params, t=0):
    optimizer.zero_grad()
    sum([((p - t) ** 2).sum() for p in params]).backward()
    optimizer.step()


def groups(torch, *xs):
    """Groups with hyperparameters of their own, one of them added later."""
    p, q, r = leaves(xs)
    optimizer = torch.optim.SGD([{"params": [p]}, {"params": q, "lr": 0.5, "momentum": 0.9}], lr=0.1)
    for t in range(3):
        step(optimizer, (p, q, r), t)
    optimizer.add_param_group({"params": (r,), "weight_decay": 0.3})
    for t in range(3):
        step(optimizer, (p, q, r), t)
    return p, q, r, optimizer.state_dict()


def named(torch, *xs):
    p, q, r = leaves(xs)
    optimizer = torch.optim.Adam([("p", p), ("q", q)])
    step(optimizer, (p, q))
    optimizer.add_param_group({"params": [("r", r)]})
    return optimizer.state_dict()


def learning_rate_set_by_hand(torch, x):
    (p,) = leaves([x])
    optimizer = torch.optim.Adam([p], lr=0.1)
    for t in range(4):
        for group in optimizer.param_groups:
            group["lr"] *= 0.5
        step(optimizer, [p], t)
    return p


def a_tensor_as_learning_rate(torch, x, lr):
    (p,) = leaves([x])
    step(torch.optim.Adam([p], lr=lr), [p])
    return p


def missing_gradients(torch, *xs):
    """A parameter without gradient stays, and has no state; one with zeros has."""
    p, q, r = leaves(xs)
    optimizer = torch.optim.Adam([p, q, r], weight_decay=0.1)
    p.grad, r.grad = torch.ones_like(p), torch.zeros_like(r)
    optimizer.step()
    return p, q, r, list(optimizer.state_dict()["state"])


def zero_grad(torch, x, set_to_none):
    (p,) = leaves([x])
    optimizer = torch.optim.SGD([p])
    p.sum().backward()
    optimizer.zero_grad(set_to_none)
    return p.grad


def closure(torch, x):
    (p,) = leaves([x])
    optimizer = torch.optim.SGD([p], lr=0.1)

    def loss():
        optimizer.zero_grad()
        value = (p**2).sum()
        value.backward()
        return value.detach()

    with torch.no_grad():
        return optimizer.step(loss), p, optimizer.step()


def loaded(torch, name, x, **options):
    """Ten steps are four, a state dict, and six by another optimiser."""
    p, q = leaves([x, x])
    optimizer = getattr(torch.optim, name)([p], **options)
    for t in range(4):
        step(optimizer, [p], t)
    q.data.copy_(p.data)
    other = getattr(torch.optim, name)([q], lr=77.0)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))  # PyTorch's would be shared
    for t in range(6):
        step(optimizer, [p], t)
        step(other, [q], t)
    return p, torch.equal(p, q), other.state_dict()


def misfit(torch, x, first, second):
    """A state dict of other groups."""
    make = lambda counts: torch.optim.SGD([{"params": leaves([x] * n)} for n in counts])
    make(first).load_state_dict(make(second).state_dict())


def own(torch, x):
    """An optimiser of one's own."""

    class Signs(torch.optim.Optimizer):
        def __init__(self, params, lr=0.1):
            super().__init__(params, {"lr": lr})

        @torch.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    self.state[p]["steps"] = self.state[p].get("steps", 0) + 1
                    p.add_(p.grad.sign(), alpha=-group["lr"])

    (p,) = leaves([x])
    optimizer = Signs([p], lr=0.25)
    for t in range(3):
        step(optimizer, [p], t)
    return p, optimizer.state_dict(), optimizer.defaults


def printed(torch, x):
    return repr(torch.optim.SGD([{"params": leaves([x])}, {"params": leaves([x]), "lr": 0.5}], lr=0.25))


def made(torch, make, *xs):
    make(torch, *xs)


def backward(loss):
    loss.backward()
    return loss


def a_parameter_twice(torch, x):
    """A warning, and it goes twice as far."""
    (p,) = leaves([x])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        optimizer = torch.optim.SGD([p, p], lr=0.1)
    step(optimizer, [p])
    return p, [warning.category.__name__ for warning in caught], optimizer.state_dict()


def rosenbrock(torch, x, steps=4, **options):
    """L-BFGS in a bent valley."""
    (p,) = leaves([x])
    optimizer = torch.optim.LBFGS([p], **options)

    def loss():
        optimizer.zero_grad()
        value = ((1 - p[:-1]) ** 2 + 10 * (p[1:] - p[:-1] ** 2) ** 2).sum()
        value.backward()
        return value

    losses = [optimizer.step(loss).item() for _ in range(steps)]
    state = optimizer.state_dict()["state"][0]
    return losses, p, sorted(set(state) - {"al"}), state["n_iter"], state["func_evals"]


WAYS = {
    "SGD": {"lr": 0.1, "momentum": 0.9}, "Adam": {"amsgrad": True}, "AdamW": {}, "Adamax": {}, "RAdam": {},
    "RMSprop": {"centered": True, "momentum": 0.5}, "Adagrad": {"lr_decay": 0.1}, "Adadelta": {}, "Rprop": {},
}  # fmt: skip
SEARCH = {"line_search_fn": "strong_wolfe"}
valley = given([-0.5, 0.8, 0.3])

CALLS = {
    "optim.Optimizer": [
        Program(groups, f(2), f(1), f()), Program(named, f(2), f(1), f()), Program(learning_rate_set_by_hand, f(3)),
        Program(a_tensor_as_learning_rate, f(2), given(0.1)), Program(a_tensor_as_learning_rate, f(2), given([0.1])),
        Program(missing_gradients, f(2), f(1), f()), Program(zero_grad, f(2), True), Program(zero_grad, f(2), False),
        Program(closure, f(2)), Program(a_parameter_twice, f(2)), Program(own, f(3)), Program(printed, f(2)),
        *[Program(loaded, name, f(2), **options) for name, options in WAYS.items()],
        *[Program(misfit, f(1), *counts, raises=True) for counts in [([1], [1, 1]), ([2], [1]), ([1, 2], [2, 1])]],
        *[Program(made, make, f(2), f(1), raises=True) for make in [
            lambda torch, x, y: torch.optim.SGD([]),
            lambda torch, x, y: torch.optim.SGD(x),
            lambda torch, x, y: torch.optim.SGD([x * 2]),
            lambda torch, x, y: torch.optim.SGD([3.0]),
            lambda torch, x, y: torch.optim.SGD([{"params": [x]}, {"params": [x]}]),
            lambda torch, x, y: torch.optim.SGD([{"params": {x}}]),
            lambda torch, x, y: torch.optim.SGD([("x", x), y]),
            lambda torch, x, y: torch.optim.SGD([{"lr": 0.1}]),
            lambda torch, x, y: torch.optim.SGD([x]).add_param_group([y]),
            lambda torch, x, y: torch.optim.SGD([x]).add_param_group({"params": [x]}),
            lambda torch, x, y: torch.optim.SGD([x], lr=torch.ones(2)),
            lambda torch, x, y: torch.optim.SGD([x], momentum="much"),
            lambda torch, x, y: torch.optim.Adam([x]).load_state_dict({}),
            lambda torch, x, y: torch.optim.LBFGS([{"params": [x]}, {"params": [y]}]),
            lambda torch, x, y: torch.optim.LBFGS([x], lr=-1),
            lambda torch, x, y: torch.optim.LBFGS([x]).step(),
            lambda torch, x, y: torch.optim.LBFGS([x], line_search_fn="steepest").step(lambda: backward(x.sum())),
        ]],
    ],
    "optim.LBFGS": [
        Program(rosenbrock, valley, steps=1, max_iter=3), *[
            Program(rosenbrock, valley, dtypes=("float64",), **options)  # float32 takes other turns
            for options in [
                {}, {"lr": 0.5}, {"max_iter": 3}, {"max_eval": 4}, {"history_size": 2}, {"tolerance_grad": 1.0},
                {"tolerance_change": 0.1}, SEARCH, {**SEARCH, "lr": 0.3}, {**SEARCH, "max_iter": 3},
                {**SEARCH, "max_eval": 4}, {**SEARCH, "history_size": 1, "steps": 2},
            ]
        ],
    ],
}  # fmt: skip
