"""A user's own rule: what it's given, how it's asked for, and what goes wrong."""

import pickle

import numba
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nanobook import ArgumentTypeError, Strategy, ValidationError

compiled_only = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="nothing is compiled under NUMBA_DISABLE_JIT"
)


def cheapest(t, prices, params, state, out):
    """All money into the cheapest asset."""
    out[np.argmin(prices[t])] = params[0]


def counts_calls(t, prices, params, state, out):
    state[0] += 1
    out[0], out[1] = state[0], prices.shape[0] - 1 - t


def infinite_later(t, prices, params, state, out):
    out[0] = np.inf if t == 2 else 0.0


def divides_badly(t, prices, params, state, out):
    if t == params[0]:
        raise ValueError("no such day")


PRICES = np.array([[2.0, 1.0], [1.0, 3.0], [4.0, 3.0], [5.0, 6.0]])


@pytest.mark.core
def test_a_rule_fills_the_row_it_gets():
    rule = Strategy(cheapest, ["weight"])
    assert_array_equal(rule.weights(PRICES, weight=0.5), [[0, 0.5], [0.5, 0], [0, 0.5], [0.5, 0]])
    assert repr(rule) == "Strategy(cheapest, weight)"
    assert repr(Strategy(cheapest, {"weight": 1}, name="mine")) == "Strategy(mine, weight=1)"
    assert Strategy(cheapest, {"weight": 1}).weights(PRICES)[0, 1] == 1.0
    assert rule.__doc__ == cheapest.__doc__


@pytest.mark.core
def test_a_rule_with_memory_is_called_at_every_bar_one_without_only_where_it_counts():
    remembers = Strategy(counts_calls, state=1)
    assert_array_equal(remembers.weights(PRICES)[:, 0], [1, 2, 3, 4])
    assert_array_equal(remembers.weights(PRICES, rebalance=2)[:, 0], [1, np.nan, 3, np.nan])
    forgets = Strategy(counts_calls, state=lambda assets: assets, every_bar=False)
    assert_array_equal(forgets.weights(PRICES, rebalance=2)[:, 0], [1, np.nan, 2, np.nan])
    assert (remembers.weights(PRICES)[:, 1] == 0).all()  # its last row is the bar


@pytest.mark.core
def test_names_and_values_are_checked():
    rule = Strategy(cheapest, ["weight"])
    for params, message in (
        ({}, "needs a value for its parameter 'weight'"),
        ({"weight": 1, "wait": 2}, "no parameter 'wait'; it has weight"),
    ):
        with pytest.raises(ValidationError, match=message):
            rule.weights(PRICES, **params)
    with pytest.raises(ArgumentTypeError, match="weight"):
        rule.weights(PRICES, weight="much")
    with pytest.raises(ValidationError, match="'a' twice"):
        Strategy(cheapest, ["a", "a"])
    for arguments in ((3,), (lambda t: t,), (cheapest, "weight"), (cheapest, [1])):
        with pytest.raises(ArgumentTypeError):
            Strategy(*arguments)
    with pytest.raises(ArgumentTypeError, match="state"):
        Strategy(cheapest, ["weight"], state="much")


@pytest.mark.core
def test_an_infinite_weight_is_refused_by_bar():
    with pytest.raises(ValidationError, match=r"must be finite.*infinite_later with .* at bar 2"):
        Strategy(infinite_later).weights(PRICES)


@compiled_only
def test_what_a_rule_raises_comes_through_with_a_note():
    rule = Strategy(divides_badly, ["day"])
    with pytest.raises(ValueError, match="no such day") as caught:
        rule.weights(PRICES, day=3)
    assert caught.value.__notes__ == ["raised by divides_badly with {'day': 3} at bar 3"]
    assert_array_equal(rule.weights(PRICES, day=9), np.zeros((4, 2)))


@compiled_only
def test_a_compiled_rule_gives_its_plain_function_and_can_be_sent_away():
    rule = Strategy(numba.njit(cheapest), ["weight"])
    assert rule.function is cheapest
    rule.weights(PRICES, weight=1)
    arrived = pickle.loads(pickle.dumps(rule))
    assert_array_equal(arrived.weights(PRICES, weight=1), rule.weights(PRICES, weight=1))
