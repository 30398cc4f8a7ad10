"""Effective and realized spreads and price impact against the definitions."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.microstructure import effective_spread, price_impact, realized_spread

NAN = math.nan
UNITS = {"price": None, "fraction": 1.0, "bps": 1e4}

prices = st.integers(1, 10**6) | st.just(NAN)
trades = st.lists(st.tuples(prices, st.sampled_from([1, -1, 0, NAN]), prices, prices), max_size=12)


def in_unit(value, mid, unit):
    return value if unit == "price" else value / mid * UNITS[unit]


@given(trades, st.sampled_from(list(UNITS)))
def test_any_trades_have_the_spreads_of_the_definitions(rows, unit):
    price, side, mid, after = np.array(rows, float).reshape(-1, 4).T
    wanted = {"effective": [], "realized": [], "impact": []}
    for p, s, m, a in rows:
        s = s if s in (1, -1) else NAN
        wanted["effective"].append(in_unit(2 * s * (p - m), m, unit))
        wanted["realized"].append(in_unit(2 * s * (p - a), m, unit))
        wanted["impact"].append(in_unit(2 * s * (a - m), m, unit))
    if unit == "price":  # which doesn't need the mid price before
        assert_array_equal(
            realized_spread(price, side, after),
            [2 * s * (p - a) if s in (1, -1) else NAN for p, s, _, a in rows],
        )
    for got, name in (
        (effective_spread(price, side, mid, unit=unit), "effective"),
        (price_impact(side, mid, after, unit=unit), "impact"),
    ):
        assert_allclose(got, wanted[name], rtol=1e-15)
    if unit != "price":
        got = realized_spread(price, side, after, mid, unit=unit)
        assert_allclose(got, wanted["realized"], rtol=1e-15)


@given(trades, st.sampled_from(list(UNITS)))
def test_the_effective_spread_is_what_is_kept_and_what_is_lost(rows, unit):
    price, side, mid, after = np.array(rows, float).reshape(-1, 4).T
    whole = effective_spread(price, side, mid, unit=unit)
    kept = realized_spread(price, side, after, mid, unit=unit)
    lost = price_impact(side, mid, after, unit=unit)
    known = ~np.isnan(after)
    assert_allclose(whole[known], (kept + lost)[known], rtol=1e-9, atol=1e-6)


@pytest.mark.core
def test_a_trade_at_the_best_price_pays_the_quoted_spread():
    assert_array_equal(
        effective_spread([101, 99, 100.5, 98], [1, -1, 1, -1], [100] * 4), [2, 2, 1, 4]
    )
    assert_array_equal(effective_spread([101], [1], [100], unit="bps"), [200])
    assert_array_equal(effective_spread([99], [1], [100]), [-2])  # better than the mid price


@pytest.mark.core
def test_a_price_that_comes_back_leaves_all_and_one_that_runs_away_takes_all():
    assert_array_equal(realized_spread([101, 101, 101], [1, 1, 1], [100, 101, 102]), [2, 0, -2])
    assert_array_equal(price_impact([1, 1, 1], [100] * 3, [100, 101, 102]), [0, 2, 4])


@pytest.mark.core
def test_what_is_not_known_is_nan():
    assert_array_equal(
        effective_spread([101, 101, NAN, 101], [0, NAN, 1, 1], [100, 100, 100, NAN]), [NAN] * 4
    )
    assert_array_equal(effective_spread([1, 1], [1, 1], [0, -2], unit="bps"), [NAN, NAN])
    for empty in (
        effective_spread([], [], []),
        realized_spread([], [], []),
        price_impact([], [], []),
    ):
        assert empty.shape == (0,)


@pytest.mark.core
def test_labels_stay():
    index = pd.Index([4, 9], name="trade")
    price = pd.Series([101, 99], index)
    got = effective_spread(price, [1, -1], [100, 100])
    pd.testing.assert_series_equal(got, pd.Series([2.0, 2.0], index, name="effective_spread"))
    assert realized_spread(price, [1, -1], [100, 100]).name == "realized_spread"
    assert price_impact(price * 0 + 1, [1, 1], [2, 2]).index.equals(index)
    with pytest.raises(ValidationError, match="mid must have the index of trade_price"):
        effective_spread(price, [1, -1], pd.Series([100, 100]))


@pytest.mark.core
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: effective_spread([1], [1, 1], [1]),
            ValidationError,
            "aggressor_side must be as long",
        ),
        (
            lambda: effective_spread([1], [2], [1]),
            ValidationError,
            r"\+1, -1 or 0, got 2.0 in row 0",
        ),
        (lambda: price_impact([1, 0.5], [1, 1], [1, 1]), ValidationError, "got 0.5 in row 1"),
        (
            lambda: effective_spread([[1]], [1], [1]),
            ArgumentTypeError,
            "trade_price must be a vector",
        ),
        (lambda: effective_spread(["a"], [1], [1]), ArgumentTypeError, "trade_price must hold"),
        (
            lambda: effective_spread([1], ["buy"], [1]),
            ArgumentTypeError,
            "aggressor_side must hold",
        ),
        (lambda: realized_spread([1], [1], [1], unit="bps"), ValidationError, "mid must be given"),
        (lambda: price_impact([1], [1], [1], unit="x"), ValidationError, "unit must be one of"),
    ],
)
def test_a_wrong_argument_is_named(call, error, text):
    with pytest.raises(error, match=text):
        call()
