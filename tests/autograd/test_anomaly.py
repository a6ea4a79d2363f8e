"""Anomaly detection: while it is on, nan and inf that matter are errors that say where they began."""

from __future__ import annotations

import re
import threading
import weakref

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.autograd.anomaly import AnomalyError
from tinygrad_rnn.autograd.backward import grad

from ..ops.test_registry import SMOOTH, applied, leaves
from .both import as_torch, outcome, programs


def root_of_zero(m):
    x = m.zeros(2, requires_grad=True)
    return x, (x.sqrt() * 0).sum()


pytestmark = pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")


def off(m):
    x, y = root_of_zero(m)
    y.backward()
    return x.grad


def without_nan(m):
    with m.autograd.set_detect_anomaly(True, check_nan=False):
        return off(m), m.is_anomaly_enabled(), m.is_anomaly_check_nan_enabled()


def as_a_function(m):
    m.autograd.set_detect_anomaly(True)
    inside = m.is_anomaly_enabled()
    m.autograd.set_detect_anomaly(False)
    return inside, m.is_anomaly_enabled(), off(m)


def nested(m):
    seen = []
    with m.autograd.set_detect_anomaly(True):
        with m.autograd.set_detect_anomaly(False):
            seen.append(m.is_anomaly_enabled())
        with m.autograd.detect_anomaly(check_nan=False):
            seen += [m.is_anomaly_enabled(), m.is_anomaly_check_nan_enabled()]
        seen += [m.is_anomaly_enabled(), m.is_anomaly_check_nan_enabled()]
    return seen, m.is_anomaly_enabled(), m.is_anomaly_check_nan_enabled()


def nothing_wrong(m):
    x = m.ones(2, requires_grad=True)
    with m.autograd.set_detect_anomaly(True):
        (x.sqrt() * 2).sum().backward()
    return x.grad


@programs(off, without_nan, as_a_function, nested, nothing_wrong)
def test_as_torch(program):
    as_torch(program)


def within(m):
    with m.autograd.detect_anomaly():
        root_of_zero(m)[1].backward()


def of_a_gradient(m):
    x, y = root_of_zero(m)
    with m.autograd.set_detect_anomaly(True):
        m.autograd.grad(y, x)


def of_the_second_order(m):
    x, y = root_of_zero(m)
    with m.autograd.set_detect_anomaly(True):
        m.autograd.grad(y, x, create_graph=True)


@programs(within, of_a_gradient, of_the_second_order)
def test_refused(program):
    assert issubclass(outcome(program, tg), RuntimeError)
    assert not tg.is_anomaly_enabled()
    assert outcome(program, pytest.importorskip("torch")) is RuntimeError


def test_the_error_says_where():
    with tg.autograd.set_detect_anomaly(True):
        x, y = root_of_zero(tg)
        with pytest.raises(RuntimeError, match=r"`sqrt` .*made at .*test_anomaly\.py:\d+\) returned nan .* input 0"):
            y.backward()
    assert tg.zeros(1, requires_grad=True).sqrt().node.source is None


def test_it_warns_that_it_is_slow():
    with pytest.warns(UserWarning, match="slower"):
        tg.autograd.detect_anomaly()
    assert not tg.is_anomaly_enabled()


