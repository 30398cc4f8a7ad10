"""EWMA and RiskMetrics 2006 against sums over all ages, arch and pandas."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles import volatility_more as oracle

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.volatility import ewma_volatility, riskmetrics2006_volatility

NAN, INF = math.nan, math.inf
RETURNS = np.random.default_rng(3).normal(0, 0.01, (300, 4))

holes = st.lists(
    st.floats(-1.0, 1.0).map(lambda x: round(x, 6)) | st.sampled_from([NAN, INF, 0.0]), max_size=40
)


@pytest.mark.core
@settings(max_examples=50)
@given(holes, st.floats(0.05, 0.995), st.none() | st.floats(0.0, 2.0))
def test_agrees_with_weights_by_age(returns, decay, start):
    got = ewma_volatility(returns, decay=decay, start=start, min_periods=0)
    expected = np.sqrt(oracle.ewma_variance(returns, decay, start))
    assert_allclose(got, expected, rtol=1e-11, atol=1e-150)


@pytest.mark.core
@settings(max_examples=25)
@given(holes, st.integers(2, 8), st.none() | st.floats(0.0, 2.0))
def test_riskmetrics_agrees_with_weights_by_age(returns, kmax, start):
    got = riskmetrics2006_volatility(returns, kmax=kmax, start=start, min_periods=0)
    expected = np.sqrt(oracle.riskmetrics2006_variance(returns, 1560, 4, kmax, 2**0.5, start))
    assert_allclose(got, expected, rtol=1e-11, atol=1e-150)


@pytest.mark.core
@pytest.mark.parametrize("function", [ewma_volatility, riskmetrics2006_volatility])
def test_a_value_knows_nothing_of_later_rows(function):
    whole = function(RETURNS)
    for end in (20, 150):
        assert_array_equal(whole[:end], function(RETURNS[:end]))
    changed = RETURNS.copy()
    changed[100:] *= 7.0
    assert_array_equal(function(changed)[:100], whole[:100])
    assert (function(changed)[100] != whole[100]).all()


@pytest.mark.parametrize("decay", [0.94, 0.8])
def test_arch_says_the_same_from_the_same_start(decay):
    from arch.univariate import EWMAVariance, ZeroMean

    returns = 100 * RETURNS[:, 0]
    model = ZeroMean(returns, volatility=EWMAVariance(decay))
    start = model.volatility.backcast(returns)
    theirs = model.fit(disp="off", backcast=start)
    ours = ewma_volatility(returns, decay=decay, start=start, min_periods=0)
    assert_allclose(ours[:-1], theirs.conditional_volatility[1:], rtol=1e-12)
    ahead = theirs.forecast(horizon=3).variance.to_numpy()[-1]
    assert_allclose(ours[-1] ** 2, ahead, rtol=1e-12)  # flat


def test_arch_says_the_same_of_riskmetrics_2006():
    from arch.univariate import RiskMetrics2006, ZeroMean

    returns = 100 * RETURNS[:, 0]
    theirs = ZeroMean(returns, volatility=RiskMetrics2006()).fit(disp="off", backcast=1.25)
    ours = riskmetrics2006_volatility(returns, start=1.25, min_periods=0)
    assert_allclose(ours[:-1], theirs.conditional_volatility[1:], rtol=1e-12)


def test_pandas_says_the_same():
    frame = pd.DataFrame(RETURNS, columns=list("abcd"))
    frame.iloc[30:40, 1] = np.nan
    frame.iloc[:7, 2] = np.nan
    squares = frame.pow(2).ewm(alpha=0.06, ignore_na=True, min_periods=10).mean()
    pd.testing.assert_frame_equal(ewma_volatility(frame), squares**0.5, rtol=1e-12)
    squares = frame.pow(2).ewm(halflife=20, ignore_na=True, min_periods=10).mean()
    pd.testing.assert_frame_equal(ewma_volatility(frame, halflife=20), squares**0.5, rtol=1e-12)


@pytest.mark.core
def test_a_gap_keeps_the_state():
    returns = RETURNS[:, 0].copy()
    without = ewma_volatility(returns)
    holed = np.insert(returns, 50, [NAN, INF, -INF, 1e200])  # the last one's square overflows
    got = ewma_volatility(holed)
    assert_array_equal(got[50:54], np.full(4, got[49]))
    assert_array_equal(np.delete(got, range(50, 54)), without)


def test_nothing_before_enough_returns():
    returns = np.array([NAN, 0.01, NAN, 0.02, 0.03])
    assert_array_equal(np.isnan(ewma_volatility(returns, min_periods=2)), [True] * 3 + [False] * 2)
    assert np.isnan(ewma_volatility(returns)).all()
    assert np.isnan(ewma_volatility(returns, min_periods=0))[0]
    assert ewma_volatility(returns, min_periods=0, start=4.0)[0] == 2.0


def test_the_year_scales_by_its_root():
    daily = ewma_volatility(RETURNS)
    assert_allclose(ewma_volatility(RETURNS, periods_per_year=252), daily * 252**0.5, rtol=1e-15)


def test_shape_and_labels_stay():
    dates = pd.bdate_range("2024-01-01", periods=300)
    frame = pd.DataFrame(RETURNS, dates, list("abcd"))
    start = pd.Series([4.0, 3.0, 2.0, 1.0], list("dcba"))  # in another order
    for function in (ewma_volatility, riskmetrics2006_volatility):
        got = function(frame, start=start)
        assert got.index is dates or got.index.equals(dates)
        for at, name in enumerate("abcd"):
            alone = function(frame[name], start=at + 1.0)
            pd.testing.assert_series_equal(got[name], alone)
            assert_array_equal(function(RETURNS[:, at].tolist(), start=at + 1.0), alone)
    assert ewma_volatility([]).shape == (0,)
    assert ewma_volatility(np.empty((5, 0))).shape == (5, 0)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"decay": 1.0}, RangeError, "decay must lie between 0 and 1, got 1.0"),
        ({"decay": NAN}, ValidationError, "decay must be finite"),
        ({"halflife": 0}, RangeError, "halflife must be above 0"),
        ({"decay": 0.9, "halflife": 3}, ValidationError, "decay must not be given beside"),
        ({"start": [1.0]}, ValidationError, "start must have a value for each of 4 columns"),
        ({"start": -1.0}, ValidationError, "start must be finite and at least 0"),
        ({"start": "1"}, ArgumentTypeError, "start"),
        ({"min_periods": -1}, RangeError, "min_periods"),
        ({"periods_per_year": -1}, RangeError, "periods_per_year"),
    ],
)
def test_options_that_make_no_sense(options, error, text):
    with pytest.raises(error, match=text):
        ewma_volatility(RETURNS, **options)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"tau1": 2000}, "tau1 must lie between 0 and tau0"),
        ({"kmax": 30}, "kmax must keep the longest component"),
        ({"kmax": 0}, "kmax"),
        ({"rho": 1.0}, "rho must be above 1"),
        ({"tau0": 0.5, "tau1": 0.1}, "tau0 must be above 1"),
    ],
)
def test_components_that_make_no_sense(options, text):
    with pytest.raises(ValidationError, match=text):
        riskmetrics2006_volatility(RETURNS, **options)


def test_what_is_not_numbers_is_refused():
    for bad in (None, "ab", [["a"]], {1.0}):
        with pytest.raises(ArgumentTypeError):
            ewma_volatility(bad)
