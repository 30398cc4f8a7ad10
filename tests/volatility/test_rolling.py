"""`rolling_garch`: each row is what a fit of the past alone would have said."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nanobook.errors import RangeError, ValidationError
from nanobook.volatility import garch_fit, rolling_garch

from .series import made


def table(periods=420):
    return np.column_stack([made(periods=periods, seed=s) for s in (1, 2)])


@pytest.mark.filterwarnings("ignore:.*converge:RuntimeWarning")  # some EGARCH doesn't forget
@pytest.mark.parametrize(
    ("window", "horizon", "options"),
    [
        (None, 1, {}),
        (300, 5, {"model": "GJR", "mean": "zero"}),
        (250, 3, {"mean": "ar1", "p": 2}),
        (300, 1, {"model": "EGARCH"}),
    ],
)
def test_on_a_day_of_refitting_it_is_the_fits_forecast(window, horizon, options):
    returns = table()
    out = rolling_garch(
        returns, window=window, refit_every=60, horizon=horizon, min_periods=200, **options
    )
    first = window or 200
    assert np.isnan(out[: first - 1]).all()
    assert (out[first - 1 :] > 0).all()
    for end in range(first, 421, 60):
        fit = garch_fit(returns[(end - window if window else 0) : end], **options)
        expected = fit.forecast(horizon).variance.mean() ** 0.5
        assert_allclose(out[end - 1], expected, rtol=1e-3)


def test_between_refits_the_state_moves_and_the_parameters_stay():
    returns = table()[:, 0]
    out = rolling_garch(returns, refit_every=1000, min_periods=300, mean="zero")
    fit = garch_fit(returns[:300], mean="zero")
    omega, alpha, beta = fit.params
    for t in range(300, 420):
        expected = omega + alpha * returns[t] ** 2 + beta * out[t - 1] ** 2
        assert_allclose(out[t] ** 2, expected, rtol=1e-6)


def test_nothing_comes_from_the_future():
    returns = table()
    base = rolling_garch(returns, refit_every=25, window=250)
    changed = returns.copy()
    changed[333:] *= -3.0
    assert_array_equal(rolling_garch(changed, refit_every=25, window=250)[:333], base[:333])


def test_a_gap_keeps_the_forecast_and_labels_stay():
    dates = pd.bdate_range("2020-01-01", periods=420)
    frame = pd.DataFrame(table(), index=dates, columns=["a", "b"])
    frame.iloc[310:315, 1] = np.nan
    frame.iloc[:150, 1] = np.nan
    out = rolling_garch(frame, refit_every=50, min_periods=150)
    assert out.index.equals(dates)
    assert out.columns.tolist() == ["a", "b"]
    assert out["b"].iloc[310:315].nunique() == 1
    assert out["b"].iloc[314] == out["b"].iloc[309]
    assert out["a"].first_valid_index() == dates[149]
    assert out["b"].first_valid_index() == dates[199]
    alone = rolling_garch(frame["a"], refit_every=50, min_periods=150)
    pd.testing.assert_series_equal(alone, out["a"])


def test_an_infinite_return_leaves_gaps_not_garbage():
    returns = table()[:, :1]
    returns[330] = np.inf
    out = rolling_garch(returns, refit_every=20, window=100)[:, 0]
    assert (out[99:330] > 0).all()
    assert np.isnan(out[330:]).all()


def test_too_short_a_sample_is_all_nan():
    assert np.isnan(rolling_garch(np.ones(100))).all()


@pytest.mark.core
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"window": 49}, RangeError, "window must lie"),
        ({"min_periods": 10}, RangeError, "min_periods must lie"),
        ({"refit_every": 0}, RangeError, "refit_every must lie"),
        ({"horizon": 0}, RangeError, "horizon must lie"),
        ({"model": "EGARCH", "horizon": 2}, ValidationError, "horizon must be 1 for an EGARCH"),
        ({"dist": "ged"}, ValidationError, "dist must be one of"),
    ],
)
def test_options_are_checked(options, error, message):
    with pytest.raises(error, match=message):
        rolling_garch(np.zeros(100), **options)
