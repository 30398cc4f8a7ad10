"""Depth by distance against a walk over states, levels and bins."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from microstructure.states import states
from microstructure.states import times as some_times
from numpy.testing import assert_allclose, assert_array_equal

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.microstructure import depth_profile

NAN = math.nan


def naive_profile(tables, durations, width, bins):
    """For each bin and side: the average of the states that tell what it holds."""
    seen = {(side, place): [] for side in (0, 1) for place in range(bins)}
    whole = 0
    for bid, bids, ask, asks, lasted in zip(*tables, durations, strict=True):
        if not (bids[0] > 0 and asks[0] > 0):
            continue
        mid = (bid[0] + ask[0]) / 2
        whole += lasted
        for side, prices, quantities, away in ((0, bid, bids, -1), (1, ask, asks, 1)):
            distances = [away * (price - mid) for price in prices]
            reach = distances[-1] if quantities[-1] > 0 else math.inf
            for place in range(bins):
                if (place + 1) * width <= reach:
                    held = sum(
                        quantity
                        for quantity, distance in zip(quantities, distances, strict=True)
                        if quantity > 0 and max(distance // width, 0) == place
                    )
                    seen[side, place].append((lasted, held))
    quantity, known = np.full((2, bins), NAN), np.full((2, bins), NAN)
    for (side, place), rows in seen.items():
        total = sum(lasted for lasted, _ in rows)
        if total:
            quantity[side, place] = sum(lasted * held for lasted, held in rows) / total
        if whole:
            known[side, place] = total / whole
    return quantity, known


@given(
    states(most=10),
    st.integers(0, 2**32),
    st.sampled_from([0.5, 1, 2, 3.5]),
    st.integers(1, 12),
    st.booleans(),
)
def test_any_states_have_the_profile_of_the_definition(tables, seed, width, bins, timed):
    rows = len(tables[0])
    times = some_times(np.random.default_rng(seed), rows)
    options, lasting = {}, [1] * rows
    if timed and rows:
        options = {"timestamp_ns": times, "end_ns": int(times[-1]) + 3}
        lasting = [*np.diff(times).tolist(), 3]
    got = depth_profile(*tables, width=width, bins=bins, **options)
    quantity, known = naive_profile([t.tolist() for t in tables], lasting, width, bins)
    assert_array_equal(got.distance, np.arange(bins) * width)
    assert_allclose([got.bid_quantity, got.ask_quantity], quantity, rtol=1e-13)
    assert_allclose([got.bid_known, got.ask_known], known, rtol=1e-13)


@pytest.mark.core
def test_a_state_weighs_as_long_as_it_lasts():
    tables = [[99, 0], [99, 0]], [[10, 0], [40, 0]], [[101, 0]] * 2, [[5, 0]] * 2
    got = depth_profile(*tables, [0, 10], width=1, bins=3, end_ns=40)
    assert_array_equal(got.bid_quantity, [0, 32.5, 0])
    assert_array_equal(got.ask_quantity, [0, 5, 0])
    assert_array_equal(got.bid_known, [1, 1, 1])


@pytest.mark.core
def test_behind_the_last_level_nothing_is_known():
    got = depth_profile([[99, 97]], [[5, 7]], [[101, 102]], [[4, 3]], width=1, bins=4)
    assert_array_equal(got.bid_quantity, [0, 5, 0, NAN])
    assert_array_equal(got.ask_quantity, [0, 4, NAN, NAN])
    assert_array_equal(got.ask_known, [1, 1, 0, 0])


@pytest.mark.core
def test_a_state_that_cannot_be_read_counts_for_nothing():
    bid, ask = [[99, 0]] * 4, [[101, 0]] * 4
    bids, asks = [[5, 0], [0, 0], [NAN, 0], [5, 0]], [[5, 0], [5, 0], [5, 0], [0, 0]]
    got = depth_profile(bid, bids, ask, asks, width=1, bins=2)
    assert_array_equal(got.bid_quantity, [0, 5])
    broken = depth_profile([[99, NAN]], [[5, 5]], [[101, 0]], [[5, 0]], width=1, bins=2)
    assert np.isnan(broken.bid_quantity).all()
    assert np.isnan(broken.bid_known).all()


@pytest.mark.core
def test_decimal_prices_fall_into_the_bins_that_they_name():
    for cent in range(1, 20_000, 37):
        bid = np.array([[(cent + 100 - k) / 100 for k in range(5)] + [0]])
        ask = np.array([[(cent + 102 + k) / 100 for k in range(5)] + [0]])
        held = np.array([[1, 2, 3, 4, 5, 0]])
        got = depth_profile(bid, held, ask, held, width=0.01, bins=7)
        assert_array_equal(got.bid_quantity, [0, 1, 2, 3, 4, 5, 0])
        assert_array_equal(got.ask_quantity, [0, 1, 2, 3, 4, 5, 0])


@pytest.mark.core
def test_what_is_far_away_is_in_no_bin():
    got = depth_profile(
        [[99, -(2**60), 0]], [[1, 1, 0]], [[101, 2**60, 0]], [[1, 1, 0]], width=1e-9
    )
    assert_array_equal(got.bid_quantity, np.zeros(10))
    assert_array_equal(got.ask_known, np.ones(10))


@pytest.mark.core
def test_nothing_and_the_frame():
    for empty in (np.empty((0, 3)), np.empty((2, 0))):
        got = depth_profile(*[empty] * 4, width=1)
        assert len(got) == 10
        assert np.isnan(got.bid_quantity).all()
    frames = [pd.DataFrame([[v, 0]]) for v in (99, 5, 101, 6)]
    frame = depth_profile(*frames, width=1, bins=2).to_frame()
    assert frame.index.tolist() == [0, 1]
    assert frame.index.name == "distance"
    assert frame["ask_quantity"].tolist() == [0, 6]


@pytest.mark.core
@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"width": 0}, ValidationError, "width must be above 0, got 0"),
        ({"width": "1"}, ArgumentTypeError, "width must be a number"),
        ({"width": NAN}, ValidationError, "width must be finite"),
        ({"width": 1, "bins": 0}, RangeError, "bins must"),
        ({"width": 1, "bins": 2.0}, ArgumentTypeError, "bins must be an integer"),
        ({"width": 1, "timestamp_ns": [1]}, ValidationError, "a time for each of 2 rows"),
        ({"width": 1, "end_ns": 1}, ValidationError, "timestamp_ns must be given"),
    ],
)
def test_a_wrong_argument_is_named(options, error, text):
    with pytest.raises(error, match=text):
        depth_profile(*[np.ones((2, 2))] * 4, **options)
