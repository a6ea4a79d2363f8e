"""Learning-rate schedules against torch, thirty steps and more."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tinygrad_rnn.optim as optim
from tinygrad_rnn.optim import lr_scheduler
from tinygrad_rnn.tensor import Tensor

CASES = [
    ("StepLR", {"step_size": 4}),
    ("StepLR", {"step_size": 1, "gamma": 0.7}),
    ("MultiStepLR", {"milestones": [3, 8, 8, 15], "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [0, 5]}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("CosineAnnealingLR", {"T_max": 7}),
    ("CosineAnnealingLR", {"T_max": 30, "eta_min": 0.01}),
    ("LambdaLR", {"lr_lambda": lambda epoch: 1 / (1 + epoch)}),
    ("LambdaLR", {"lr_lambda": [lambda epoch: 0.9**epoch, lambda epoch: 2 + epoch]}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 1 - 1 / (5 + epoch)}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.25, "total_iters": 8}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.9, "end_factor": 0.1, "total_iters": 20}),
    ("PolynomialLR", {}),
    ("PolynomialLR", {"total_iters": 20, "power": 2.0}),
    ("CosineAnnealingWarmRestarts", {"T_0": 5}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.7, "step_size_up": 4}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": [0.7, 0.2], "step_size_up": 4, "step_size_down": 3, "mode": "triangular2"}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.7, "step_size_up": 3, "mode": "exp_range", "gamma": 0.9}),
    (
        "CyclicLR",
        {
            "base_lr": [0.1, 0.2],
            "max_lr": 0.7,
            "step_size_up": 3,
            "scale_fn": lambda x: 1 / (1 + x),
            "scale_mode": "iterations",
            "cycle_momentum": False,
        },
    ),
    ("OneCycleLR", {"max_lr": 0.7, "total_steps": 31}),
    ("OneCycleLR", {"max_lr": [0.7, 0.1], "epochs": 8, "steps_per_epoch": 4, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 0.7, "total_steps": 40, "three_phase": True, "pct_start": 0.25}),
    ("OneCycleLR", {"max_lr": 0.7, "total_steps": 30, "cycle_momentum": False, "div_factor": 3.0}),
    ("OneCycleLR", {"max_lr": 0.7, "total_steps": 30, "base_momentum": [0.1, 0.2], "max_momentum": 0.5}),
]
PLATEAUS = [
    {},
    {"patience": 0, "factor": 0.5},
    {"patience": 2, "mode": "max", "cooldown": 3},
    {"patience": 1, "threshold": 0.3, "threshold_mode": "abs", "min_lr": [0.05, 0.01]},
    {"patience": 1, "threshold": 0.3, "threshold_mode": "abs", "mode": "max", "min_lr": 0.02},
    {"patience": 0, "factor": 0.9, "eps": 0.05},
]


def optimizer(kind=optim.SGD, **options):
    params = [Tensor(np.ones(2)).requires_grad_() for _ in range(2)]
    return kind([{"params": params[0]}, {"params": params[1], "lr": 0.25}], lr=0.5, **options)


def reference(torch, kind="SGD", **options):
    params = [torch.ones(2, requires_grad=True) for _ in range(2)]
    groups = [{"params": params[0]}, {"params": params[1], "lr": 0.25}]
    return getattr(torch.optim, kind)(groups, lr=0.5, **options)


def hyperparameters(opt):
    """What a schedule may have moved."""
    return [[group["lr"], group.get("momentum", 0), *group.get("betas", ())] for group in opt.param_groups]


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_as_torch(name, options, kind):
    torch = pytest.importorskip("torch")
    extra = {"momentum": 0.9} if kind == "SGD" else {}
    ours, theirs = optimizer(getattr(optim, kind), **extra), reference(torch, kind, **extra)
    schedule = getattr(lr_scheduler, name)(ours, **options)
    expected = getattr(torch.optim.lr_scheduler, name)(theirs, **options)
    for _ in range(30):
        np.testing.assert_allclose(hyperparameters(ours), hyperparameters(theirs), rtol=1e-12)
        np.testing.assert_allclose(schedule.get_last_lr(), expected.get_last_lr(), rtol=1e-12)
        assert schedule.last_epoch == expected.last_epoch
        ours.step(), theirs.step()
        schedule.step(), expected.step()


@pytest.mark.parametrize("options", PLATEAUS)
def test_plateau_as_torch(options):
    torch = pytest.importorskip("torch")
    ours, theirs = optimizer(), reference(torch)
    schedule = lr_scheduler.ReduceLROnPlateau(ours, **options)
    expected = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
    metrics = np.cumsum(np.random.default_rng(0).normal(size=60) * 0.3)
    for metric in metrics:
        schedule.step(Tensor(np.array(metric)))
        expected.step(metric)
        np.testing.assert_allclose(schedule.get_last_lr(), expected.get_last_lr(), rtol=1e-12)
        assert [group["lr"] for group in ours.param_groups] == schedule.get_last_lr()
        assert (schedule.num_bad_epochs, schedule.best) == (expected.num_bad_epochs, expected.best)
    assert schedule.get_last_lr() != [0.5, 0.25] or "eps" in options


@pytest.mark.parametrize(("name", "options"), [
    case for case in CASES if not {"lr_lambda", "scale_fn"} & set(case[1])
])  # fmt: skip
def test_a_loaded_schedule_continues(name, options):
    first = optimizer()
    schedule = getattr(lr_scheduler, name)(first, **options)
    first.step()
    for _ in range(10):
        schedule.step()
    saved = pickle.loads(pickle.dumps((first.state_dict(), schedule.state_dict())))
    second = optimizer()
    resumed = getattr(lr_scheduler, name)(second, **options)
    second.load_state_dict(saved[0])
    resumed.load_state_dict(saved[1])
    for _ in range(10):
        assert resumed.get_last_lr() == schedule.get_last_lr()
        schedule.step()
        resumed.step()
    assert hyperparameters(first) == hyperparameters(second)


def test_torch_schedule_states_load():
    torch = pytest.importorskip("torch")
    theirs = reference(torch)
    expected = torch.optim.lr_scheduler.CosineAnnealingLR(theirs, 20)
    theirs.step()
    for _ in range(5):
        expected.step()
    ours = optimizer()
    schedule = lr_scheduler.CosineAnnealingLR(ours, 3)
    ours.load_state_dict(theirs.state_dict())
    schedule.load_state_dict(copy.deepcopy(expected.state_dict()))
    schedule.step(), expected.step()
    np.testing.assert_allclose(schedule.get_last_lr(), expected.get_last_lr(), rtol=1e-12)


def test_plateau_state():
    ours = optimizer()
    schedule = lr_scheduler.ReduceLROnPlateau(ours, patience=1)
    for metric in (1.0, 2.0):
        schedule.step(metric)
    other = lr_scheduler.ReduceLROnPlateau(optimizer(), patience=7)
    other.load_state_dict(schedule.state_dict())
    other.step(2.0)
    assert other.get_last_lr() == pytest.approx([0.05, 0.025])


def test_resuming_by_last_epoch():
    ours = optimizer()
    schedule = lr_scheduler.ExponentialLR(ours, 0.5)
    ours.step()
    for _ in range(3):
        schedule.step()
    resumed = lr_scheduler.ExponentialLR(ours, 0.5, last_epoch=schedule.last_epoch)
    assert resumed.last_epoch == 4
    assert resumed.base_lrs == [0.5, 0.25]
    with pytest.raises(KeyError, match=r"initial_lr.*param_groups\[0\]"):
        lr_scheduler.ExponentialLR(optimizer(), 0.5, last_epoch=3)


def test_schedules_chain():
    ours = optimizer()
    ours.step()
    first, second = lr_scheduler.ExponentialLR(ours, 0.5), lr_scheduler.StepLR(ours, 2, 0.1)
    for _ in range(4):
        first.step()
        second.step()
    lrs = [group["lr"] for group in ours.param_groups]
    np.testing.assert_allclose(lrs, np.array([0.5, 0.25]) * 0.5**4 * 0.1**2)


class Power:
    """A factor with a state of its own."""

    def __init__(self, base):
        self.base = base

    def __call__(self, epoch):
        return self.base**epoch


SEVERAL = {
    "one after the other": lambda s, o: s.SequentialLR(
        o, [s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9), s.StepLR(o, 2, 0.5)], [3, 9]
    ),
    "the second at once": lambda s, o: s.SequentialLR(o, [s.LinearLR(o), s.CosineAnnealingLR(o, 9)], [0]),
    "warm restarts": lambda s, o: s.SequentialLR(o, [s.LinearLR(o), s.CosineAnnealingWarmRestarts(o, 4)], [5]),
    "all at once": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9)]),
    "both": lambda s, o: s.ChainedScheduler(
        [s.SequentialLR(o, [s.LinearLR(o), s.PolynomialLR(o, 20)], [6]), s.MultiplicativeLR(o, Power(0.99))]
    ),
}  # fmt: skip


@pytest.mark.parametrize("make", SEVERAL.values(), ids=SEVERAL)
def test_several_as_torch(make):
    torch = pytest.importorskip("torch")
    ours, theirs = optimizer(), reference(torch)
    schedule, expected = make(lr_scheduler, ours), make(torch.optim.lr_scheduler, theirs)
    for _ in range(20):
        np.testing.assert_allclose(hyperparameters(ours), hyperparameters(theirs), rtol=1e-12)
        np.testing.assert_allclose(schedule.get_last_lr(), expected.get_last_lr(), rtol=1e-12)
        ours.step(), theirs.step()
        schedule.step(), expected.step()


@pytest.mark.parametrize("make", SEVERAL.values(), ids=SEVERAL)
def test_several_continue(make):
    first, second = optimizer(), optimizer()
    schedule, resumed = make(lr_scheduler, first), make(lr_scheduler, second)
    first.step(), second.step()
    for _ in range(7):
        schedule.step()
    saved = pickle.loads(pickle.dumps((first.state_dict(), schedule.state_dict())))
    second.load_state_dict(saved[0])
    resumed.load_state_dict(saved[1])
    for _ in range(7):
        schedule.step()
        resumed.step()
        assert hyperparameters(first) == hyperparameters(second)
        assert resumed.get_last_lr() == schedule.get_last_lr()


def test_what_several_refuse():
    ours, other = optimizer(), optimizer()
    one, foreign = lr_scheduler.LinearLR(ours), lr_scheduler.LinearLR(other)
    plateau = lr_scheduler.ReduceLROnPlateau(ours)
    before = hyperparameters(ours)
    for schedules, error, message in [
        ([], ValueError, "at least one scheduler"),
        ([one, foreign], ValueError, r"schedulers\[1\] has another"),
        ([one, plateau], ValueError, r"schedulers\[1\] is ReduceLROnPlateau"),
        ([one, 3], TypeError, r"schedulers\[1\] is no scheduler but int"),
    ]:
        with pytest.raises(error, match=message):
            lr_scheduler.SequentialLR(ours, schedules, [2])
        with pytest.raises(error, match=message):
            lr_scheduler.ChainedScheduler(schedules)
    with pytest.raises(ValueError, match="2 milestones for 1 schedulers"):
        lr_scheduler.SequentialLR(ours, [one], [2, 3])
    assert hyperparameters(ours) == before


def test_a_group_added_to_a_plateau():
    ours = optimizer()
    schedule = lr_scheduler.ReduceLROnPlateau(ours, patience=0, min_lr=0.2)
    strict = lr_scheduler.ReduceLROnPlateau(ours, patience=0, min_lr=[0.1, 0.1])
    ours.add_param_group({"params": [Tensor(np.ones(2)).requires_grad_()], "lr": 3.0})
    schedule.step(1.0), schedule.step(2.0)
    assert schedule.get_last_lr() == pytest.approx([0.2, 0.2, 0.3])
    with pytest.raises(RuntimeError, match="2 values in min_lrs, the optimizer now has 3"):
        strict.step(1.0), strict.step(2.0)


def test_get_lr_is_for_step():
    schedule = lr_scheduler.ExponentialLR(optimizer(), 0.5)
    with pytest.warns(UserWarning, match="get_last_lr"):
        assert schedule.get_lr() == [0.25, 0.125]


def test_lambda_state_is_that_of_callable_objects():
    schedule = lr_scheduler.LambdaLR(optimizer(), [lambda epoch: 1.0, Power(0.5)])
    saved = schedule.state_dict()
    assert saved["lr_lambdas"] == [None, {"base": 0.5}]
    other = lr_scheduler.LambdaLR(optimizer(), [lambda epoch: 1.0, Power(7.0)])
    other.load_state_dict(pickle.loads(pickle.dumps(saved)))
    assert other.lr_lambdas[1].base == 0.5
    assert "lr_lambdas" in saved


def test_wrong_order_warns_once():
    ours = optimizer()
    schedule = lr_scheduler.ExponentialLR(ours, 0.5)
    with pytest.warns(UserWarning, match=r"before optimizer.step\(\)"):
        schedule.step()
    schedule.step()


def test_a_schedule_of_the_user():
    class Linear(lr_scheduler.LRScheduler):
        def get_lr(self):
            return [lr * (1 - self.last_epoch / 10) for lr in self.base_lrs]

    ours = optimizer()
    ours.step()
    schedule = Linear(ours)
    schedule.step()
    assert schedule.get_last_lr() == pytest.approx([0.45, 0.225])
    with pytest.raises(NotImplementedError, match=r"LRScheduler must define get_lr\(\)"):
        lr_scheduler.LRScheduler(ours)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("ReduceLROnPlateau", {"factor": 1.0}, "Factor should be < 1.0"),
        ("ReduceLROnPlateau", {"mode": "least"}, "mode 'least' is unknown"),
        ("ReduceLROnPlateau", {"threshold_mode": "x"}, "threshold mode 'x' is unknown"),
        ("ReduceLROnPlateau", {"min_lr": [0.1]}, "expected 2 values for min_lr"),
        ("LambdaLR", {"lr_lambda": [abs]}, "expected 2 values for lr_lambdas"),
        ("ConstantLR", {"factor": 1.1}, "factor expected to be between 0 and 1"),
        ("LinearLR", {"start_factor": 0}, "Starting multiplicative factor"),
        ("LinearLR", {"end_factor": -0.1}, "Ending multiplicative factor"),
        ("CosineAnnealingWarmRestarts", {"T_0": 0}, "positive integer T_0"),
        ("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 0.5}, "positive integer T_mult"),
        ("CosineAnnealingWarmRestarts", {"T_0": 1, "eta_min": "0"}, "a number as eta_min"),
        ("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, "mode": "square"}, "mode 'square' is invalid"),
        ("CyclicLR", {"base_lr": [0.1], "max_lr": 1.0}, "expected 2 values for base_lr"),
        ("OneCycleLR", {"max_lr": 1.0}, "total_steps OR"),
        ("OneCycleLR", {"max_lr": 1.0, "total_steps": 0}, "positive integer total_steps"),
        ("OneCycleLR", {"max_lr": 1.0, "epochs": 1.5, "steps_per_epoch": 2}, "positive integer epochs"),
        ("OneCycleLR", {"max_lr": 1.0, "total_steps": 5, "pct_start": 2.0}, "pct_start"),
        ("OneCycleLR", {"max_lr": 1.0, "total_steps": 5, "anneal_strategy": "x"}, "anneal_strategy"),
        ("OneCycleLR", {"max_lr": [1.0], "total_steps": 5}, "expected 2 values for max_lr"),
    ],
)
def test_bad_arguments(name, options, message):
    ours = optimizer()
    before = copy.deepcopy([{**group, "params": None} for group in ours.param_groups])
    with pytest.raises(ValueError, match=message):
        getattr(lr_scheduler, name)(ours, **options)
    assert [{**group, "params": None} for group in ours.param_groups] == before


def test_what_is_not_an_optimizer():
    for name in ("ExponentialLR", "ReduceLROnPlateau"):
        with pytest.raises(TypeError, match="int is not an Optimizer"):
            getattr(lr_scheduler, name)(3, 0.5)
    with pytest.raises(TypeError, match="int is not an Optimizer"):
        lr_scheduler.OneCycleLR(3, 0.5, 10)


def test_one_cycle_ends():
    ours = optimizer()
    ours.step()
    schedule = lr_scheduler.OneCycleLR(ours, 0.1, total_steps=3)
    for _ in range(3):
        schedule.step()
    with pytest.raises(ValueError, match="Tried to step 4 times"):
        schedule.step()
    with pytest.raises(ValueError, match="must support momentum"):
        lr_scheduler.OneCycleLR(optimizer(optim.Adagrad), 0.1, total_steps=3)
