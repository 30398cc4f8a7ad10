"""Rolling figures against every window computed afresh, and the faults they used to have."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles import metrics as oracle

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.metrics.rolling import rolling_max_drawdown, rolling_sharpe, rolling_volatility

NAN, INF = math.nan, math.inf

# On a grid, so that exact arithmetic in the oracle meets no squares that underflow here.
series = st.lists(st.integers(-(10**5), 10**5).map(lambda i: i / 10**6), max_size=60)
windows = st.integers(0, 20)
curves = st.lists(st.floats(1.0, 1e6), max_size=60)

both = pytest.mark.parametrize(
    ("rolling", "naive"),
    [
        (rolling_sharpe, oracle.rolling_sharpe),
        (rolling_volatility, oracle.rolling_volatility),
    ],
    ids=["sharpe", "volatility"],
)
all_three = pytest.mark.parametrize(
    "rolling", [rolling_sharpe, rolling_volatility, rolling_max_drawdown]
)


@pytest.mark.core
@both
@settings(max_examples=50)
@given(series, windows)
def test_returns_agree_with_every_window_computed_afresh(rolling, naive, returns, window):
    assert_allclose(
        rolling(returns, window), naive(returns, window), rtol=1e-12, atol=1e-9, equal_nan=True
    )


@both
@settings(max_examples=30)
@given(series, st.integers(2, 8), st.data())
def test_only_windows_that_hold_a_value_that_is_not_finite_are_nan(
    rolling, naive, returns, window, data
):
    returns = [*returns, *[0.01, -0.02, 0.03] * 4]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(returns) - 1))
        returns[place] = data.draw(st.sampled_from([NAN, INF, -INF]))
    assert_allclose(
        rolling(returns, window), naive(returns, window), rtol=1e-12, atol=1e-9, equal_nan=True
    )


@pytest.mark.core
@both
@settings(max_examples=30)
@given(series, st.integers(2, 8), st.sampled_from([1e300, -1e15, NAN, INF]), st.integers(0, 40))
def test_what_lies_outside_a_window_leaves_no_trace(rolling, naive, returns, window, spike, at):
    returns = np.array([*returns, *[0.01, -0.02, 0.03] * 4])
    at = min(at, len(returns) - 1)
    spiked = returns.copy()
    spiked[at] = spike
    untouched = np.ones(len(returns), dtype=bool)
    untouched[at : at + window] = False
    assert_array_equal(rolling(spiked, window)[untouched], rolling(returns, window)[untouched])


@both
@pytest.mark.parametrize("level", [1e8, -1e12])
def test_a_large_level_costs_no_digits(rolling, naive, level):
    returns = level + np.random.default_rng(1).integers(-8, 9, 200) / 8
    got = rolling(returns, 10)
    assert_allclose(got, naive(returns.tolist(), 10), rtol=1e-13)


@both
def test_a_spike_among_small_values(rolling, naive):
    returns = np.random.default_rng(2).normal(0, 1e-4, 120)
    returns[50] = 1e6
    got = rolling(returns, 10)
    expected = naive(returns.tolist(), 10)
    assert_allclose(got, expected, rtol=1e-11)


@pytest.mark.core
@pytest.mark.parametrize("value", [0.01, -0.1, 1 / 3, 1e8 + 0.1, 0.0])
def test_a_constant_window_has_no_volatility_and_no_sharpe(value):
    returns = [0.5, *[value] * 20, -0.5]
    assert_array_equal(rolling_volatility(returns, 7)[7:21], np.zeros(14))
    assert_array_equal(rolling_sharpe(returns, 7)[7:21], np.zeros(14))


@pytest.mark.core
def test_worked_example_of_the_original():
    expected = [NAN, NAN, 6.928203230275507, 10.167822548835877]
    assert_allclose(rolling_sharpe([0.01, 0.02, -0.01, 0.03], 3), expected, rtol=1e-14)


def test_the_year_scales_by_its_root():
    returns = [0.01, 0.02, -0.01, 0.03]
    daily = rolling_volatility(returns, 2, 1)
    assert_allclose(rolling_volatility(returns, 2, 30.25), 5.5 * daily, rtol=1e-15)
    assert np.isnan(rolling_volatility(returns, 2, -1.0)).all()
    assert np.isnan(rolling_sharpe(returns, 2, NAN)).all()
    with pytest.raises(ArgumentTypeError, match="periods_per_year"):
        rolling_sharpe(returns, 2, "252")


@pytest.mark.core
@settings(max_examples=50)
@given(curves, windows)
def test_drawdowns_agree_with_every_window_computed_afresh(equity, window):
    got = rolling_max_drawdown(equity, window)
    assert_allclose(got, oracle.rolling_max_drawdown(equity, window), rtol=0, atol=1e-15)


def test_drawdown_of_the_original():
    equity = [100, 90, 80, 95, 100, 101, 99, 102, 90]
    expected = [NAN, NAN, 0.2, 1 / 9, 0.0, 0.0, 2 / 101, 2 / 101, 12 / 102]
    assert_allclose(rolling_max_drawdown(equity, 3), expected, rtol=0, atol=1e-16)


def test_a_drawdown_window_of_one_has_lost_nothing():
    assert rolling_max_drawdown([3.0, 2.0, 1.0], 1).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("bad", [0.0, -1.0, NAN, INF])
def test_equity_must_be_finite_and_positive(bad):
    with pytest.raises(ValidationError, match=f"equity must be finite and positive, got {bad}"):
        rolling_max_drawdown([1.0, bad, 2.0], 2)


@pytest.mark.core
@all_three
def test_columns_stay_apart_and_labels_stay_on(rolling):
    table = np.random.default_rng(4).uniform(0.5, 1.5, (50, 3))
    matrix = rolling(table, 7)
    assert matrix.shape == (50, 3)
    for s in range(3):
        assert_array_equal(matrix[:, s], rolling(table[:, s].tolist(), 7))
    dates = pd.date_range("2024-01-01", periods=50)
    frame = rolling(pd.DataFrame(table, index=dates, columns=list("abc")), 7)
    pd.testing.assert_frame_equal(frame, pd.DataFrame(matrix, index=dates, columns=list("abc")))
    one = rolling(pd.Series(table[:, 0], index=dates, name="a"), 7)
    pd.testing.assert_series_equal(one, frame["a"])


@all_three
def test_input_is_left_as_it_was(rolling):
    table = np.random.default_rng(5).uniform(0.5, 1.5, (20, 2))
    before = table.copy()
    rolling(table, 3)
    assert_array_equal(table, before)


@all_three
@pytest.mark.parametrize("window", [0, 5, 2**62])
def test_a_window_that_does_not_fit_gives_nan(rolling, window):
    assert np.isnan(rolling([1.0, 2.0, 3.0, 4.0], window)).all()


@pytest.mark.parametrize("rolling", [rolling_sharpe, rolling_volatility])
def test_one_return_has_no_deviation(rolling):
    assert np.isnan(rolling([1.0, 2.0], 1)).all()


@all_three
def test_empty_in_empty_out(rolling):
    assert rolling([], 3).shape == (0,)
    assert rolling(np.empty((0, 4)), 3).shape == (0, 4)
    assert rolling(np.empty((4, 0)), 3).shape == (4, 0)


@all_three
def test_the_window_is_a_count(rolling):
    with pytest.raises(TypeError, match="window"):
        rolling([1.0, 2.0], 2.0)
    with pytest.raises(OverflowError, match="window"):
        rolling([1.0, 2.0], -1)
    with pytest.raises(RangeError):
        rolling([1.0, 2.0], 2**63)
    assert rolling([1.0, 2.0], np.int32(2)).shape == (2,)


@all_three
@pytest.mark.parametrize("values", [None, "ab", {1.0}, [[1.0, 2.0]], 1.0])
def test_what_is_not_numbers_is_refused(rolling, values):
    with pytest.raises(ArgumentTypeError):
        rolling(values, 2)
