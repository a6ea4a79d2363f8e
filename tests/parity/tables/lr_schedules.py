"""Every schedule for 50 steps with every option: learning rates, momentum, state dict, warnings and errors."""

import copy
import warnings

from ..calling import Program

STEPS = 50


def optimizer(torch, kind="SGD"):
    p, q = torch.ones(2, requires_grad=True), torch.ones(1, requires_grad=True)
    options = {"momentum": 0.9} if kind == "SGD" else {}
    return getattr(torch.optim, kind)([{"params": [p]}, {"params": [q], "lr": 0.25}], lr=0.5, **options)


def seen(group):
    return [group["lr"], *[group[name] for name in ("momentum",) if name in group], *group.get("betas", ())[:1]]


def followed(torch, optimizer, schedule, steps=STEPS, epochs=None, metric=None):
    """All learning rates and momenta, the last as the schedule tells them, its state, and what it warned of."""
    history = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for t in range(steps):
            history.append([x for group in optimizer.param_groups for x in seen(group)])
            optimizer.step()
            schedule.step(*([metric(t)] if metric else [] if epochs is None else [epochs(t)]))
    saved = schedule.state_dict()
    state = {key: saved[key] for key in sorted(saved) if key != "_schedulers"}
    categories = sorted({warning.category.__name__ for warning in caught})
    return torch.tensor(history, dtype=torch.float64), schedule.get_last_lr(), state, categories


def scheduled(torch, name, options, kind="SGD", **how):
    made = optimizer(torch, kind)
    return followed(torch, made, getattr(torch.optim.lr_scheduler, name)(made, **options), **how)


def resumed(torch, name, options, steps=7):
    """Seven steps, the state dicts, and seven more by another one."""
    first, second = optimizer(torch), optimizer(torch)
    make = getattr(torch.optim.lr_scheduler, name)
    one, other = make(first, **options), make(second, **options)
    followed(torch, first, one, steps)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    return followed(torch, second, other, steps)


def continued(torch, name, options, last_epoch=5):
    """Made anew for an optimiser that has been scheduled before."""
    made = optimizer(torch)
    make = getattr(torch.optim.lr_scheduler, name)
    followed(torch, made, make(made, **options), last_epoch)
    return followed(torch, made, make(made, last_epoch=last_epoch, **options), 10)


def in_order(make):
    """Several schedules together."""

    def program(torch):
        made = optimizer(torch)
        return followed(torch, made, make(torch.optim.lr_scheduler, made), 30)

    return Program(program, dtypes=("float64",))


def refused(torch, name, options, kind="SGD"):
    getattr(torch.optim.lr_scheduler, name)(optimizer(torch, kind), **options)


def run(program, *arguments, **options):
    return Program(program, *arguments, dtypes=("float64",), **options)


def calls(name, *options, bad=(), epochs=True, resume=True):
    """By options: 50 steps each; for the first also resumed, made anew, and stepped to given epochs."""
    first = options[0]
    more = [run(resumed, name, first), run(continued, name, first)] if resume else []
    jumps = [run(scheduled, name, first, epochs=lambda t: (t * 7) % 11, steps=12)] if epochs else []
    errors = [run(refused, name, each, raises=True) for each in bad]
    return [run(scheduled, name, each) for each in options] + more + jumps + errors


def metric(t):
    """It falls, and then goes up and down."""
    return 5 / (1 + t) + (t * 7 % 5) / 10


def plateau(**options):
    return run(scheduled, "ReduceLROnPlateau", options, metric=metric)


def falling(t):
    return 1 / (1 + t)


class Power:
    def __init__(self, base):
        self.base = base

    def __call__(self, epoch):
        return self.base**epoch


LAMBDAS = {"lr_lambda": [Power(0.9), Power(0.99)]}
CYCLE = {"base_lr": 0.1, "max_lr": 0.7, "step_size_up": 4}
ONE = {"max_lr": 0.7, "total_steps": 60}


def without_a_step(torch):
    """The schedule before the optimiser: a warning."""
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer(torch), 0.5)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        schedule.step()
        schedule.step()
        schedule.get_lr()
    return [warning.category.__name__ for warning in caught], schedule.get_last_lr(), schedule.last_epoch


def own(torch):
    """A schedule of one's own, under the older name of its base."""

    class Noam(torch.optim.lr_scheduler._LRScheduler):
        def __init__(self, optimizer, warmup, last_epoch=-1):
            self.warmup = warmup
            super().__init__(optimizer, last_epoch)

        def get_lr(self):
            t = max(1, self._step_count)
            return [lr * min(t**-0.5, t * self.warmup**-1.5) for lr in self.base_lrs]

    made = optimizer(torch)
    return followed(torch, made, Noam(made, 4), 10)


