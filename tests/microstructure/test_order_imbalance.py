"""Imbalances of book states, against plain Python written from the definition."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from microstructure.states import states
from numpy.testing import assert_allclose, assert_array_equal

import nanobook.book.analytics
from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.microstructure import microprice, order_imbalance


def naive_imbalance(bids, asks):
    """Excess of bids over asks as a fraction of both; quantities that aren't positive are none."""
    bid = sum(Fraction(quantity) for quantity in bids if quantity > 0)
    ask = sum(Fraction(quantity) for quantity in asks if quantity > 0)
    return float((bid - ask) / (bid + ask)) if bid + ask else math.nan


@given(states(), st.data())
def test_any_state_has_the_imbalance_of_the_definition(state, data):
    _, bids, _, asks = state
    levels = data.draw(st.integers(1, bids.shape[1]))
    pairs = zip(bids[:, :levels].tolist(), asks[:, :levels].tolist(), strict=True)
    expected = [naive_imbalance(*pair) for pair in pairs]
    got = order_imbalance(bids, asks, levels)
    assert_allclose(got, np.array(expected), rtol=0, atol=1e-15)
    assert ((got >= -1) & (got <= 1) | np.isnan(got)).all()


@pytest.mark.core
def test_the_book_passes_it_on():
    assert nanobook.book.order_imbalance is order_imbalance
    assert nanobook.book.microprice is microprice
    assert nanobook.book.analytics.order_imbalance is order_imbalance
    assert nanobook.book.analytics.microprice is microprice


@pytest.mark.core
def test_one_level_may_come_as_a_vector():
    assert_array_equal(order_imbalance([30, 10, 0], [10, 30, 5]), [0.5, -0.5, -1.0])


@pytest.mark.core
def test_further_levels_count_where_asked_for():
    bids, asks = [[1, 2, 3], [1, 0, 0]], [[3, 2, 100], [1, 2, 0]]
    assert_array_equal(order_imbalance(bids, asks), [-0.5, 0.0])
    assert_array_equal(order_imbalance(bids, asks, 2), [-0.25, -0.5])


@pytest.mark.core
def test_an_empty_side_is_all_imbalance_and_two_are_none():
    assert_array_equal(order_imbalance([0, 5, 0], [5, 0, 0]), [-1, 1, math.nan])


@pytest.mark.core
def test_nothing_and_what_is_missing():
    for shape in ((0,), (0, 3)):
        assert order_imbalance(np.empty(shape), np.empty(shape)).shape == (0,)
    nothing = np.empty((3, 0))
    assert_array_equal(order_imbalance(nothing, nothing), [math.nan] * 3)
    assert_array_equal(order_imbalance([math.nan, 5], [5, math.nan]), [-1, 1])


@pytest.mark.core
def test_tables_may_be_frames_lists_and_in_any_order_of_memory():
    rng = np.random.default_rng(3)
    bids, asks = rng.integers(1, 9, (2, 5, 3))
    expected = order_imbalance(bids, asks, 3)
    for form in (np.asfortranarray, pd.DataFrame, np.ndarray.tolist, lambda t: t.astype("i2")):
        assert_array_equal(order_imbalance(form(bids), form(asks), 3), expected)
    assert_array_equal(order_imbalance(bids[::-1, ::-1], asks[::-1, ::-1], 3), expected[::-1])


@pytest.mark.core
def test_labels_stay():
    bids = pd.DataFrame({"b1": [30, 0]}, index=["x", "y"])
    expected = pd.Series([0.5, -1.0], ["x", "y"], name="order_imbalance")
    pd.testing.assert_series_equal(order_imbalance(bids, [[10], [5]]), expected)
    with pytest.raises(ValidationError, match="ask_quantity must have the index of bid_quantity"):
        order_imbalance(bids, bids.set_axis(["x", "z"]))


def test_results_are_new_arrays_and_arguments_stay():
    bids = np.array([[1.0, 2.0]])
    order_imbalance(bids, bids, 2)[:] = 7
    assert bids.tolist() == [[1.0, 2.0]]


@pytest.mark.core
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: order_imbalance([1, 2], [1]), ValidationError, "ask_quantity must have the shape"),
        (lambda: order_imbalance([[1, 2]], [1]), ValidationError, "must have the shape"),
        (lambda: order_imbalance(1, 1), ValidationError, "must have one or two axes"),
        (lambda: order_imbalance([[[1]]], [[[1]]]), ValidationError, "one or two axes"),
        (lambda: order_imbalance(["a"], [1]), ArgumentTypeError, "bid_quantity must be numbers"),
        (lambda: order_imbalance([1], [[1], [2, 3]]), ArgumentTypeError, "ask_quantity must be"),
        (lambda: order_imbalance([1], [object()]), ArgumentTypeError, "ask_quantity must be"),
        (lambda: order_imbalance([1], [1], 0), RangeError, "levels must be at least|levels must"),
        (lambda: order_imbalance([1], [1], 2), ValidationError, "levels must be at most 1, got 2"),
    ],
)
def test_a_wrong_argument_is_named(call, error, text):
    with pytest.raises(error, match=text):
        call()
