"""Microprices of book states, against plain Python written from the definition."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from microstructure.states import states
from numpy.testing import assert_allclose, assert_array_equal

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.microstructure import microprice


def naive_microprice(bid_price, bids, ask_price, asks):
    """The best prices weighted by what rests on the other side."""
    if bids[0] <= 0 or asks[0] <= 0:
        return math.nan
    bid = sum(Fraction(quantity) for quantity in bids if quantity > 0)
    ask = sum(Fraction(quantity) for quantity in asks if quantity > 0)
    return float((Fraction(ask_price) * bid + Fraction(bid_price) * ask) / (bid + ask))


@given(states(), st.data())
def test_any_state_has_the_microprice_of_the_definition(state, data):
    levels = data.draw(st.integers(1, state[0].shape[1]))
    rows = zip(*(table[:, :levels].tolist() for table in state), strict=True)
    expected = [naive_microprice(b[0], bids, a[0], asks) for b, bids, a, asks in rows]
    got = microprice(*state, levels=levels)
    assert_allclose(got, np.array(expected), rtol=1e-15, atol=1e-12)


@given(states(crossed=False))
def test_the_microprice_lies_between_the_best_prices(state):
    got = microprice(*state)
    inside = ~np.isnan(got)
    assert (state[0][inside, 0] <= got[inside]).all()
    assert (got[inside] <= state[2][inside, 0]).all()


@pytest.mark.core
def test_one_level_may_come_as_a_vector():
    columns = [100, 100, 0], [30, 10, 0], [102, 102, 102], [10, 30, 5]
    expected = [101.5, 100.5, math.nan]
    assert_array_equal(microprice(*columns), expected)
    assert_array_equal(microprice(*(np.array(c)[:, None] for c in columns)), expected)


@pytest.mark.core
def test_further_levels_count_where_asked_for():
    bids, asks = [[1, 2, 3], [1, 0, 0]], [[3, 2, 100], [1, 2, 0]]
    prices = [[100, 99, 98], [100, 0, 0]], [[104, 105, 106], [104, 105, 0]]
    assert_array_equal(microprice(prices[0], bids, prices[1], asks), [101.0, 102.0])
    assert_array_equal(microprice(prices[0], bids, prices[1], asks, levels=2), [101.5, 101.0])


@pytest.mark.core
def test_an_empty_side_has_no_microprice():
    sides = [[100], [0], [102], [5]], [[100], [5], [102], [0]], [[0], [0], [0], [0]]
    for side in sides:
        assert math.isnan(microprice(*side)[0])


@pytest.mark.core
def test_nothing_and_what_is_missing():
    nan = math.nan
    for shape in ((0,), (0, 3)):
        assert microprice(*[np.empty(shape)] * 4).shape == (0,)
    assert_array_equal(microprice(*[np.empty((3, 0))] * 4), [nan] * 3)
    assert_array_equal(microprice([nan, 100], [nan, 1], [102, nan], [1, nan]), [nan, nan])


@pytest.mark.core
def test_labels_stay():
    index = pd.Index([7, 9], name="message")
    frames = [pd.DataFrame({"1": [v, v]}, index) for v in (100, 30, 102, 10)]
    expected = pd.Series([101.5, 101.5], index, name="microprice")
    pd.testing.assert_series_equal(microprice(*frames), expected)


@pytest.mark.core
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: microprice([1], [1], [1], [1, 2]), ValidationError, "ask_quantity must have"),
        (lambda: microprice([1], [1], [1], [1], -1), RangeError, "levels must"),
        (lambda: microprice([1], [1], [1], [1], 1.0), ArgumentTypeError, "levels must"),
        (lambda: microprice([1], [1], [1], [1], 2), ValidationError, "levels must be at most 1"),
    ],
)
def test_a_wrong_argument_is_named(call, error, text):
    with pytest.raises(error, match=text):
        call()
