"""Volatility from bars against the formulas, the original's numbers, and every window afresh."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles import volatility_more as oracle

import nanobook
from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.volatility import realized_vol, rolling_realized_vol

NAN, INF = math.nan, math.inf
FIVE = ("close_to_close", "parkinson", "garman_klass", "rogers_satchell", "yang_zhang")
SHORT = {
    "close": "close_to_close",
    "cc": "close_to_close",
    "gk": "garman_klass",
    "rs": "rogers_satchell",
    "yz": "yang_zhang",
}
OPEN = [10.0, 10.4, 10.1, 10.9, 11.2, 10.8]
HIGH = [10.6, 10.7, 10.9, 11.5, 11.4, 11.0]
LOW = [9.8, 10.0, 9.9, 10.7, 10.6, 10.5]
CLOSE = [10.5, 10.2, 10.8, 11.1, 10.7, 10.9]
BARS = OPEN, HIGH, LOW, CLOSE

methods = pytest.mark.parametrize("method", FIVE)


def make_bars(seed, periods, columns, steps=78, sigma=0.01, overnight=0.0, drift=0.0):
    """Return bars of random walks that are looked at `steps` times a bar."""
    rng = np.random.default_rng(seed)
    moves = rng.normal(drift / steps, sigma / steps**0.5, (periods, steps, columns))
    jumps = rng.normal(0.0, overnight, (periods, columns))
    within = np.cumsum(moves, axis=1)
    before = np.cumsum(within[:, -1] + jumps, axis=0) - within[:, -1]
    path = 100 * np.exp(before[:, None] + np.concatenate([0 * within[:, :1], within], axis=1))
    return path[:, 0], path.max(axis=1), path.min(axis=1), path[:, -1]


TABLE = make_bars(1, 200, 3, steps=10)


@pytest.mark.core
@pytest.mark.parametrize(
    ("method", "expected", "of_three"),
    [
        ("close_to_close", 0.03958675694361567, 0.060914385921066704),
        ("parkinson", 0.044303511569934055, 0.04902988109849813),
        ("garman_klass", 0.04575301744729861, 0.04898233635915957),
        ("yang_zhang", 0.04567011527126785, 0.04902495328541389),
    ],
)
def test_numbers_of_the_original(method, expected, of_three):
    assert realized_vol(*BARS, method) == pytest.approx(expected, rel=1e-14)
    three = [prices[:3] for prices in BARS]
    assert realized_vol(*three, method) == pytest.approx(of_three, rel=1e-14)


@pytest.mark.core
@methods
@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(0, 12), st.sampled_from([1e-6, 1.0, 1e6]), st.booleans())
def test_agrees_with_the_formulas(method, seed, periods, scale, crossed):
    bars = [prices * scale for prices in np.random.default_rng(seed).uniform(9, 11, (4, periods))]
    if not crossed and periods:
        bars[1], bars[2] = np.max(bars, axis=0), np.min(bars, axis=0)
    expected = oracle.realized_vol(*[prices.tolist() for prices in bars], method)
    assert realized_vol(*bars, method) == pytest.approx(expected, rel=1e-12, nan_ok=True)


@pytest.mark.core
@methods
@settings(max_examples=30)
@given(st.data(), st.integers(1, 9))
def test_a_window_is_what_its_bars_say_alone(method, data, window):
    bars = [prices[:30, 0].copy() for prices in TABLE]
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 29))
        bars[place[0]][place[1]] = data.draw(st.sampled_from([NAN, INF, 0.0, -1.0]))
    got = rolling_realized_vol(*bars, window, method)
    least = 3 if method in ("close_to_close", "yang_zhang") else 2
    for t in range(30):
        inside = [prices[max(0, t - window + 1) : t + 1].tolist() for prices in bars]
        if t + 1 < window or window < least:
            assert window == 1 < least or math.isnan(got[t])
        else:
            expected = oracle.realized_vol(*inside, method)
            assert got[t] == pytest.approx(expected, rel=1e-11, nan_ok=True)


@pytest.mark.core
@methods
def test_what_has_left_the_window_leaves_no_trace(method):
    spiked = [prices.copy() for prices in TABLE]
    for prices in spiked:
        prices[50] *= 1e12
    got, clean = (rolling_realized_vol(*bars, 20, method) for bars in (spiked, TABLE))
    untouched = np.r_[19:50, 71:200]
    assert_array_equal(got[untouched], clean[untouched])
    assert (got[51:70] > 1.0).all() or method not in ("close_to_close", "yang_zhang")


def test_one_bar_has_a_range():
    got = rolling_realized_vol(*BARS, 1, "parkinson")
    expected = np.log(np.divide(HIGH, LOW)) / (4 * math.log(2)) ** 0.5
    assert_allclose(got, expected, rtol=1e-14)
    for method in ("close_to_close", "yang_zhang"):
        assert np.isnan(rolling_realized_vol(*BARS, 2, method)).all()


@pytest.mark.core
def test_short_names_are_the_long_ones():
    for short, method in SHORT.items():
        assert realized_vol(*BARS, short) == realized_vol(*BARS, method)
        assert_array_equal(
            rolling_realized_vol(*BARS, 4, short), rolling_realized_vol(*BARS, 4, method)
        )
    assert realized_vol(*BARS) == realized_vol(*BARS, "cc")
    assert nanobook.py_realized_vol is realized_vol


@methods
@pytest.mark.parametrize("bad", [NAN, INF, 0.0, -1.0])
@pytest.mark.parametrize("which", range(4))
def test_a_price_that_is_none_makes_nan(method, bad, which):
    bars = [list(prices) for prices in BARS]
    bars[which][2] = bad
    assert math.isnan(realized_vol(*bars, method))


@methods
def test_too_few_bars_and_vectors_that_differ_in_length(method):
    assert math.isnan(realized_vol(*[prices[:1] for prices in BARS], method))
    assert math.isnan(realized_vol([], [], [], [], method))
    assert math.isnan(realized_vol(OPEN[:-1], HIGH, LOW, CLOSE, method))
    two = realized_vol(*[prices[:2] for prices in BARS], method)
    assert math.isnan(two) if method == "yang_zhang" else two >= 0.0


@methods
def test_each_estimates_the_same_volatility(method):
    bars = make_bars(5, 4000, 1, steps=400)
    assert realized_vol(*bars, method)[0] == pytest.approx(0.01, rel=0.06)


def test_only_some_see_the_night_and_only_some_stand_a_drift():
    nightly = make_bars(6, 4000, 1, steps=400, overnight=0.01)
    assert realized_vol(*nightly, "yz")[0] == pytest.approx(0.01 * 2**0.5, rel=0.05)
    assert realized_vol(*nightly, "rs")[0] < 0.0105
    drifting = make_bars(7, 4000, 1, steps=400, drift=0.02)
    assert realized_vol(*drifting, "rs")[0] == pytest.approx(0.01, rel=0.1)
    assert realized_vol(*drifting, "parkinson")[0] > 0.014


@pytest.mark.core
@methods
def test_shape_and_labels_stay(method):
    dates = pd.bdate_range("2024-01-01", periods=200)
    frames = [pd.DataFrame(prices, dates, list("abc")) for prices in TABLE]
    rolled = rolling_realized_vol(*frames, 21, method, periods_per_year=252)
    plain = rolling_realized_vol(*TABLE, 21, method)
    assert_allclose(rolled, plain * 252**0.5, rtol=1e-14)
    assert rolled.index.equals(dates)
    assert rolled.columns.tolist() == list("abc")
    one = rolling_realized_vol(*[frame["b"] for frame in frames], 21, method)
    assert_array_equal(one, plain[:, 1])
    assert one.name == "b"
    whole = realized_vol(*frames, method)
    assert whole.index.tolist() == list("abc")
    assert whole["b"] == realized_vol(*[frame["b"] for frame in frames], method)
    assert_array_equal(whole, realized_vol(*TABLE, method))


def test_prices_that_a_method_does_not_use_may_be_missing():
    _, high, low, close = TABLE
    got = rolling_realized_vol(None, None, None, close, 21, "cc")
    assert_array_equal(got, rolling_realized_vol(*TABLE, 21, "cc"))
    got = rolling_realized_vol(None, high, low, None, 21, "parkinson")
    assert_array_equal(got, rolling_realized_vol(*TABLE, 21, "parkinson"))
    with pytest.raises(ValidationError, match="high must be given for method 'yang_zhang'"):
        rolling_realized_vol(TABLE[0], None, low, close, 21)


def test_arguments_that_do_not_go_together():
    frames = [pd.DataFrame(prices, columns=list("abc")) for prices in TABLE]
    with pytest.raises(ValidationError, match="method must be one of"):
        realized_vol(*BARS, "CC")
    with pytest.raises(ArgumentTypeError, match="method"):
        realized_vol(*BARS, None)
    with pytest.raises(ValidationError, match=r"low must have the shape of open, \(200, 3\)"):
        rolling_realized_vol(TABLE[0], TABLE[1], TABLE[2][1:], TABLE[3], 5)
    with pytest.raises(ValidationError, match="close must have the index and columns of open"):
        rolling_realized_vol(*frames[:3], frames[3][list("cab")], 5)
    later = frames[1]["a"].set_axis(range(1, 201))
    with pytest.raises(ValidationError, match="high must have the index"):
        realized_vol(frames[0]["a"], later, frames[2]["a"], frames[3]["a"])
    with pytest.raises(RangeError, match="window"):
        rolling_realized_vol(*TABLE, -1)
    with pytest.raises(TypeError, match="window"):
        rolling_realized_vol(*TABLE, 2.0)
    assert np.isnan(rolling_realized_vol(*TABLE, 2**62)).all()
    with pytest.raises(ArgumentTypeError, match="close"):
        realized_vol(OPEN, HIGH, LOW, None)


def test_input_is_left_as_it_was():
    before = [prices.copy() for prices in TABLE]
    for method in FIVE:
        rolling_realized_vol(*TABLE, 5, method)
    assert_array_equal(TABLE, before)
