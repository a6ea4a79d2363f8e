"""Every optimiser for 50 steps with every option: the parameters, and the whole state."""

from ..calling import Program, f

STEPS = 50


def trained(torch, name, *starts, steps=STEPS, **options):
    """The parameters and the state after descending into a valley that moves; one parameter has no gradient."""
    params = [x.detach().clone().requires_grad_() for x in starts]
    optimizer = getattr(torch.optim, name)(params, **options)
    for t in range(steps):
        optimizer.zero_grad()
        loss = 0
        for p in params[:-1]:
            loss = loss + (1 + t % 5) * (p - (t % 7) / 7).pow(2).sum() + p.sin().sum()
        loss.backward()
        optimizer.step()
    return [p.detach() for p in params], optimizer.state_dict()


def calls(name, *options, raises=()):
    """One call for each dict of options, and one for each that is an error."""
    starts = f(2), f(), f(1)
    return [Program(trained, name, *starts, **each) for each in options] + [
        Program(trained, name, f(2), f(1), steps=1, raises=True, **each) for each in raises
    ]


COMMON = {"weight_decay": 0.1}, {"maximize": True, "lr": 1e-3}, {"foreach": True}, {"foreach": False}
BAD = {"lr": -0.1}, {"weight_decay": -0.1}, {"differentiable": True}
BAD_EPS = (*BAD, {"eps": -1e-3})
NOT_CAPTURABLE = ({"capturable": True},)
FUSED = {"fused": True}, {"fused": False}
NOT_FUSED = {"fused": True, "foreach": True}, {"fused": True, "differentiable": True}
BETAS = {"betas": (0.8, 0.95)}, {"betas": (0.0, 0.0), "lr": 1e-2}, {"betas": [0.5, 0.9]}
BAD_BETAS = {"betas": (1.0, 0.9)}, {"betas": (0.9, 1.0)}, {"betas": (-0.1, 0.9)}
SLOW = {"lr": 0.01}

CALLS = {
    "optim.SGD": calls(
        "SGD", {}, SLOW, {"momentum": 0.9}, {"momentum": 0.9, "dampening": 0.3}, {"dampening": 0.5, **SLOW},
        {"momentum": 0.9, "nesterov": True}, {"momentum": 0.5, "nesterov": True, "weight_decay": 0.2, **SLOW},
        {"momentum": 0.9, "maximize": True}, *COMMON, *FUSED,
        raises=[
            *BAD, {"momentum": -0.1}, {"nesterov": True}, {"nesterov": True, "momentum": 0.9, "dampening": 0.1},
            {"betas": (0.9, 0.9)}, *NOT_FUSED,
        ],
    ),
    "optim.Adam": calls(
        "Adam", {}, SLOW, *BETAS, {"eps": 1e-2}, {"amsgrad": True, **SLOW}, {"amsgrad": True, "maximize": True},
        {"weight_decay": 0.1, "decoupled_weight_decay": True, **SLOW}, *COMMON, *FUSED,
        raises=[*BAD_EPS, *BAD_BETAS, *NOT_CAPTURABLE, *NOT_FUSED],
    ),
    "optim.AdamW": calls(
        "AdamW", {}, SLOW, *BETAS, {"eps": 1e-2}, {"amsgrad": True, "weight_decay": 0.3, **SLOW}, *COMMON, *FUSED,
        raises=[*BAD_EPS, *BAD_BETAS, *NOT_CAPTURABLE, *NOT_FUSED],
    ),
    "optim.Adamax": calls(
        "Adamax", {}, SLOW, *BETAS[::2], {"eps": 1e-2}, *COMMON, raises=[*BAD_EPS, *BAD_BETAS, *NOT_CAPTURABLE]
    ),
    "optim.NAdam": calls(
        "NAdam", {}, SLOW, *BETAS, {"eps": 1e-2}, {"momentum_decay": 0.1},
        {"weight_decay": 0.1, "decoupled_weight_decay": True, **SLOW}, *COMMON,
        raises=[*BAD_EPS, *BAD_BETAS, {"momentum_decay": -0.1}, *NOT_CAPTURABLE],
    ),
    "optim.RAdam": calls(
        "RAdam", {}, SLOW, *BETAS[::2], {"eps": 1e-2}, {"betas": (0.9, 0.5)},
        {"weight_decay": 0.1, "decoupled_weight_decay": True, **SLOW}, *COMMON,
        raises=[*BAD_EPS, *BAD_BETAS, *NOT_CAPTURABLE],
    ),
    "optim.RMSprop": calls(
        "RMSprop", {}, {"lr": 1e-3}, {"alpha": 0.5}, {"alpha": 0.0}, {"eps": 1e-2}, {"momentum": 0.5, "lr": 1e-3},
        {"centered": True, "lr": 1e-3}, {"centered": True, "momentum": 0.5, "lr": 1e-3}, *COMMON,
        raises=[*BAD_EPS, {"alpha": -0.1}, {"momentum": -0.1}, *NOT_CAPTURABLE],
    ),
    "optim.Adagrad": calls(
        "Adagrad", {}, {"lr": 0.1}, {"lr_decay": 0.1}, {"initial_accumulator_value": 0.5}, {"eps": 1e-2}, *COMMON,
        *FUSED,
        raises=[*BAD_EPS, {"lr_decay": -0.1}, {"initial_accumulator_value": -0.1}, *NOT_FUSED],
    ),
    "optim.Adadelta": calls(
        "Adadelta", {}, {"lr": 0.5}, {"rho": 0.5}, {"rho": 0.0}, {"eps": 1e-3}, *COMMON,
        raises=[*BAD_EPS, {"rho": 1.1}, {"rho": -0.1}, *NOT_CAPTURABLE],
    ),
    "optim.Rprop": calls(
        "Rprop", {}, {"lr": 0.1}, {"etas": (0.3, 1.5)}, {"step_sizes": (0.01, 0.05)}, *COMMON[1:],
        raises=[BAD[0], BAD[2], {"etas": (1.0, 1.2)}, {"etas": (0.5, 0.9)}, {"etas": (0.0, 1.2)}, *NOT_CAPTURABLE],
    ),
    "optim.ASGD": calls(
        "ASGD", {}, SLOW, {"lambd": 0.1}, {"lambd": 0.1, "alpha": 0.5}, {"t0": 10}, {"t0": 0, "lr": 1e-3}, *COMMON,
        raises=[*BAD, *NOT_CAPTURABLE],
    ),
}  # fmt: skip