def test_it_holds_for_all_threads():
    seen = []
    with tg.autograd.set_detect_anomaly(True):
        thread = threading.Thread(target=lambda: seen.append(tg.is_anomaly_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


# --- what is named --------------------------------------------------------------------------------------------------


def said(program) -> str:
    """The error of a program under anomaly detection, without the lines, which are all of this file."""
    with pytest.raises(AnomalyError) as caught, tg.autograd.set_detect_anomaly(True):
        program()
    assert caught.value.tensor is not None
    words = str(caught.value)
    assert f"made at {__file__}:" in words
    return re.sub(rf", made at {re.escape(__file__)}:\d+", "", words)


def leaf(*numbers):
    return tg.tensor(numbers, requires_grad=True)


def test_nan_is_named_as_it_is_made():
    def program():
        with tg.step(3):
            leaf(1.0, -1.0).log()

    assert said(program) == "`log` in t=3, gives nan for finite numbers"


def test_nan_of_inf_names_who_made_that():
    def program():
        y = leaf(1.0, 200.0).exp() * 2
        return y - y

    assert said(program) == "`sub`, gives nan for inf; the first inf comes from `exp`"


def test_everything_masked():
    def program():
        leaf(1.0, 2.0).masked_fill(tg.tensor([True, True]), -tg.inf).softmax(0)

    assert said(program) == "`softmax`, gives nan for -inf; the first -inf comes from `masked_fill`"


def test_the_loss_is_inf():
    def program():
        (leaf(200.0).exp() * 3).sum().backward()

    assert said(program) == "backward: the loss is inf; the first inf comes from `exp`"


def test_through_memory_that_is_written_to():
    def program():
        out, h = tg.zeros(3, 1), leaf(1.0)
        for t in range(3):
            with tg.step(t):
                h = h * 1e20
                out[t] = h
        out.sum().backward()

    assert said(program) == "backward: the loss is inf; the first inf comes from `mul` in t=1"


def test_written_by_hand():
    def program():
        x = leaf(1.0, 2.0) * 1
        x.fill_(tg.inf)
        x.sum().backward()

    assert said(program) == "backward: the loss is inf; the first inf comes from `fill_`"


def test_nan_in_the_data_is_named_where_it_is_first_used():
    def program():
        data = tg.tensor([tg.nan, 1.0])[:1]
        (leaf(1.0) - data).square().sum().backward()

    assert said(program) == "backward: the loss is nan; the first nan comes from the input `b` of `sub`"


def test_a_parameter_that_is_nan_is_named():
    net = nn.GRU(2, 3)
    net.bias_hh_l0.array[1] = np.nan
    words = said(lambda: net(tg.ones(4, 1, 2))[0].sum().backward())
    assert words == "backward: the loss is nan; the first nan comes from the input `bias` of `linear` in GRU / 0 / t=0"
    net = nn.Linear(2, 3)
    net.weight.array[1] = np.inf
    words = said(lambda: net(tg.ones(1, 2)).sum().backward())
    assert words == "backward: the loss is inf; the first inf comes from the input `weight` of `linear` in Linear"


def test_a_constant_inside_an_operation_is_not_blamed():
    def program():
        y = tg.zeros(3, 1, 4, requires_grad=True).log_softmax(2)
        nn.functional.ctc_loss(y, tg.tensor([[1, 1, 1]]), tg.tensor([3]), tg.tensor([3])).backward()

    assert re.fullmatch(r"backward: the loss is inf; the first inf comes from `\w+`", said(program))


def test_what_was_made_without_a_gradient_is_remembered():
    def program():
        data = tg.tensor([0.0, 1.0]) / 0.0
        (leaf(1.0) - data).square().sum().backward()

    assert said(program) == "backward: the loss is nan; the first nan comes from `div`"


def test_inside_a_function():
    class Log(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return (x - 2).log()

    assert said(lambda: Log.apply(leaf(1.0))) == "`Log`, gives nan for finite numbers; the first nan comes from `log`"


@pytest.mark.parametrize("granularity", ["sequence", "step", "op"])
def test_a_layer_is_opened_down_to_the_step(granularity):
    """A state overflows: h grows by 1e4 a step; and what was inf is then subtracted from itself."""
    net = nn.RNN(1, 2, nonlinearity="relu")
    with tg.no_grad():
        for parameter in net.parameters():
            parameter.fill_(0.0)
        net.weight_hh_l0.copy_(tg.tensor([[1e4, 0.0], [1e4, -1e4]]))
        net.bias_ih_l0.fill_(1.0)

    def program(steps, take):
        with tg.granularity(granularity):
            y, _ = net(tg.ones(steps, 1, 1))
        y[..., take].sum().backward()

    with np.errstate(over="ignore"):  # the reference
        h, t = np.float32(1.0), 0
        while np.isfinite(h):
            t, h = t + 1, np.float32(1.0) + np.float32(1e4) * h
    assert said(lambda: program(t + 1, 0)) == (
        f"backward: the loss is inf; the first inf comes from `linear` in RNN / 0 / t={t}"
    )
    assert said(lambda: program(t + 3, 1)).startswith(f"`linear` in RNN / 0 / t={t + 1}, gives nan for inf")


@pytest.mark.parametrize("granularity", ["sequence", "step", "op"])
def test_a_gradient_is_followed_to_the_step(granularity):
    """The gradient grows by 1e4 a step on the way back: that of h at step 1 is 1e40."""
    net = nn.RNN(1, 1, nonlinearity="relu", bias=False)
    with tg.no_grad():
        net.weight_ih_l0.fill_(1e-30)
        net.weight_hh_l0.fill_(1e4)

    def program():
        x = tg.zeros(12, 1, 1)
        x[0] = 1e-14
        with tg.granularity(granularity):
            y, _ = net(x)
        (y[-1] * 1.0).sum().backward()

    assert re.search(r"; the first inf comes from the gradient rule of `\w+` in RNN / 0 / t=2$", said(program))


def test_inf_that_reaches_a_leaf():
    words = said(lambda: leaf(0.0).sqrt().sum().backward())
    assert words.endswith("is inf; the first inf comes from the gradient rule of `sqrt`")


def test_values():
    def program():
        y = tg.Value(1e308) * 10.0
        (y - y).backward()

    assert said(program) == "backward: the loss is nan; the first inf comes from `mul`"


# --- what is not ----------------------------------------------------------------------------------------------------


def test_what_comes_to_nothing_is_no_anomaly():
    with tg.autograd.set_detect_anomaly(True):
        x = leaf(1.0, 2.0)
        x.masked_fill(tg.tensor([True, False]), -tg.inf).softmax(0)[1].backward()
        data = tg.tensor([tg.nan, 1.0])
        (x - data)[1:].square().sum().backward()
        (tg.where(data.isnan(), tg.zeros(2), data) * x).sum().backward()
        with tg.no_grad():
            (data / 0.0).log()


def finite(sample) -> bool:
    """Whether values and derivatives up to the second order are, at a sample of an operation."""
    xs = leaves(sample)
    ys = [y for y in applied(sample, xs) if y.node is not None]
    ends = [x for x in xs if x is not None and x.node is not None]
    found = list(ys)
    for order in range(sample.order):
        dys = [tg.ones_like(y) for y in ys]
        ys = [dx for dx in grad(ys, ends, dys, create_graph=order == 0, allow_unused=True) if dx is not None]
        found += ys
        ys = [y for y in ys if y.node is not None]
    return all([np.isfinite(y.array).all() for y in found])


def test_no_false_alarm_at_any_operation():
    for sample in SMOOTH:
        if finite(sample):
            with tg.autograd.set_detect_anomaly(True):
                assert finite(sample)


# --- what is left ---------------------------------------------------------------------------------------------------


def test_after_an_error_nothing_is_freed():
    x = leaf(0.0)
    y = (x.sqrt() * 0).exp().sum()
    for _ in range(2):
        with pytest.raises(AnomalyError, match="nan") as caught, tg.autograd.set_detect_anomaly(True):
            y.backward()
        assert caught.value.tensor is y


def test_after_none_it_frees_as_always():
    x = leaf(1.0)
    y = x.exp().sum()
    kept = weakref.ref(y.node.inputs[0].saved[0])
    with tg.autograd.set_detect_anomaly(True):
        y.backward()
        assert kept() is None
        with pytest.raises(RuntimeError, match="second time"):
            y.backward()


def test_off_it_leaves_nothing_behind():
    from tinygrad_rnn.autograd import fastcall, listen
    from tinygrad_rnn.autograd.op import Op

    before = Op.apply, fastcall.quick
    with tg.autograd.set_detect_anomaly(True):
        assert fastcall.quick is not before[1]
    assert (Op.apply, fastcall.quick) == before
    assert listen.watching() is None
