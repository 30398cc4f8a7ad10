import copy
import json
import math
import pickle
import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanobook.errors import ArgumentTypeError, RangeError
from nanobook.types.price import Price

cents_in_range = st.integers(-(2**63), 2**63 - 1)
TRILLIONS = 2**44 * 100  # the cents up to which from_float promises to undo to_float


@pytest.mark.parametrize(
    ("cents", "shown"),
    [
        (10050, "$100.50"),
        (0, "$0.00"),
        (5, "$0.05"),
        (-5, "$-0.05"),
        (-100, "$-1.00"),
        (-10050, "$-100.50"),
        (2**63 - 1, "$92233720368547758.07"),
        (-(2**63), "$-92233720368547758.08"),
    ],
)
def test_shows_currency_units(cents, shown):
    assert str(Price(cents)) == shown
    assert f"{Price(cents)}" == shown


@given(cents_in_range)
def test_the_display_is_exact(cents):
    assert Decimal(str(Price(cents)).removeprefix("$")) * 100 == cents


@given(cents_in_range)
def test_repr_makes_the_price_again(cents):
    again = eval(repr(Price(cents)))
    assert type(again) is Price
    assert again == cents


@given(cents_in_range, cents_in_range)
def test_is_an_integer(cents, other):
    price = Price(cents)
    assert (price < other, price == other) == (cents < other, cents == other)
    assert hash(price) == hash(cents)
    assert type(price + other) is int
    assert struct.pack("q", price) == struct.pack("q", cents)
    assert json.dumps(price) == str(cents)


def test_is_an_index():
    assert "abc"[Price(1)] == "b"


@given(cents_in_range)
def test_pickle_and_copy_keep_the_class(cents):
    price = Price(cents)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(price, protocol))
        assert (type(again), again) == (Price, cents)
    assert type(copy.deepcopy(price)) is Price


def test_is_immutable():
    with pytest.raises(AttributeError):
        Price(1).cents = 2


def test_constants():
    assert (Price.ZERO, Price.MIN, Price.MAX) == (0, -(2**63), 2**63 - 1)
    assert {type(Price.ZERO), type(Price.MIN), type(Price.MAX)} == {Price}


@pytest.mark.parametrize("cents", [2**63, -(2**63) - 1, 10**400])
def test_out_of_range_raises(cents):
    with pytest.raises(RangeError, match="cents must be from") as caught:
        Price(cents)
    assert isinstance(caught.value, OverflowError)


@pytest.mark.parametrize("cents", [1.0, math.nan, "1", b"1", None, Decimal(1), [1]])
def test_what_is_no_integer_raises(cents):
    with pytest.raises(ArgumentTypeError, match="cents must be an integer") as caught:
        Price(cents)
    assert isinstance(caught.value, TypeError)


def test_takes_whatever_has_an_index():
    class Five:
        def __index__(self):
            return 5

    assert Price(Five()) == 5
    assert Price(True) == 1
    assert repr(Price(True)) == "Price(1)"


@given(st.integers(-TRILLIONS, TRILLIONS))
def test_from_float_undoes_to_float(cents):
    assert Price.from_float(Price(cents).to_float()) == cents


@given(st.decimals(-(10**9), 10**9, places=2))
def test_from_float_is_exact_on_two_decimals(value):
    price = Price.from_float(float(value))
    assert type(price) is Price
    assert price == value * 100


@pytest.mark.parametrize(
    ("value", "cents"),
    [
        (0.29, 29),  # 0.29 * 100 is 28.999999999999996
        (0.125, 13),  # a tie, away from zero
        (-0.125, -13),
        (0.375, 38),
        (0.0049999999999999, 0),
        (1.005, 100),  # below its own decimals; spec/order_book.md section 16
        (-0.0, 0),
        (7, 700),
        (2.0**52, 2**52 * 100),
    ],
)
def test_from_float_rounds_half_a_cent_away_from_zero(value, cents):
    assert Price.from_float(value) == cents


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 1e17, -1e17, 1e308, 2.0**63 / 100]
)
def test_from_float_raises_where_there_is_no_price(value):
    with pytest.raises(RangeError):
        Price.from_float(value)


def test_from_float_reaches_the_lower_end():
    assert Price.from_float(-(2.0**63) / 100) == Price.MIN


def test_from_float_takes_no_integer_past_all_floats():
    with pytest.raises(RangeError):
        Price.from_float(10**400)


@pytest.mark.parametrize("value", ["1.50", None, 1j, [1.5]])
def test_from_float_takes_real_numbers_only(value):
    with pytest.raises(ArgumentTypeError, match="value must be a real number"):
        Price.from_float(value)
