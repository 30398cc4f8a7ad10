"""Forecasts further ahead, what simulations make of them, and the seed's door."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import volatility as oracle

from nanobook.errors import RangeError, ValidationError
from nanobook.volatility import garch_fit, garch_forecast
from nanobook.volatility.projection import mean_abs_student

from .series import made


def as_params(fit, p, q):
    """Return a fit's parameters, of a constant mean, as the oracle's dict."""
    values = fit.params
    return {
        "mean": [values["mu"]],
        "omega": values["omega"],
        "alpha": [values[f"alpha[{i}]"] for i in range(1, p + 1)],
        "gamma": [values[f"gamma[{i}]"] for i in range(1, p + 1) if f"gamma[{i}]" in values],
        "beta": [values[f"beta[{j}]"] for j in range(1, q + 1)],
        "nu": values.get("nu"),
    }


@pytest.mark.parametrize(("model", "p", "q"), [("GARCH", 1, 1), ("GJR", 1, 1), ("GJR", 2, 1)])
def test_expected_variances_are_the_definitions(model, p, q):
    returns = made("GJR", periods=700, seed=3)
    fit = garch_fit(returns, model=model, p=p, q=q, backcast="ssr")
    expected = oracle.expected_variances(model, as_params(fit, p, q), returns.tolist(), 12)
    got = fit.forecast(12)
    assert_allclose(got.variance, expected, rtol=1e-9)
    assert_allclose(got.volatility, np.sqrt(expected), rtol=1e-9)
    assert_allclose(got.cumulative_volatility, np.sqrt(np.cumsum(expected)), rtol=1e-9)
    assert_allclose(got.mean, fit.params["mu"])
    assert got.variance.index.tolist() == list(range(1, 13))
    assert "horizon=12" in repr(got)


@pytest.mark.parametrize(("p", "q"), [(1, 1), (2, 2)])
def test_an_egarchs_expected_variance_is_the_mean_of_simulated_ones(p, q):
    returns = made("EGARCH", periods=700, seed=4)
    fit = garch_fit(returns, model="EGARCH", p=p, q=q, backcast="ssr")
    params = as_params(fit, p, q)
    horizon, paths = 8, 200_000
    h = np.log(oracle.variances("EGARCH", params, returns.tolist()))
    e = np.array(oracle.residuals(returns.tolist(), params["mean"]))
    z = list((e / np.exp(0.5 * h[:-1]))[-p:])
    levels = list(h[-q - 1 :])
    shocks = np.random.default_rng(1).standard_normal((horizon, paths))
    for step in range(1, horizon):
        z.append(shocks[step - 1])
        value = params["omega"]
        for i in range(p):
            size = np.abs(z[-1 - i]) - oracle.NORMAL_SIZE
            value = value + params["alpha"][i] * size + params["gamma"][i] * z[-1 - i]
        for j in range(q):
            value = value + params["beta"][j] * levels[-1 - j]
        levels.append(value)
    expected = [np.mean(np.exp(level)) for level in levels[-horizon:]]
    assert_allclose(fit.forecast(horizon).variance, expected, rtol=0.01)


def test_an_egarch_of_students_shocks_expects_a_log_variance():
    fit = garch_fit(made("EGARCH", periods=900, seed=5, nu=6.0), model="EGARCH", dist="t")
    far = fit.forecast(2000).volatility.iloc[-1]
    assert_allclose(far, fit.unconditional_volatility, rtol=1e-6)
    sizes = np.abs(np.random.default_rng(0).standard_t(6.0, 10**6)) * np.sqrt(4.0 / 6.0)
    assert_allclose(mean_abs_student(6.0), sizes.mean(), rtol=3e-3)
    assert_allclose(mean_abs_student(1e6), oracle.NORMAL_SIZE, rtol=1e-5)


def test_an_autoregressive_mean_is_carried_forward():
    generator = np.random.default_rng(6)
    returns = np.empty(800)
    returns[0] = 0.0
    for t in range(1, 800):
        returns[t] = 0.1 + 0.5 * returns[t - 1] + generator.normal()
    fit = garch_fit(returns, mean="ar1")
    mean = fit.forecast(3).mean
    const, slope = fit.params["Const"], fit.params["y[1]"]
    assert abs(slope - 0.5) < 0.1
    value = returns[-1]
    for step in range(3):
        value = const + slope * value
        assert_allclose(mean.iloc[step], value, rtol=1e-12)
    assert np.isnan(fit.conditional_volatility[0])
    assert fit.nobs == 799


@pytest.mark.parametrize("model", ["GARCH", "GJR", "EGARCH"])
@pytest.mark.parametrize("dist", ["normal", "t"])
def test_simulated_returns_have_the_fits_variance(model, dist):
    fit = garch_fit(made(model, periods=1500, seed=8, nu=8.0), model=model, dist=dist)
    returns = fit.simulate(20_000, seed=1)
    assert_array_equal(returns, fit.simulate(20_000, seed=1))
    assert abs(returns.std() / fit.unconditional_volatility - 1.0) < 0.25
    assert abs(returns.mean() - fit.params["mu"]) < 0.05
    again = garch_fit(returns.to_numpy(), model=model, dist=dist)
    assert_allclose(again.params["beta[1]"], fit.params["beta[1]"], atol=0.05)
    assert_allclose(again.persistence, fit.persistence, atol=0.03)


def test_simulated_tables_have_a_column_an_asset():
    table = pd.DataFrame({"a": made(periods=300, seed=1), "b": made(periods=300, seed=2)})
    returns = garch_fit(table, mean="ar1").simulate(10, seed=3)
    assert returns.columns.tolist() == ["a", "b"]
    assert returns.shape == (10, 2)


def test_counts_of_periods_are_checked():
    fit = garch_fit(made(periods=200))
    with pytest.raises(RangeError, match="horizon must lie"):
        fit.forecast(0)
    with pytest.raises(RangeError, match="periods must lie"):
        fit.simulate(0)


# ---- the seed's door ---------------------------------------------------------------------------


@pytest.mark.core
def test_one_volatility_per_column():
    table = np.column_stack([made(periods=120, seed=1), 0.01 * made(periods=120, seed=2)])
    one = garch_forecast(table[:, 0])
    assert type(one) is float
    assert one == garch_fit(table[:, 0], mean="zero").forecast(1).volatility.iloc[0]
    assert garch_forecast(table[:, 0].tolist()) == one


def test_a_matrix_gives_a_vector_and_a_frame_a_series():
    table = np.column_stack([made(periods=120, seed=1), 0.01 * made(periods=120, seed=2)])
    both = garch_forecast(table, 1, 1, "constant")
    assert both.shape == (2,)
    assert both[0] == garch_forecast(table[:, 0], mean="MEAN")
    frame = garch_forecast(pd.DataFrame(table, columns=["a", "b"]), mean="constant")
    assert frame.index.tolist() == ["a", "b"]
    assert_array_equal(frame, both)


def test_the_last_shock_counts_once():
    returns = made(periods=300, seed=3)
    fit = garch_fit(returns, mean="zero")
    omega, alpha, beta = fit.params
    h = fit.conditional_volatility[-1] ** 2
    expected = omega + alpha * returns[-1] ** 2 + beta * h
    assert_allclose(garch_forecast(returns) ** 2, expected, rtol=1e-12)


@pytest.mark.core
def test_no_stand_in_for_a_fit_that_is_not_there():
    with pytest.warns(RuntimeWarning, match="too few returns: 12"):
        assert np.isnan(garch_forecast([0.01, -0.02, 0.005] * 4))
    with pytest.raises(ValidationError, match="mean must be one of"):
        garch_forecast(np.zeros(100), mean="none")
