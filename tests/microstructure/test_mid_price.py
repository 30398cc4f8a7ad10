"""Mid prices and quoted spreads against the definitions."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from microstructure.states import states
from numpy.testing import assert_array_equal

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.microstructure import mid_price, quoted_spread

NAN = math.nan


def best(price, quantity):
    return price if quantity > 0 else NAN


@given(states())
def test_any_state_has_the_mid_price_and_spread_of_the_definition(state):
    rows = zip(*(table[:, 0].tolist() for table in state), strict=True)
    pairs = [(best(b, bids), best(a, asks)) for b, bids, a, asks in rows]
    order = state[0], state[2], state[1], state[3]
    assert_array_equal(mid_price(*order), [(b + a) / 2 for b, a in pairs])
    assert_array_equal(quoted_spread(*order), [a - b for b, a in pairs])
    for unit, factor in (("fraction", 1.0), ("bps", 1e4)):
        parts = [(a - b) / ((a + b) / 2) * factor if a + b > 0 else NAN for b, a in pairs]
        assert_array_equal(quoted_spread(*order, unit=unit), parts)


@pytest.mark.core
def test_without_quantities_a_price_of_zero_is_an_empty_side():
    bid, ask = [100, 0, 100, 0, -3], [101, 101, 0, 0, -1]
    assert_array_equal(mid_price(bid, ask), [100.5, NAN, NAN, NAN, -2])
    assert_array_equal(quoted_spread(bid, ask), [1, NAN, NAN, NAN, 2])
    assert_array_equal(quoted_spread(bid, ask, unit="bps"), [1 / 100.5 * 1e4] + [NAN] * 4)


@pytest.mark.core
def test_with_quantities_a_price_of_zero_is_a_price():
    assert_array_equal(mid_price([0, 0], [2, 2], [5, 0], [5, 5]), [1.0, NAN])
    assert_array_equal(quoted_spread([-1], [1], [5], [5], unit="fraction"), [NAN])


@pytest.mark.core
def test_locked_and_crossed_books_have_a_mid_price():
    assert_array_equal(mid_price([100, 101], [100, 100]), [100, 100.5])
    assert_array_equal(quoted_spread([100, 101], [100, 100]), [0, -1])


@pytest.mark.core
def test_only_the_best_level_counts():
    assert_array_equal(mid_price([[100, 7], [0, 7]], [[102, 9], [102, 9]]), [101, NAN])


@pytest.mark.core
def test_nothing_and_what_is_missing():
    for shape in ((0,), (0, 3)):
        assert mid_price(np.empty(shape), np.empty(shape)).shape == (0,)
        assert quoted_spread(np.empty(shape), np.empty(shape)).shape == (0,)
    no_levels = np.empty((2, 0))
    assert_array_equal(mid_price(no_levels, no_levels), [NAN, NAN])
    assert_array_equal(mid_price([NAN, 100], [100, NAN]), [NAN, NAN])
    assert_array_equal(mid_price([100, 100], [102, 102], [1, NAN], [1, 1]), [101, NAN])
    assert_array_equal(mid_price([NAN], [102], [1], [1]), [NAN])


@pytest.mark.core
def test_labels_stay():
    index = pd.date_range("2024-01-02 09:30", periods=2, freq="s", name="time")
    bid = pd.DataFrame({"bid_1": [100, 101], "bid_2": [99, 100]}, index)
    ask = pd.DataFrame({"ask_1": [102, 103], "ask_2": [103, 104]}, index)
    expected = pd.Series([101.0, 102.0], index, name="mid_price")
    pd.testing.assert_series_equal(mid_price(bid, ask), expected)
    pd.testing.assert_series_equal(mid_price(bid["bid_1"], ask["ask_1"].to_numpy()), expected)
    assert quoted_spread(bid, ask).name == "quoted_spread"
    with pytest.raises(ValidationError, match="ask_price must have the index of bid_price"):
        mid_price(bid, ask.set_axis([0, 1]))


@pytest.mark.core
def test_missing_values_of_pandas_and_masks_are_none():
    price = pd.Series([100, None], dtype="Int64")
    assert_array_equal(mid_price(price, price + 2), [101.0, NAN])
    masked = np.ma.array([100, 100], mask=[False, True])
    assert_array_equal(mid_price(masked, [102, 102]), [101.0, NAN])


@pytest.mark.core
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: mid_price([1], [1, 2]), ValidationError, "ask_price must have the shape"),
        (lambda: mid_price([1], [1], [1]), ValidationError, "ask_quantity must be given too"),
        (lambda: mid_price([1], [1], None, [1]), ValidationError, "bid_quantity must be given"),
        (lambda: mid_price(1, 1), ValidationError, "bid_price must have one or two axes"),
        (lambda: mid_price(["1"], [1]), ArgumentTypeError, "bid_price must be numbers"),
        (lambda: mid_price([1], [object()]), ArgumentTypeError, "ask_price must be numbers"),
        (lambda: mid_price(np.array([1j]), [1]), ArgumentTypeError, "must be numbers"),
        (lambda: quoted_spread([1], [1], unit="pips"), ValidationError, "unit must be one of"),
        (lambda: quoted_spread([1], [1], unit=1), ValidationError, "unit must be one of"),
        (lambda: quoted_spread([1], [1], unit=[]), ValidationError, "unit must be one of"),
    ],
)
def test_a_wrong_argument_is_named(call, error, text):
    with pytest.raises(error, match=text):
        call()