def past_the_end(torch):
    made = optimizer(torch)
    followed(torch, made, torch.optim.lr_scheduler.OneCycleLR(made, max_lr=1.0, total_steps=3), 5)


def with_a_foreign_optimizer(torch):
    made, other = optimizer(torch), optimizer(torch)
    schedules = torch.optim.lr_scheduler
    schedules.SequentialLR(made, [schedules.LinearLR(made), schedules.LinearLR(other)], [3])


def several(make):
    return run(lambda torch: make(torch.optim.lr_scheduler, optimizer(torch)), raises=True)


CALLS = {f"optim.lr_scheduler.{name}": listed for name, listed in {
    "LRScheduler": [
        run(without_a_step), run(own),
        run(lambda torch: torch.optim.lr_scheduler.LRScheduler(optimizer(torch)), raises=True),
        run(lambda torch: torch.optim.lr_scheduler.LRScheduler(3), raises=True),
        run(lambda torch: torch.optim.lr_scheduler.ExponentialLR(optimizer(torch), 0.5, last_epoch=3), raises=True),
    ],
    "LambdaLR": calls("LambdaLR", {"lr_lambda": falling}, LAMBDAS, bad=[{"lr_lambda": [falling]}]) + [
        run(resumed, "LambdaLR", LAMBDAS)
    ],
    "MultiplicativeLR": calls(
        "MultiplicativeLR", {"lr_lambda": lambda t: 1 - 1 / (5 + t)}, LAMBDAS,
        bad=[{"lr_lambda": [falling]}, {"lr_lambda": 0.5}, {"lr_lambda": [falling, 3]}],
    ),
    "StepLR": calls("StepLR", {"step_size": 4}, {"step_size": 1, "gamma": 0.9}, bad=[{}]),
    "MultiStepLR": calls(
        "MultiStepLR", {"milestones": [3, 8, 8, 30]}, {"milestones": [5], "gamma": 2.0}, {"milestones": [0, 2]}
    ),
    "ConstantLR": calls(
        "ConstantLR", {}, {"factor": 0.1, "total_iters": 20}, {"factor": 1.0},
        bad=[{"factor": 1.5}, {"factor": -0.5}],
    ),
    "LinearLR": calls(
        "LinearLR", {}, {"start_factor": 1.0, "end_factor": 0.1, "total_iters": 40}, {"end_factor": 0.0},
        bad=[{"start_factor": 0}, {"start_factor": 1.1}, {"end_factor": -0.1}, {"end_factor": 1.1}],
    ),
    "ExponentialLR": calls("ExponentialLR", {"gamma": 0.9}, bad=[{}]),
    "PolynomialLR": calls("PolynomialLR", {}, {"total_iters": 40, "power": 2.0}, {"total_iters": 60, "power": 0.5}),
    "CosineAnnealingLR": calls("CosineAnnealingLR", {"T_max": 7}, {"T_max": 60, "eta_min": 0.01}, {"T_max": 1}),
    "CosineAnnealingWarmRestarts": calls(
        "CosineAnnealingWarmRestarts", {"T_0": 5}, {"T_0": 3, "T_mult": 2}, {"T_0": 10, "T_mult": 3, "eta_min": 0.01},
        bad=[{"T_0": 0}, {"T_0": 1.5}, {"T_0": 2, "T_mult": 0}, {"T_0": 2, "eta_min": "0"}],
    ) + [
        run(scheduled, "CosineAnnealingWarmRestarts", {"T_0": 2, "T_mult": 2}, epochs=lambda t: t / 4),
        run(scheduled, "CosineAnnealingWarmRestarts", {"T_0": 2}, epochs=lambda t: -1, raises=True),
    ],
    "CyclicLR": calls(
        "CyclicLR", CYCLE, {**CYCLE, "step_size_down": 9}, {**CYCLE, "mode": "triangular2"},
        {**CYCLE, "mode": "exp_range", "gamma": 0.95}, {**CYCLE, "base_momentum": 0.5, "max_momentum": 0.7},
        {**CYCLE, "scale_fn": falling}, {**CYCLE, "scale_fn": falling, "scale_mode": "iterations"},
        {**CYCLE, "base_lr": [0.1, 0.2], "max_lr": (0.5, 0.3)}, {**CYCLE, "cycle_momentum": False},
        bad=[{}, {**CYCLE, "mode": "square"}, {**CYCLE, "base_lr": [0.1]}, {**CYCLE, "max_lr": [1, 2, 3]}],
    ) + [
        run(scheduled, "CyclicLR", CYCLE, kind="Adam"),
        run(refused, "CyclicLR", CYCLE, kind="Adagrad", raises=True),
    ],
    "OneCycleLR": calls(
        "OneCycleLR", ONE, {"max_lr": [0.7, 0.1], "epochs": 8, "steps_per_epoch": 8}, {**ONE, "pct_start": 0.6},
        {**ONE, "anneal_strategy": "linear"}, {**ONE, "three_phase": True}, {**ONE, "cycle_momentum": False},
        {**ONE, "base_momentum": 0.5, "max_momentum": [0.7, 0.6]}, {**ONE, "div_factor": 2.0, "final_div_factor": 5.0},
        bad=[
            {"max_lr": 1.0}, {"max_lr": 1.0, "total_steps": 0}, {"max_lr": 1.0, "total_steps": 1.5},
            {"max_lr": 1.0, "epochs": 2}, {"max_lr": 1.0, "epochs": 0, "steps_per_epoch": 2},
            {**ONE, "pct_start": 2.0}, {**ONE, "pct_start": 1}, {**ONE, "anneal_strategy": "square"},
            {**ONE, "max_lr": [0.1]},
        ],
        resume=False,
    ) + [
        run(resumed, "OneCycleLR", ONE), run(scheduled, "OneCycleLR", ONE, kind="Adam"), run(past_the_end, raises=True),
        run(refused, "OneCycleLR", ONE, kind="Adagrad", raises=True),
    ],
    "ReduceLROnPlateau": [
        plateau(), plateau(patience=2), plateau(patience=1, factor=0.5), plateau(patience=2, cooldown=4),
        plateau(mode="max", patience=3), plateau(patience=2, threshold=0.5), plateau(patience=2, min_lr=0.1),
        plateau(patience=2, threshold=0.3, threshold_mode="abs"), plateau(patience=1, min_lr=[0.2, 0.001]),
        plateau(mode="max", patience=2, threshold=0.3, threshold_mode="abs"), plateau(patience=1, eps=0.1),
        *[run(refused, "ReduceLROnPlateau", bad, raises=True) for bad in [
            {"factor": 1.0}, {"mode": "least"}, {"threshold_mode": "x"}, {"min_lr": [0.1]},
        ]],
        run(scheduled, "ReduceLROnPlateau", {}, raises=True),
    ],
    "SequentialLR": [
        in_order(lambda s, o: s.SequentialLR(o, [s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9)], [6])),
        in_order(lambda s, o: s.SequentialLR(o, [s.LinearLR(o), s.CosineAnnealingLR(o, 9), s.StepLR(o, 3)], [5, 14])),
        in_order(lambda s, o: s.SequentialLR(o, [s.LinearLR(o), s.CosineAnnealingWarmRestarts(o, 4)], [5])),
        in_order(lambda s, o: s.SequentialLR(o, [s.LambdaLR(o, falling), s.OneCycleLR(o, 1.0, 40)], [5])),
        in_order(lambda s, o: s.SequentialLR(o, [s.LinearLR(o), s.PolynomialLR(o, 9)], [0])),
        in_order(lambda s, o: s.SequentialLR(
            o, [s.SequentialLR(o, [s.LinearLR(o), s.ConstantLR(o)], [4]), s.MultiStepLR(o, [2, 4])], [12]
        )),
        several(lambda s, o: s.SequentialLR(o, [], [])), several(lambda s, o: s.SequentialLR(o, [s.LinearLR(o)], [3])),
        several(lambda s, o: s.SequentialLR(o, [s.ReduceLROnPlateau(o), s.LinearLR(o)], [3])),
        several(lambda s, o: s.SequentialLR(o, [3, s.LinearLR(o)], [3])), run(with_a_foreign_optimizer, raises=True),
    ],
    "ChainedScheduler": [
        in_order(lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9)])),
        in_order(lambda s, o: s.ChainedScheduler((s.StepLR(o, 3), s.LinearLR(o), s.CosineAnnealingLR(o, 9)), o)),
        several(lambda s, o: s.ChainedScheduler([])),
        several(lambda s, o: s.ChainedScheduler([s.ReduceLROnPlateau(o)])),
        several(lambda s, o: s.ChainedScheduler([s.LinearLR(o), 3])),
    ],
}.items()}  # fmt: skip
