"""Random variables: log-probabilities, entropies, moments and their gradients; of samples the shapes."""

from ..calling import Call, Program, f, given, i, pos, unit


def of(name, *wanted):
    """A program that makes the distribution and asks it."""

    def run(torch, value, **parameters):
        d = getattr(torch.distributions, name)(**parameters)
        shown = repr(d).replace("torch.", ""), list(d.batch_shape)  # before anything is computed, which PyTorch shows
        return *shown, d.log_prob(value), d.entropy(), *[getattr(d, each) for each in wanted]

    return run


def drawn(name):
    def run(torch, shape, **parameters):
        return getattr(torch.distributions, name)(**parameters).sample(shape)

    return run


def kl(name):
    def run(torch, p, q):
        kind = getattr(torch.distributions, name)
        return torch.distributions.kl_divergence(kind(*p), kind(*q))

    return run


def unlike(torch):
    d = torch.distributions
    return d.kl_divergence(d.Normal(0.0, 1.0), d.Bernoulli(0.5))


def base(torch, x):
    d = torch.distributions.Normal(x, 1.0)
    return isinstance(d, torch.distributions.Distribution), d.has_rsample


CALLS = {
    "distributions.Categorical": [
        Program(of("Categorical", "probs", "logits", "mode"), i(2, high=3), probs=pos(2, 3)),
        Program(of("Categorical", "probs", "logits", "mode"), i(4, 2, high=3), logits=f(2, 3)),
        Program(drawn("Categorical"), (3,), only="shape", probs=pos(2, 3)),
        Call(raises=True),
        Call(given([0.5, -1.0]), raises=True),
        Call(given(0.5), raises=True),
    ],
    "distributions.Bernoulli": [
        Program(of("Bernoulli", "mean", "variance"), given([0.0, 1.0]), probs=given([0.25, 0.75])),
        Program(of("Bernoulli", "mean", "variance"), given([0.0, 1.0]), logits=f(3, 2)),
        Program(drawn("Bernoulli"), (3,), only="shape", logits=f(2)),
        Call(1.5, raises=True),
        Call(raises=True),
    ],
    "distributions.Normal": [
        Program(of("Normal", "mean", "stddev", "variance"), f(2, 3), loc=f(3), scale=pos(2, 3)),
        Program(drawn("Normal"), (3, 1), only="shape", loc=f(2), scale=pos(2)),
        Call(0.0, -1.0, raises=True),
        Call(f(2), pos(3), raises=True),
    ],
    "distributions.kl_divergence": [
        Program(kl("Normal"), (f(3), pos(3)), (f(3), pos(3))),
        Program(kl("Categorical"), (pos(2, 3),), (pos(2, 3),)),
        Program(kl("Bernoulli"), (given([0.25]),), (given([0.75]),)),
        Program(unlike, raises=True),
    ],
    "distributions.Distribution": [Program(base, unit(2))],
}
