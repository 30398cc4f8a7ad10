"""HAR regressions against statsmodels, arch and least squares by NumPy."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles import volatility_more as oracle

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.volatility import har_fit, rolling_har

NAN = math.nan
SHORT = (1, 3, 7)

transforms = pytest.mark.parametrize("transform", ["level", "sqrt", "log"])


def make_variance(seed, periods, columns=None, scale=1e-4):
    """Return variances whose logarithms are autoregressive, like those of daily returns."""
    rng = np.random.default_rng(seed)
    log = np.zeros((periods, columns or 1))
    for t in range(1, periods):
        log[t] = 0.95 * log[t - 1] + rng.normal(0, 0.3, columns or 1)
    variance = scale * np.exp(log)
    return variance if columns else variance[:, 0]


RV = make_variance(1, 600, 3)


@pytest.mark.core
@transforms
@pytest.mark.parametrize("horizon", [1, 5])
def test_parameters_agree_with_least_squares(transform, horizon):
    fit = har_fit(RV, lags=SHORT, transform=transform, horizon=horizon)
    assert fit.params.columns.tolist() == ["const", "lag[1]", "lag[3]", "lag[7]"]
    for s in range(3):
        x, y = oracle.har_rows(RV[:, s], SHORT, transform, horizon)
        params, noise = oracle.least_squares(x, y)
        assert_allclose(fit.params.loc[s], params, rtol=1e-8)
        assert fit.residual_variance[s] == pytest.approx(noise, rel=1e-10)
        _, back = oracle.TRANSFORMS[transform]
        assert_allclose(fit.fitted[:, s], back(x @ params, noise), rtol=1e-8)
        assert_allclose(fit.resid[:, s], y - x @ params, rtol=1e-5, atol=1e-14)


@transforms
@pytest.mark.parametrize(("horizon", "hac_lags"), [(1, None), (1, 0), (5, None), (10, 15)])
def test_statsmodels_says_the_same(transform, horizon, hac_lags):
    statsmodels = pytest.importorskip("statsmodels.api")
    fit = har_fit(RV[:, 0], transform=transform, horizon=horizon, hac_lags=hac_lags)
    x, y = oracle.har_rows(RV[:, 0], (1, 5, 22), transform, horizon)
    fine = np.isfinite(x).all(axis=1) & np.isfinite(y)
    scale = x[fine].std(axis=0)
    scale[0] = 1.0  # statsmodels inverts x'x as it comes: 1e-8 beside 1 costs it digits
    theirs = statsmodels.OLS(y[fine], x[fine] / scale).fit(
        cov_type="HAC", cov_kwds={"maxlags": fit.hac_lags}
    )
    assert fit.hac_lags == (max(5, horizon - 1) if hac_lags is None else hac_lags)
    assert_allclose(fit.params, theirs.params / scale, rtol=1e-8)
    assert_allclose(fit.std_err, theirs.bse / scale, rtol=1e-8)
    assert_allclose(fit.tvalues, theirs.tvalues, rtol=1e-7)
    assert fit.r_squared == pytest.approx(theirs.rsquared, rel=1e-9)
    assert fit.nobs == theirs.nobs == fine.sum()


def test_arch_says_the_same_of_parameters_and_forecasts():
    from arch.univariate import HARX

    rv = RV[:, 1] * 1e4
    fit = har_fit(rv)
    theirs = HARX(rv, lags=[1, 5, 22]).fit(disp="off")
    assert_allclose(fit.params, theirs.params[:4], rtol=1e-7)
    ahead = theirs.forecast(horizon=30).mean.to_numpy()[-1]
    assert_allclose(fit.forecast(30), ahead, rtol=1e-7)
    assert fit.prediction == pytest.approx(ahead[0], rel=1e-7)


@transforms
def test_forecasts_are_the_expectation_over_simulated_paths(transform):
    variance = make_variance(2, 400)
    fit = har_fit(variance, lags=(1, 3), transform=transform)
    forward, _ = oracle.TRANSFORMS[transform]
    const, first, third = fit.params
    noise = np.random.default_rng(3).normal(0, fit.residual_variance**0.5, (6, 200_000))
    path = [np.full(200_000, value) for value in forward(variance[-3:])]
    for shock in noise:
        mean = (path[-1] + path[-2] + path[-3]) / 3
        path.append(const + first * path[-1] + third * mean + shock)
    simulated = {"level": lambda v: v, "sqrt": np.square, "log": np.exp}[transform](
        np.array(path[3:])
    )
    assert_allclose(fit.forecast(6), simulated.mean(axis=1), rtol=0.01)


@pytest.mark.core
def test_a_gap_costs_the_rows_that_reach_over_it():
    holed = RV[:, 0].copy()
    holed[100] = NAN
    fit = har_fit(holed, lags=SHORT)
    x, y = oracle.har_rows(holed, SHORT, "level", 1)
    params, _ = oracle.least_squares(x, y)
    assert fit.nobs == 600 - 6 - 1 - 8
    assert_allclose(fit.params, params, rtol=1e-8)
    assert np.isnan(fit.fitted[100:107]).all()
    assert not np.isnan(fit.fitted[107:]).any()
    assert fit.status == "fitted"


def test_a_gap_separates_scores_in_the_errors():
    holed = make_variance(5, 200)
    holed[90:100] = NAN
    fit = har_fit(holed, lags=(1, 2), hac_lags=3)
    x, y = oracle.har_rows(holed, (1, 2), "level", 1)
    params, _ = oracle.least_squares(x, y)
    scale = np.array([1.0, 1e-4, 1e-4])
    scores = np.nan_to_num((y - x @ params)[:, None] * x / scale)
    fine = np.isfinite(x).all(axis=1) & np.isfinite(y)
    meat = scores.T @ scores
    for lag in range(1, 4):
        moved = scores[lag:].T @ scores[:-lag]
        meat += (1 - lag / 4) * (moved + moved.T)
    bread = np.linalg.inv((x[fine] / scale).T @ (x[fine] / scale))
    assert_allclose(fit.std_err, np.sqrt(np.diag(bread @ meat @ bread)) / scale, rtol=1e-7)


def test_a_variance_of_zero_has_no_logarithm():
    holed = RV[:, 0].copy()
    holed[100] = 0.0
    missing = np.where(holed == 0.0, NAN, holed)
    logs = har_fit(holed, lags=SHORT, transform="log")
    assert_array_equal(logs.params, har_fit(missing, lags=SHORT, transform="log").params)
    assert har_fit(holed, lags=SHORT).nobs == 600 - 6 - 1


@pytest.mark.core
def test_what_cannot_be_fitted_says_why():
    table = np.column_stack([RV[:, 0], np.full(600, 1e-4), np.full(600, NAN), np.zeros(600)])
    fit = har_fit(pd.DataFrame(table, columns=list("abcd")))
    assert fit.status.to_dict() == {
        "a": "fitted",
        "b": "regressors are collinear",
        "c": "too few observations",
        "d": "regressors are collinear",
    }
    assert fit.params.loc[["b", "c", "d"]].isna().all(axis=None)
    assert fit.forecast(2)[["b", "c"]].isna().all(axis=None)
    assert_array_equal(fit.params.loc["a"], har_fit(RV[:, 0]).params)
    assert "fitted=1 of 4" in repr(fit)
    assert har_fit([]).status == "too few observations"
    assert math.isnan(har_fit([]).prediction)


@pytest.mark.parametrize("power", [-20, 20])
def test_scale_does_not_matter(power):
    fit, scaled = har_fit(RV), har_fit(RV * 2.0**power)
    assert_allclose(scaled.params.iloc[:, 1:], fit.params.iloc[:, 1:], rtol=1e-12)
    assert_allclose(scaled.std_err.iloc[:, 1:], fit.std_err.iloc[:, 1:], rtol=1e-12)
    assert_allclose(scaled.forecast(5), fit.forecast(5) * 2.0**power, rtol=1e-11)


def test_labels():
    dates = pd.bdate_range("2022-01-03", periods=600)
    frame = pd.DataFrame(RV, dates, list("xyz"))
    fit = har_fit(frame, lags=SHORT)
    assert fit.params.index.tolist() == list("xyz")
    assert fit.fitted.index.equals(dates)
    assert fit.forecast(3).shape == (3, 3)
    assert fit.forecast(3).columns.tolist() == list("xyz")
    one = har_fit(frame["y"], lags=SHORT)
    pd.testing.assert_series_equal(one.params, fit.params.loc["y"])
    pd.testing.assert_series_equal(one.forecast(3), fit.forecast(3)["y"])
    assert type(one.r_squared) is float
    assert type(one.nobs) is int
    assert one.forecast(3).index.tolist() == [1, 2, 3]


# ---- rolling -------------------------------------------------------------------------------------


@pytest.mark.core
@transforms
@pytest.mark.parametrize(
    ("window", "horizon", "refit_every"), [(60, 1, 1), (60, 4, 7), (None, 1, 1), (None, 3, 10)]
)
def test_agrees_with_every_window_fitted_afresh(transform, window, horizon, refit_every):
    rv = make_variance(7, 180)
    rv[95] = NAN
    got = rolling_har(
        rv,
        window or 60,
        expanding=window is None,
        refit_every=refit_every,
        min_periods=20,
        lags=SHORT,
        transform=transform,
        horizon=horizon,
    )
    expected = oracle.rolling_har(rv, window, SHORT, transform, horizon, refit_every, least=20)
    assert_allclose(got, expected, rtol=1e-7)


@pytest.mark.core
def test_a_value_knows_nothing_of_later_rows():
    whole = rolling_har(RV, 100, horizon=3)
    changed = RV.copy()
    changed[300:] *= 5.0
    assert_array_equal(rolling_har(changed, 100, horizon=3)[:300], whole[:300])
    assert_array_equal(rolling_har(RV[:300], 100, horizon=3), whole[:300])
    assert (rolling_har(changed, 100, horizon=3)[300] != whole[300]).all()


def test_a_spike_leaves_no_trace():
    spiked = RV[:, 0].copy()
    spiked[200] = 1e6
    got, clean = (rolling_har(rv, 80, lags=SHORT) for rv in (spiked, RV[:, 0]))
    assert_allclose(got[200 + 7 + 80 :], clean[200 + 7 + 80 :], rtol=1e-9)
    assert_array_equal(got[:200], clean[:200])


@settings(max_examples=15)
@given(st.integers(0, 1000), st.integers(5, 60), st.integers(1, 3), st.booleans())
def test_agrees_with_least_squares_at_every_row(seed, window, horizon, expanding):
    rv = make_variance(seed, 90)
    got = rolling_har(rv, window, expanding=expanding, min_periods=5, lags=(1, 2), horizon=horizon)
    expected = oracle.rolling_har(
        rv, None if expanding else window, (1, 2), "level", horizon, least=5
    )
    assert_allclose(got, expected, rtol=1e-5)


def test_half_a_window_is_enough_and_labels_stay():
    frame = pd.DataFrame(RV, columns=list("abc"))
    got = rolling_har(frame, 100)
    first = 21 + 50  # 50 rows from row 21 on, and the last one's target
    assert got.iloc[:first].isna().all(axis=None)
    assert got.iloc[first:].notna().all(axis=None)
    pd.testing.assert_series_equal(rolling_har(frame["b"], 100), got["b"])
    assert np.isnan(rolling_har(np.full((300, 1), 2.0), 100)).all()
    assert rolling_har([], 100).shape == (0,)


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("function", [har_fit, rolling_har])
@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"lags": (5, 1)}, ValidationError, "lags must be ascending"),
        ({"lags": ()}, ValidationError, "lags must be ascending"),
        ({"lags": (0, 1)}, RangeError, "lags"),
        ({"lags": 5}, ArgumentTypeError, "lags must be a sequence"),
        ({"lags": (1, 2**40)}, RangeError, "lags must be below"),
        ({"transform": "ln"}, ValidationError, "transform must be one of"),
        ({"horizon": 0}, RangeError, "horizon"),
    ],
)
def test_options_that_make_no_sense(function, options, error, text):
    with pytest.raises(error, match=text):
        function(RV, **options)


@pytest.mark.parametrize("function", [har_fit, rolling_har])
@pytest.mark.parametrize("bad", [-1e-9, math.inf])
def test_variances_are_finite_and_not_negative(function, bad):
    with pytest.raises(ValidationError, match=f"realised_variance must be finite .* got {bad}"):
        function([1.0, bad, 2.0])


def test_more_that_makes_no_sense():
    with pytest.raises(ValidationError, match="min_periods must leave 5 rows or more"):
        rolling_har(RV, 30, min_periods=40)
    with pytest.raises(ValidationError, match="min_periods"):
        rolling_har(RV, 4)
    with pytest.raises(ValidationError, match="forecast needs a fit with horizon=1"):
        har_fit(RV, horizon=5).forecast()
    with pytest.raises(RangeError, match="horizon"):
        har_fit(RV).forecast(0)
    with pytest.raises(RangeError, match="hac_lags"):
        har_fit(RV, hac_lags=-1)
