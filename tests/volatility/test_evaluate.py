"""Losses and the Mincer-Zarnowitz regression against their definitions and statsmodels."""

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.volatility import forecast_losses, mincer_zarnowitz

RNG = np.random.default_rng(11)
TRUE = np.exp(RNG.normal(-9, 0.7, (2000, 3)))
PROXY = TRUE * RNG.chisquare(5, TRUE.shape) / 5


@pytest.mark.core
def test_losses_by_hand():
    losses = forecast_losses([1.0, 0.0, math.nan, 4.0], [2.0, 1.0, 1.0, 4.0])
    assert losses.to_dict() == {
        "mse": pytest.approx(2 / 3),
        "qlike": pytest.approx((math.log(2) + 0.5 + 0 + 0 + math.log(4) + 1) / 3),
        "nobs": 3,
    }


def test_both_losses_prefer_the_true_variance_whatever_the_noise():
    true, wrong = forecast_losses(PROXY, TRUE), forecast_losses(PROXY, TRUE * 1.3)
    other = forecast_losses(PROXY, np.exp(np.log(TRUE) + RNG.normal(0, 0.3, TRUE.shape)))
    for worse in (wrong, other):
        assert (true["mse"] < worse["mse"]).all()
        assert (true["qlike"] < worse["qlike"]).all()


def test_statsmodels_says_the_same():
    statsmodels = pytest.importorskip("statsmodels.api")
    table = mincer_zarnowitz(PROXY, TRUE * 1.2, hac_lags=6)
    for s in range(3):
        x = np.column_stack([np.ones(2000), TRUE[:, s] * 1.2e4])
        theirs = statsmodels.OLS(PROXY[:, s] * 1e4, x).fit(cov_type="HAC", cov_kwds={"maxlags": 6})
        wald = theirs.wald_test((np.eye(2), [0.0, 1.0]), use_f=False, scalar=True)
        row = table.loc[s]
        assert_allclose([row["const"] * 1e4, row["slope"]], theirs.params, rtol=1e-9)
        assert_allclose([row["const_err"] * 1e4, row["slope_err"]], theirs.bse, rtol=1e-9)
        assert row["r_squared"] == pytest.approx(theirs.rsquared)
        assert row["wald"] == pytest.approx(wald.statistic, rel=1e-8)
        assert row["p_value"] == pytest.approx(wald.pvalue, rel=1e-6)
        assert row["nobs"] == 2000
        assert row["status"] == "fitted"


def test_the_truth_is_seldom_rejected():
    rng = np.random.default_rng(12)
    true = np.exp(rng.normal(-9, 0.5, (1000, 200)))
    table = mincer_zarnowitz(true * rng.chisquare(5, true.shape) / 5, true)
    assert 0.02 < (table["p_value"] < 0.05).mean() < 0.12
    assert (mincer_zarnowitz(true, true[:, ::-1])["p_value"] < 1e-6).all()


@pytest.mark.core
def test_labels_and_what_cannot_be_told():
    frame = pd.DataFrame(PROXY, columns=list("abc"))
    constant = pd.DataFrame(TRUE, columns=list("abc")).assign(b=1e-4, c=np.nan)
    table = mincer_zarnowitz(frame, constant)
    assert table["status"].to_dict() == {
        "a": "fitted",
        "b": "regressors are collinear",
        "c": "too few observations",
    }
    assert table["p_value"].isna().tolist() == [False, True, True]
    assert table["nobs"].tolist() == [2000, 2000, 0]
    losses = forecast_losses(frame, constant)
    assert losses["nobs"].tolist() == [2000, 2000, 0]
    assert losses["qlike"].isna().tolist() == [False, False, True]
    one = forecast_losses(frame["a"], constant["a"])
    assert one["mse"] == pytest.approx(losses.loc["a", "mse"], rel=1e-12)
    assert mincer_zarnowitz(frame["a"], constant["a"])["slope"] == table.loc["a", "slope"]


@pytest.mark.parametrize("function", [forecast_losses, mincer_zarnowitz])
def test_arguments_that_make_no_sense(function):
    with pytest.raises(ValidationError, match="forecast must be finite and above 0, got 0"):
        function([1.0, 2.0], [1.0, 0.0])
    with pytest.raises(ValidationError, match=r"realised_variance must be .* got -1"):
        function([-1.0, 2.0], [1.0, 1.0])
    with pytest.raises(ValidationError, match="forecast must have the shape of"):
        function([1.0, 2.0], [1.0])
    with pytest.raises(ArgumentTypeError, match="forecast"):
        function([1.0], ["a"])
    series = pd.Series([1.0, 2.0], index=[1, 2])
    with pytest.raises(ValidationError, match="forecast must have the index"):
        function(series, series.set_axis([2, 3]))


def test_lags_are_a_count():
    with pytest.raises(RangeError, match="hac_lags"):
        mincer_zarnowitz([1.0], [1.0], hac_lags=-1)
