"""Signs of trades against the rules, written out."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.microstructure import trade_signs

NAN = math.nan
METHODS = ("tick", "quote", "lee_ready", "emo")


def naive_tick(prices):
    """Compare the last price with the last one before it that's different."""
    *before, price = prices
    for other in reversed(before):
        if other != price and other == other:
            return 1 if price > other else -1
    return 0


def naive_sign(method, prices, bid, ask):
    price = prices[-1]
    if price != price:
        return 0
    bid, ask = bid or NAN, ask or NAN
    mid = (bid + ask) / 2
    if method == "emo":
        if (price == ask) != (price == bid):
            return 1 if price == ask else -1
    elif method != "tick" and price != mid and mid == mid:
        return 1 if price > mid else -1
    return 0 if method == "quote" else naive_tick(prices)


prices = st.integers(98, 102) | st.just(NAN)
rows = st.lists(
    st.tuples(
        prices,
        st.sampled_from([0, NAN, 98, 99, 100]),
        st.sampled_from([0, NAN, 99, 100, 101]),
        st.integers(0, 1),
    ),
    max_size=15,
)


@given(rows, st.sampled_from(METHODS), st.booleans())
def test_any_trades_have_the_signs_of_the_rules(trades, method, mixed):
    price, bid, ask, symbol = np.array(trades, float).reshape(-1, 4).T
    expected = []
    for at in range(len(trades)):
        before = [p for p, _, _, s in trades[: at + 1] if s == symbol[at] or not mixed]
        expected.append(naive_sign(method, before, bid[at], ask[at]))
    got = trade_signs(price, bid, ask, method=method, locate=symbol if mixed else None)
    assert got.dtype == np.int64
    assert got.tolist() == expected
    if method in ("quote", "lee_ready"):
        with np.errstate(invalid="ignore"):
            mid = np.where((bid == 0) | (ask == 0), NAN, (bid + ask) / 2)
        assert_array_equal(
            trade_signs(price, mid=mid, method=method), trade_signs(price, bid, ask, method=method)
        )


@given(rows)
def test_signs_of_prices_turned_round_are_opposite(trades):
    price, bid, ask, _ = np.array(trades, float).reshape(-1, 4).T
    turn = lambda column: np.where(column == 0, 0, 200 - column)  # noqa: E731
    for method in METHODS:
        there = trade_signs(price, bid, ask, method=method)
        back = trade_signs(200 - price, turn(ask), turn(bid), method=method)
        assert_array_equal(there, -back)


@pytest.mark.core
def test_the_tick_rule_looks_past_equal_prices():
    assert trade_signs([10, 10, 11, 11, 11, 10, 10], method="tick").tolist() == [
        0,
        0,
        1,
        1,
        1,
        -1,
        -1,
    ]


@pytest.mark.core
def test_lee_and_ready_ask_the_tick_rule_at_the_mid_price():
    price = [100, 101, 100, 101, 100]
    quotes = [99] * 5, [101] * 5
    assert trade_signs(price, *quotes, method="quote").tolist() == [0, 1, 0, 1, 0]
    assert trade_signs(price, *quotes).tolist() == [0, 1, -1, 1, -1]


@pytest.mark.core
def test_emo_trusts_quotes_only_at_the_quotes():
    price, bid, ask = [101, 100.5, 99, 98, 102], [99] * 5, [101] * 5
    assert trade_signs(price, bid, ask).tolist() == [1, 1, -1, -1, 1]
    # 100.5 is above the mid price, but inside the quotes, and below the trade before.
    assert trade_signs(price, bid, ask, method="emo").tolist() == [1, -1, -1, -1, 1]
    assert trade_signs([99, 100], [99, 100], [101, 100], method="emo").tolist() == [-1, 1]


@pytest.mark.core
def test_a_mid_price_of_decimals_is_met_in_spite_of_rounding():
    bid = np.arange(1, 2000) / 100
    ask, price = bid + 0.01, np.arange(1, 2000) / 100 + 0.005
    assert not trade_signs(price, bid, ask, method="quote").any()
    assert (trade_signs(price + 1e-4, bid, ask, method="quote") == 1).all()
    far = 2**40
    assert trade_signs([far + 1, far], [far] * 2, [far + 1] * 2, method="quote").tolist() == [1, -1]


@pytest.mark.core
def test_without_quotes_lee_and_ready_have_ticks():
    price = [100, 101, 101, NAN, 100]
    for quotes in ((np.zeros(5), np.zeros(5)), (np.full(5, 99), np.full(5, NAN))):
        assert trade_signs(price, *quotes).tolist() == [0, 1, 1, 0, -1]
        assert trade_signs(price, *quotes, method="quote").tolist() == [0] * 5


@pytest.mark.core
def test_nothing_and_labels():
    assert trade_signs([], method="tick").shape == trade_signs([], [], []).shape == (0,)
    price = pd.Series([101, 99], index=["x", "y"])
    expected = pd.Series([1, -1], ["x", "y"], name="trade_sign")
    pd.testing.assert_series_equal(trade_signs(price, mid=[100, 100]), expected)


@pytest.mark.core
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: trade_signs([1]), ValidationError, "method lee_ready needs mid, or bid and ask"),
        (lambda: trade_signs([1], method="quote"), ValidationError, "method quote needs mid"),
        (
            lambda: trade_signs([1], mid=[1], method="emo"),
            ValidationError,
            "method emo needs bid and",
        ),
        (lambda: trade_signs([1], [1]), ValidationError, "given together, got bid alone"),
        (lambda: trade_signs([1], ask=[1]), ValidationError, "given together, got ask alone"),
        (lambda: trade_signs([1], [1], [1], mid=[1]), ValidationError, "beside bid and ask"),
        (
            lambda: trade_signs([1], [1], mid=[1]),
            ValidationError,
            "mid must not be given beside bid",
        ),
        (lambda: trade_signs([1], [1], [1, 2]), ValidationError, "ask must be as long as price"),
        (lambda: trade_signs([1], method="clnv"), ValidationError, "method must be one of tick"),
        (lambda: trade_signs([1], method=None), ValidationError, "method must be one of tick"),
        (lambda: trade_signs(["a"], method="tick"), ArgumentTypeError, "price must hold"),
        (lambda: trade_signs([1], mid=[[1]]), ArgumentTypeError, "mid must be a vector"),
        (lambda: trade_signs([1], mid=[1], locate=[1, 2]), ValidationError, "locate must have"),
    ],
)
def test_a_wrong_argument_is_named(call, error, text):
    with pytest.raises(error, match=text):
        call()
