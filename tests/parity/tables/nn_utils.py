"""Gradients that are clipped, and parameters as one vector."""

from math import inf, nan

from ..calling import Call, Program, constant, f, given, i


def clipped(name: str, *options, of=(), raises=False, **more) -> Program:
    """What is returned, and the gradients then; some parameter has none."""

    def run(torch, *arrays):
        parameters = [torch.zeros_like(x).requires_grad_() for x in arrays]
        for parameter, x in zip(parameters, arrays, strict=True):
            parameter.grad = x.clone()
        parameters.append(torch.zeros(2, requires_grad=True))
        given_ = parameters[0] if len(arrays) == 1 else iter(parameters)
        found = getattr(torch.nn.utils, name)(given_, *options, **more)
        return found, [p.grad for p in parameters]

    return Program(run, *(of or (constant(f(2, 3)), constant(f(4)), constant(f()))), raises=raises)


def known(torch, x, norm):
    """`clip_grads_with_norm_` of a gradient x."""
    parameter = torch.zeros_like(x).requires_grad_()
    parameter.grad = x.clone()
    return torch.nn.utils.clip_grads_with_norm_([parameter], 0.5, norm), parameter.grad


def written(torch, x):
    """The parameters that a vector was written into."""
    net = torch.nn.GRU(1, 2).to(x.dtype)
    torch.nn.utils.vector_to_parameters(x, net.parameters())
    return list(net.parameters()), torch.nn.utils.parameters_to_vector(net.parameters())


BAD = constant(given([inf, 1.0])), constant(given([nan])), constant(given([-inf]))
CALLS = {
    "nn.utils.clip_grad_norm_": [
        *[clipped("clip_grad_norm_", max_norm) for max_norm in (0.5, 100, 0)],
        *[clipped("clip_grad_norm_", 0.5, norm_type) for norm_type in (1, 3.0, inf, "inf", 0.5, 0, -1, -inf)],
        clipped("clip_grad_norm_", max_norm=1.0, norm_type=2.0, error_if_nonfinite=True, foreach=False),
        *[clipped("clip_grad_norm_", 1.0, of=(x, constant(f(2)))) for x in BAD],
        clipped("clip_grad_norm_", 1.0, of=(constant(f(3)),)),
        *[clipped("clip_grad_norm_", 1.0, error_if_nonfinite=True, of=(x,), raises=True) for x in BAD],
        clipped("clip_grad_norm_", raises=True), clipped("clip_grad_norm_", "a", raises=True),
        Program(lambda torch: torch.nn.utils.clip_grad_norm_([], 1.0)), clipped("clip_grad_norm_", 1.0, foreach=None),
        Program(lambda torch: torch.nn.utils.clip_grad_norm_([torch.zeros(2, requires_grad=True)], 1.0)),
        clipped("clip_grad_norm_", 0.1, of=(constant(f(2)), constant(f(0)))),
        clipped("clip_grad_norm_", 0.1, foreach=True),
    ],
    "nn.utils.clip_grad_norm": [clipped("clip_grad_norm", 0.5), clipped("clip_grad_norm", 0.5, 1)],
    "nn.utils.clip_grad_value_": [
        *[clipped("clip_grad_value_", bound) for bound in (0.3, 0, 10)],
        clipped("clip_grad_value_", clip_value=0.3, foreach=False),
        *[clipped("clip_grad_value_", 1.0, of=(x, constant(f(2)))) for x in BAD],
        clipped("clip_grad_value_", "a", raises=True),
        clipped("clip_grad_value_", 0.2, of=(constant(f(3)),)), clipped("clip_grad_value_", raises=True),
    ],
    "nn.utils.clip_grads_with_norm_": [
        Program(known, constant(f(3)), constant(given(norm))) for norm in (0.1, 2.0, inf)
    ],
    "nn.utils.get_total_norm": [
        *[Call([constant(f(2)), constant(f(3))], *options) for options in [(), (1,), (inf,), (3.0,)]],
        Call([]), Call(constant(f(3))), Call([constant(f(2))], 2.0, True, False),
        Call([BAD[1]], error_if_nonfinite=True, raises=True), Call([BAD[0]]),
    ],
    "nn.utils.parameters_to_vector": [
        Call([f(2, 3), f(), f(0)]), Call([f(2)]),
        Program(lambda torch, x: torch.nn.utils.parameters_to_vector(iter([x, x])), f(2)),
        Call([], raises=True), Call([i(2), i(1, 2)]),
    ],
    "nn.utils.vector_to_parameters": [
        Program(written, constant(f(30)), grad=False), Program(written, f(29), raises=True),
        Program(lambda torch: torch.nn.utils.vector_to_parameters([1.0], torch.nn.Tanh().parameters()), raises=True),
    ],
}  # fmt: skip
