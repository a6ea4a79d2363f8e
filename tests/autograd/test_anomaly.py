"""Anomaly detection: nan in a backward pass is an error that says where, while it is on."""

from __future__ import annotations

import threading

import pytest

import tinygrad_rnn as tg

from .both import as_torch, programs, refused_as_torch


def root_of_zero(m):
    x = m.zeros(2, requires_grad=True)
    return x, (x.sqrt() * 0).sum()


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
    refused_as_torch(program)
    assert not tg.is_anomaly_enabled()


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
