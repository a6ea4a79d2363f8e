"""torch.func.functional_call: modules with other parameters and buffers."""

from .func import numbers, once


def drawn(m, like, seed):
    """The same numbers in both libraries."""
    return (m.arange(like.numel(), dtype=m.float64) * 0.37 + seed).sin().view(*like.shape)


def parameters(m, module):
    return {name: drawn(m, p, k) for k, (name, p) in enumerate(module.named_parameters())}


def with_other_parameters(m):
    model = m.nn.Sequential(m.nn.Linear(3, 4), m.nn.Tanh(), m.nn.Linear(4, 2)).double()
    before = {name: p.clone() for name, p in model.named_parameters()}
    y = m.func.functional_call(model, parameters(m, model), numbers(m))
    return y, all([m.equal(p, before[name]) for name, p in model.named_parameters()])


def by_its_parameters(m):
    """The gradient as a dict; the module itself learns nothing of it."""
    model = m.nn.LSTM(3, 2, num_layers=2).double()
    loss = lambda given: m.func.functional_call(model, given, (numbers(m, 12).view(2, 2, 3),))[0].pow(2).sum()
    found = m.func.grad(loss)(parameters(m, model))
    assert list(found) == [name for name, _ in model.named_parameters()]
    return *found.values(), [p.grad for p in model.parameters()]


def some_of_its_parameters(m):
    model = m.nn.Linear(3, 2).double()
    with m.no_grad():
        model.bias.zero_()
    return m.func.functional_call(model, {"weight": parameters(m, model)["weight"]}, numbers(m))


def more_than_its_parameters(m):
    model = m.nn.Linear(3, 2).double()
    return m.func.functional_call(model, {**parameters(m, model), "other": numbers(m)}, numbers(m))


def in_several_dicts(m):
    model = m.nn.Linear(3, 2).double()
    given = parameters(m, model)
    parts = ({"weight": given["weight"]}, {"bias": given["bias"]})
    return m.func.functional_call(model, parts, None, {"input": numbers(m)}, strict=True)


def buffers(m):
    model = m.nn.BatchNorm1d(2).double().eval()
    given = {"running_mean": numbers(m, 2), "running_var": numbers(m, 2)}
    return m.func.functional_call(model, given, (numbers(m, 6).view(3, 2),)), model.running_mean


class Tied:
    @staticmethod
    def of(m):
        class Model(m.nn.Module):
            def __init__(self):
                super().__init__()
                self.first = m.nn.Linear(3, 3, bias=False)
                self.second = m.nn.Linear(3, 3, bias=False)
                self.second.weight = self.first.weight

            def forward(self, x):
                return self.second(self.first(x))

        return Model().double()


def tied(m):
    return m.func.functional_call(Tied.of(m), {"first.weight": numbers(m, 9).view(3, 3)}, numbers(m))


def tied_by_the_other_name(m):
    return m.func.functional_call(Tied.of(m), {"second.weight": numbers(m, 9).view(3, 3)}, numbers(m))


def tied_but_not_now(m):
    model = Tied.of(m)
    given = {"first.weight": numbers(m, 9).view(3, 3), "second.weight": numbers(m, 9).exp().view(3, 3)}
    return m.func.functional_call(model, given, numbers(m), tie_weights=False)


def refused(call):
    def program(m):
        model = m.nn.Linear(3, 2).double()
        return call(m, model, parameters(m, model))

    return program


CALLS = {"func.functional_call": once(
    with_other_parameters, by_its_parameters, some_of_its_parameters, more_than_its_parameters, in_several_dicts,
    buffers, tied, tied_by_the_other_name, tied_but_not_now,
) + once(*map(refused, [
    lambda m, model, p: m.func.functional_call(model, {**p, "q.weight": p["bias"]}, numbers(m)),
    lambda m, model, p: m.func.functional_call(model, {**p, "q": p["bias"]}, numbers(m), strict=True),
    lambda m, model, p: m.func.functional_call(model, {"bias": p["bias"]}, numbers(m), strict=True),
    lambda m, model, p: m.func.functional_call(model, (p, p), numbers(m)),
    lambda m, model, p: m.func.functional_call(model, {"weight": 3}, numbers(m)),
    lambda m, model, p: m.func.functional_call(model, {"weight": p["bias"].view(1, 2)}, numbers(m)),
    lambda m, model, p: m.func.functional_call(model, 3, numbers(m)),
    lambda m, model, p: m.func.functional_call(3, p, numbers(m)),
    lambda m, model, p: m.func.functional_call(
        Tied.of(m), {"first.weight": m.zeros(3, 3), "second.weight": m.ones(3, 3)}, numbers(m)
    ),
]), raises=True)}  # fmt: skip
