"""Figures of a book's states, orders and trades, against plain Python from the definitions."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from book.streams import random_messages
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nanobook.book import (
    BOOK_ORDER,
    TRADE,
    Exchange,
    microprice,
    order_imbalance,
    queue_positions,
    sweep_price,
    vwap,
)
from nanobook.errors import ArgumentTypeError, RangeError, ValidationError

#: Prices below 2**40 and quantities below 2**30: products fit a float's 53 bits but for rounding.
FAR = 2**40


# ---- the definitions -------------------------------------------------------------------------


def naive_sweep(prices, quantities, wanted):
    """The average of the prices of the next `wanted` units, one after the other."""
    units = [
        price
        for price, quantity in zip(prices, quantities, strict=True)
        for _ in range(max(0, quantity))
    ]
    return float(Fraction(sum(units[:wanted]), wanted)) if len(units) >= wanted else math.nan


def naive_vwap(prices, quantities):
    total = sum(quantities)
    if not total:
        return math.nan
    paid = sum(Fraction(p) * q for p, q in zip(prices, quantities, strict=True))
    return float(paid / total)


def naive_positions(rows):
    """For each order: orders and quantity that stand before it at its side and price."""
    ahead = [
        [other["quantity"] for other in rows[:at] if _place(other) == _place(row)]
        for at, row in enumerate(rows)
    ]
    return [len(row) for row in ahead], [sum(row) for row in ahead]


def _place(order):
    return order["side"], order["price"]


@given(
    st.integers(0, 2**32),
    st.integers(0, 6),
    st.integers(1, 4),
    st.integers(1, 25),
    st.sampled_from([1, -1]),
    st.sampled_from([100, -3, FAR]),
)
def test_any_side_is_swept_as_in_the_definition(seed, rows, levels, wanted, sign, centre):
    rng = np.random.default_rng(seed)
    price = centre + sign * rng.integers(1, 5, (rows, levels)).cumsum(axis=1)
    quantity = rng.integers(0, 10, (rows, levels))
    expected = [
        naive_sweep(p, q, wanted) for p, q in zip(price.tolist(), quantity.tolist(), strict=True)
    ]
    got = sweep_price(price, quantity, wanted)
    assert_allclose(got, np.array(expected), rtol=1e-15, atol=1e-12)


@given(
    st.lists(st.tuples(st.integers(-(2**40), 2**40), st.integers(0, 2**20)), max_size=20),
)
def test_any_trades_have_the_vwap_of_the_definition(trades):
    prices, quantities = [p for p, _ in trades], [q for _, q in trades]
    # differences from the first price, up to 2**41, are summed in floats: 20 roundings of those
    expected = naive_vwap(prices, quantities)
    assert_allclose(vwap(prices, quantities), expected, rtol=0, atol=20 * 2**41 * 2.0**-52)


@given(st.integers(0, 2**32), st.integers(0, 200))
def test_any_queues_have_the_positions_of_the_definition(seed, count):
    exchange = Exchange()
    exchange.process(random_messages(np.random.default_rng(seed), count))
    queues = exchange.queues()
    orders, quantity = queue_positions(queues)
    assert (orders.tolist(), quantity.tolist()) == naive_positions(queues)
    for row, ahead, before in zip(queues, orders, quantity, strict=True):
        place = exchange.queue_position(int(row["order_id"]))
        assert (place.orders_ahead, place.quantity_ahead) == (ahead, before)


# ---- what a book says of itself ----------------------------------------------------------------


def test_figures_of_samples_are_those_of_snapshots():
    messages = random_messages(np.random.default_rng(1), 300, ticks=20)
    one, levels = Exchange(), 3
    samples = Exchange().process(messages, every=1, levels=levels).samples
    tables = samples.bid_price, samples.bid_quantity, samples.ask_price, samples.ask_quantity
    micro, imbalance = microprice(*tables), order_imbalance(*tables[1::2], levels=levels)
    bought = sweep_price(samples.ask_price, samples.ask_quantity, 5)
    assert_array_equal(imbalance, samples.imbalance)
    for at in range(len(messages)):
        one.process(messages[at : at + 1])
        book = one.depth(1)
        weighted = book.weighted_mid()
        assert_allclose(micro[at], math.nan if weighted is None else weighted, rtol=1e-15)
        cost = one.sweep_cost("buy", 5)
        reached = sum(level.quantity for level in one.depth(levels).asks) >= 5
        if reached:
            assert_allclose(bought[at], cost.average_price, rtol=1e-15)
        else:
            assert math.isnan(bought[at])


def test_vwap_of_an_exchanges_trades_is_its_own():
    exchange = Exchange()
    exchange.process(random_messages(np.random.default_rng(2), 300))
    trades = exchange.trades_array()
    assert len(trades) > 10
    assert_allclose(vwap(trades["price"], trades["quantity"]), exchange.vwap(), rtol=1e-15)


# ---- by hand ---------------------------------------------------------------------------------


@pytest.mark.core
def test_one_level_may_come_as_a_vector():
    assert_array_equal(sweep_price([100, 7], [10, 3], 4), [100.0, math.nan])


@pytest.mark.core
def test_a_sweep_takes_the_best_levels_first_and_only_what_it_wants():
    price, quantity = [[100, 101, 105]], [[10, 30, 5]]
    wanted = {1: 100, 10: 100, 20: 100.5, 40: 100.75, 45: 4555 / 45}
    for much, average in wanted.items():
        assert_allclose(sweep_price(price, quantity, much), [average], rtol=1e-15)
    assert_array_equal(sweep_price(price, quantity, 46), [math.nan])


@pytest.mark.core
def test_nothing_has_no_figures():
    for shape in ((0,), (0, 3)):
        empty = np.empty(shape)
        assert sweep_price(empty, empty, 1).shape == (0,)
    assert math.isnan(vwap([], []))
    assert math.isnan(vwap([100], [0]))
    orders, quantity = queue_positions(np.empty(0, BOOK_ORDER))
    assert orders.shape == quantity.shape == (0,)


def test_a_state_without_levels_is_an_empty_book():
    nothing = np.empty((3, 0))
    assert_array_equal(sweep_price(nothing, nothing, 1), [math.nan] * 3)


@pytest.mark.core
def test_a_quantity_that_is_missing_is_none():
    nan = math.nan
    assert_array_equal(sweep_price([[100, nan, 102]], [[1, nan, 1]], 2), [101.0])
    assert_array_equal(sweep_price([[100]], [[nan]], 1), [nan])


@pytest.mark.core
def test_tables_may_be_frames_lists_and_in_any_order_of_memory():
    rng = np.random.default_rng(3)
    price, quantity = rng.integers(1, 9, (2, 5, 3))
    expected = sweep_price(price, quantity, 3)
    for form in (np.asfortranarray, pd.DataFrame, np.ndarray.tolist, lambda t: t.astype("i2")):
        assert_array_equal(sweep_price(form(price), form(quantity), 3), expected)
    assert_array_equal(sweep_price(price[::-1], quantity[::-1], 3), expected[::-1])
    trades = np.zeros(2, TRADE)
    trades["price"], trades["quantity"] = (100, 103), (20, 10)
    assert vwap(trades["price"], trades["quantity"]) == 101.0


def test_averages_far_from_zero_keep_their_digits():
    # the whole sums would have 62 bits: what is summed are differences from the first price
    price = 2**52 + np.array([[0, 1, 3]])
    assert sweep_price(price, [[1, 1, 1]], 2)[0] == 2**52 + 0.5
    assert vwap([2**52, 2**52 + 1], [1000, 1000]) == 2**52 + 0.5


# ---- refusals --------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: sweep_price([1], [1, 2], 1), ValidationError, "quantity must have the shape"),
        (lambda: vwap([1], []), ValidationError, "quantity must have the shape"),
        (lambda: vwap([[1, 2]], [[1, 2]]), ValidationError, "price must have one axis"),
        (lambda: vwap([1], [object()]), ArgumentTypeError, "quantity must be numbers"),
        (lambda: sweep_price([1], [1], 0), RangeError, "wanted must"),
        (lambda: sweep_price([1], [1], 1.5), ArgumentTypeError, "wanted must"),
        (lambda: queue_positions(np.zeros(2, TRADE)), ValidationError, "array of BOOK_ORDER"),
        (lambda: queue_positions(np.zeros((1, 1), BOOK_ORDER)), ValidationError, "BOOK_ORDER"),
        (lambda: queue_positions([1]), ValidationError, "queues must be an array of BOOK_ORDER"),
    ],
)
def test_a_wrong_argument_is_named(call, error, text):
    with pytest.raises(error, match=text):
        call()
