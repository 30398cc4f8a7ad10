"""Volume by price against a dict, and value areas against the rule."""

import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.microstructure import volume_profile

NAN, INF = math.nan, math.inf

trades = st.lists(
    st.tuples(
        st.integers(95, 107) | st.sampled_from([NAN, INF]),
        st.integers(0, 9) | st.just(NAN),
        st.sampled_from([1, -1, 0, NAN]),
    ),
    max_size=30,
)


def naive_profile(rows, tick):
    """Add up volume, buys and sells by price; between prices of a tick all rows are there."""
    tallies = [Counter(), Counter(), Counter()]
    for price, quantity, side in rows:
        if not math.isfinite(price) or not quantity > 0:
            continue
        place = price if tick is None else math.floor(price / tick) * tick
        for tally, counts in zip(tallies, (True, side == 1, side == -1), strict=True):
            tally[place] += quantity * counts
    places = sorted(tallies[0])
    if places and tick is not None:
        places = list(range(places[0], places[-1] + tick, tick))
    return places, [[tally[place] for place in places] for tally in tallies]


def naive_area(places, volume, part):
    """Grow from the busiest row, the way the market did more."""
    middle = (places[0] + places[-1]) / 2
    keys = [(-v, abs(p - middle), p) for p, v in zip(places, volume, strict=True)]
    low = high = busiest = keys.index(min(keys))
    while 10 * sum(volume[low : high + 1]) < part * sum(volume):
        above = volume[high + 1] if high + 1 < len(volume) else -1
        below = volume[low - 1] if low else -1
        low, high = (low, high + 1) if above >= below else (low - 1, high)
    return places[busiest], places[low], places[high]


@given(trades, st.none() | st.integers(1, 4), st.integers(1, 10))
def test_any_trades_have_the_profile_of_the_definition(rows, tick, tenths):
    columns = np.array(rows, float).reshape(-1, 3).T
    got = volume_profile(*columns, tick=tick, value_area=tenths / 10)
    places, tallies = naive_profile(rows, tick)
    assert_array_equal(got.price, places)
    assert_array_equal([got.volume, got.buys, got.sells], np.array(tallies).reshape(3, -1))
    area = naive_area(places, tallies[0], tenths) if places else (NAN, NAN, NAN)
    assert_array_equal((got.point_of_control, got.value_area_low, got.value_area_high), area)


@given(trades, st.none() | st.integers(1, 4), st.floats(0.01, 1.0))
def test_the_value_area_holds_its_part_and_the_busiest_price(rows, tick, part):
    got = volume_profile(*np.array(rows, float).reshape(-1, 3).T, tick=tick, value_area=part)
    if not len(got):
        return
    inside = got.to_frame()["in_value_area"].to_numpy()
    assert got.volume[inside].sum() >= part * got.volume.sum() * (1 - 1e-9)
    assert got.value_area_low <= got.point_of_control <= got.value_area_high
    assert got.volume.max() == got.volume[got.price == got.point_of_control][0]


@pytest.mark.core
def test_the_value_area_of_the_worked_example():
    # The numbers that explain the rule to users of Market Profile: 70 % of the volume is 388,
    # reached by 150 at 106, then 90 at 107, 80 at 108 and 70 at 105, not 50 at 109.
    volume = {103: 54, 104: 60, 105: 70, 106: 150, 107: 90, 108: 80, 109: 50}
    got = volume_profile(list(volume), list(volume.values()))
    assert (got.point_of_control, got.value_area_low, got.value_area_high) == (106, 105, 108)
    assert got.volume[2:6].sum() == 390


@pytest.mark.core
def test_of_two_busiest_prices_the_nearer_to_the_middle_then_the_lower():
    assert volume_profile([1, 2, 9], [5, 5, 1]).point_of_control == 2
    assert volume_profile([1, 4, 9], [1, 5, 5]).point_of_control == 4
    assert volume_profile([1, 9], [5, 5]).point_of_control == 1
    assert volume_profile([1, 2, 3], [1, 5, 1], value_area=0.8).value_area_high == 3


@pytest.mark.core
def test_ticks_of_decimals_hold_the_prices_that_are_their_multiples():
    cents = np.arange(-500, 12_000)
    got = volume_profile(cents / 100, np.ones(cents.size), tick=0.01)
    assert_array_equal(got.volume, np.ones(cents.size))
    assert_allclose(got.price, cents / 100, rtol=1e-14, atol=1e-15)
    halves = volume_profile([0.05, 0.0999, 0.1], [1, 2, 4], tick=0.05)
    assert_array_equal(halves.volume, [3, 4])
    huge = 2**50
    assert_array_equal(volume_profile([huge - 1, huge, huge + 1], [1, 2, 4], tick=2).volume, [1, 6])


@pytest.mark.core
def test_sides_that_are_not_given_are_not_known():
    got = volume_profile([100, 101], [1, 2])
    assert np.isnan(got.buys).all()
    assert np.isnan(got.sells).all()
    assert_array_equal(got.volume, [1, 2])


@pytest.mark.core
def test_nothing_traded_is_nothing_known():
    for tick in (None, 0.5):
        for columns in (([], []), ([100, NAN], [0, 5]), ([100], [-1])):
            got = volume_profile(*columns, tick=tick)
            assert len(got) == 0
            assert math.isnan(got.point_of_control)
            assert math.isnan(got.value_area_low)
            assert got.to_frame().empty


@pytest.mark.core
def test_the_frame_has_the_profile():
    frame = volume_profile(pd.Series([100, 100, 103]), [1, 2, 5], [1, -1, -1], tick=1).to_frame()
    assert frame.index.name == "price"
    assert frame.index.tolist() == [100, 101, 102, 103]
    assert frame.columns.tolist() == ["volume", "buys", "sells", "in_value_area"]
    assert frame["volume"].tolist() == [3, 0, 0, 5]
    assert frame["buys"].tolist() == [1, 0, 0, 0]


@pytest.mark.core
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: volume_profile([1], [1, 2]), ValidationError, "quantity must be as long as price"),
        (
            lambda: volume_profile([1], [1], [1, 2]),
            ValidationError,
            "aggressor_side must be as long",
        ),
        (
            lambda: volume_profile([1], [1], value_area=0),
            ValidationError,
            "value_area must be above",
        ),
        (
            lambda: volume_profile([1], [1], value_area=70),
            ValidationError,
            "value_area must be above",
        ),
        (lambda: volume_profile([1], [1], value_area="x"), ArgumentTypeError, "value_area must"),
        (lambda: volume_profile([1], [1], tick=0), ValidationError, "tick must be above 0, got 0"),
        (lambda: volume_profile([1], [1], tick=NAN), ValidationError, "tick must be finite"),
        (
            lambda: volume_profile([1, 1e9], [1, 1], tick=1),
            ValidationError,
            "tick must make at most",
        ),
        (
            lambda: volume_profile([1e300], [1], tick=1e-9),
            ValidationError,
            "tick must make at most",
        ),
        (lambda: volume_profile(["a"], [1]), ArgumentTypeError, "price must hold"),
    ],
)
def test_a_wrong_argument_is_named(call, error, text):
    with pytest.raises(error, match=text):
        call()
