"""DCC against a plain likelihood, SciPy's optimum and simulated truth."""

import math
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import volatility_more as oracle
from scipy.optimize import minimize

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.volatility import dcc_fit
from nanobook.volatility.dcc_likelihood import joint_likelihood, pair_likelihood

NAN = math.nan
TARGET = np.array(
    [[1.0, 0.6, -0.2, 0.3], [0.6, 1.0, 0.1, 0.2], [-0.2, 0.1, 1.0, 0.0], [0.3, 0.2, 0.0, 1.0]]
)
Z = oracle.simulate_dcc(np.random.default_rng(2), 500, TARGET, 0.05, 0.9)
MOMENTS = Z.T @ Z / len(Z)

both = pytest.mark.parametrize(
    ("kernel", "plain"),
    [
        (joint_likelihood, oracle.dcc_loglikelihood),
        (pair_likelihood, oracle.dcc_pairs_loglikelihood),
    ],
    ids=["joint", "pairs"],
)


@pytest.fixture(scope="module")
def fit():
    return dcc_fit(std_resid=Z)


@pytest.mark.core
@both
@pytest.mark.parametrize("params", [(0.0, 0.0), (0.05, 0.9), (0.3, 0.1), (0.02, 0.979)])
def test_the_kernel_agrees_with_the_definition(kernel, plain, params):
    resids = Z[:60].copy()
    resids[7] = NAN
    terms = np.empty(60)
    total = kernel(resids, MOMENTS, *params, terms)
    assert total == pytest.approx(plain(resids, MOMENTS, *params), rel=1e-11)
    assert total == pytest.approx(terms.sum(), rel=1e-12)
    assert terms[7] == 0.0


@pytest.mark.parametrize("likelihood", ["joint", "pairs"])
def test_scipy_finds_nothing_better(likelihood):
    ours = dcc_fit(std_resid=Z[:200], likelihood=likelihood)
    moments = Z[:200].T @ Z[:200] / 200
    plain = {"joint": oracle.dcc_loglikelihood, "pairs": oracle.dcc_pairs_loglikelihood}[likelihood]

    def loss(point):
        a, b = point
        return -plain(Z[:200], moments, a, b) if a >= 0 <= b and a + b < 1 else 1e9

    theirs = minimize(loss, [0.04, 0.9], method="Nelder-Mead", options={"maxfev": 120})
    assert ours.loglikelihood >= -theirs.fun - 1e-7
    assert ours.loglikelihood == pytest.approx(-loss(ours.params), rel=1e-10)
    assert ours.status == "converged"
    assert_allclose(ours.params, theirs.x, atol=1e-3)


def test_true_parameters_are_found_within_their_errors():
    z = oracle.simulate_dcc(np.random.default_rng(4), 4000, TARGET, 0.04, 0.93)
    for likelihood in ("joint", "pairs"):
        found = dcc_fit(std_resid=z, likelihood=likelihood)
        assert found.status == "converged"
        assert (found.std_err < 0.03).all()
        assert (abs(found.params - [0.04, 0.93]) < 3 * found.std_err).all()


@pytest.mark.deep
def test_errors_cover_the_truth_about_as_often_as_they_say():
    inside = []
    for seed in range(60):
        z = oracle.simulate_dcc(np.random.default_rng(seed), 1500, TARGET[:2, :2], 0.06, 0.9)
        found = dcc_fit(std_resid=z)
        if found.status == "converged":
            inside.append(abs(found.params - [0.06, 0.9]) < 1.96 * found.std_err)
    assert len(inside) > 55
    assert (np.mean(inside, axis=0) > 0.83).all()


@pytest.mark.core
def test_correlations_agree_with_the_definition(fit):
    expected = oracle.dcc_correlations(Z, MOMENTS, *fit.params)
    assert_allclose(fit.correlations, expected[:-1], rtol=1e-11, atol=1e-13)
    assert_allclose(fit.correlation, expected[-2], rtol=1e-11, atol=1e-13)
    assert_allclose(fit.correlation_forecast(), expected[-1], rtol=1e-11, atol=1e-13)
    assert_allclose(fit.correlation_between(2, 1), expected[:-1, 1, 2], rtol=1e-11)
    assert_array_equal(fit.correlation_between(3, 3), np.ones(500))
    assert_allclose(fit.target, MOMENTS, rtol=1e-13)


@pytest.mark.core
def test_a_correlation_knows_nothing_of_its_own_row_or_later(fit):
    from nanobook.volatility.dcc_likelihood import correlations

    out, changed = np.empty((2, 501, 4, 4))
    resids = Z.copy()
    correlations(resids, MOMENTS, 0.05, 0.9, 0, out)
    resids[300:] += 1.0
    correlations(resids, MOMENTS, 0.05, 0.9, 0, changed)
    assert_array_equal(changed[:301], out[:301])
    assert (changed[301] != out[301]).any()


def test_a_missing_row_leaves_correlations_as_they_were():
    holed = Z.copy()
    holed[100, 2] = NAN
    holed[101] = np.inf
    found = dcc_fit(std_resid=holed)
    assert found.nobs == 498
    assert_array_equal(found.correlations[101], found.correlations[100])
    assert_array_equal(found.correlations[102], found.correlations[100])
    without = dcc_fit(std_resid=np.delete(Z, [100, 101], axis=0))
    assert_allclose(found.params, without.params, rtol=1e-6)
    assert found.loglikelihood == pytest.approx(without.loglikelihood, abs=1e-8)


def test_forecasts_go_back_to_the_long_run(fit):
    scale = np.sqrt(np.diag(MOMENTS))
    assert_allclose(fit.correlation_forecast(10_000), MOMENTS / np.outer(scale, scale), atol=1e-12)
    one, two = fit.correlation_forecast(1), fit.correlation_forecast(2)
    long_run = fit.correlation_forecast(10_000)
    assert_allclose(two - long_run, fit.persistence * (one - long_run), atol=1e-13)


@pytest.mark.core
def test_covariances_are_correlations_times_volatilities(fit):
    sigma = np.array([0.01, 0.02, 0.005, 0.03])
    d = np.diag(sigma)
    assert_allclose(
        fit.covariance_forecast(volatility=sigma), d @ fit.correlation_forecast() @ d, rtol=1e-14
    )
    steps = np.outer([1.0, 1.1, 1.2], sigma)
    parts = [np.diag(s) @ fit.correlation_forecast(h + 1) @ np.diag(s) for h, s in enumerate(steps)]
    total = fit.covariance_forecast(3, volatility=steps)
    assert_allclose(total, sum(parts), rtol=1e-13)
    assert_array_equal(total, total.T)
    assert np.linalg.eigvalsh(total)[0] > 0
    assert_allclose(fit.covariance_forecast(3, volatility=steps, total=False), parts[2], rtol=1e-13)


def test_returns_over_volatilities_are_residuals(fit):
    sigma = np.exp(np.random.default_rng(5).normal(-4, 0.3, Z.shape))
    found = dcc_fit(Z * sigma, volatility=sigma)
    assert_allclose(found.params, fit.params, rtol=1e-5)


class Fit:
    """What a volatility fit has, as far as it's needed here."""

    def __init__(self, std_resid, variance):
        self.std_resid = std_resid
        self._variance = variance

    def forecast(self, horizon):
        return SimpleNamespace(variance=self._variance)


LETTERS = list("abcd")
VARIANCE = pd.DataFrame(np.outer([1, 2], [1e-4, 2e-4, 3e-4, 4e-4]), columns=LETTERS)


def test_a_fit_brings_residuals_and_forecasts(fit):
    found = dcc_fit(Fit(pd.DataFrame(Z, columns=LETTERS), VARIANCE[LETTERS[::-1]]))
    assert_array_equal(found.params, fit.params)
    got = found.covariance_forecast(2)
    expected = fit.covariance_forecast(2, volatility=np.sqrt(VARIANCE.to_numpy()))
    assert_allclose(got, expected, rtol=1e-14)
    assert got.index.tolist() == got.columns.tolist() == LETTERS


def test_returns_alone_are_fitted_first(fit, monkeypatch):
    seen = []

    def garch_fit(returns):
        seen.append(returns)
        return Fit(returns / 0.01, VARIANCE)

    monkeypatch.setitem(
        sys.modules, "nanobook.volatility.garch", SimpleNamespace(garch_fit=garch_fit)
    )
    returns = pd.DataFrame(0.01 * Z, columns=LETTERS)
    assert_allclose(dcc_fit(returns).params, fit.params, rtol=1e-6)
    assert seen[0] is returns


@pytest.mark.core
def test_labels():
    dates = pd.bdate_range("2020-01-01", periods=500, name="date")
    frame = pd.DataFrame(Z, dates, pd.Index(list("abcd"), name="asset"))
    found = dcc_fit(std_resid=frame)
    assert found.correlation.loc["a", "b"] == found.correlations.loc[(dates[-1], "a"), "b"]
    assert found.correlations.index.names == ["date", "asset"]
    pair = found.correlation_between("a", "c")
    assert pair.index.equals(dates)
    assert pair.iloc[-1] == pytest.approx(found.correlation.loc["a", "c"], rel=1e-12)
    assert found.params.index.tolist() == ["a", "b"]
    sigma = pd.Series([4.0, 3.0, 2.0, 1.0], list("dcba"))
    covariance = found.covariance_forecast(volatility=sigma)
    assert covariance.loc["d", "d"] == pytest.approx(16.0)
    assert "assets=4" in repr(found)
    with pytest.raises(ValidationError, match="left must be one of the columns, got 'z'"):
        found.correlation_between("z", "a")


def test_correlations_that_do_not_move():
    rng = np.random.default_rng(1)
    statuses = [dcc_fit(std_resid=rng.normal(size=(300, 2))) for _ in range(8)]
    still = [found for found in statuses if found.status == "a is 0"]
    assert still
    for found in still:
        assert found.params.tolist() == [0.0, 0.0]
        assert found.std_err.isna().all()
        assert_allclose(found.correlation, found.correlation_forecast(5), atol=1e-14)
    assert all(found.loglikelihood >= still[0]._params[0] - 50 for found in statuses)


def test_many_assets_by_pairs():
    rng = np.random.default_rng(6)
    loadings = rng.uniform(0.3, 0.8, 60)
    target = np.outer(loadings, loadings)
    np.fill_diagonal(target, 1.0)
    z = oracle.simulate_dcc(rng, 600, target, 0.03, 0.94)
    found = dcc_fit(std_resid=z, likelihood="pairs")
    assert_allclose(found.params, [0.03, 0.94], atol=0.03)
    assert np.linalg.eigvalsh(found.correlation)[0] > 0


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({}, ValidationError, "returns or std_resid must be given"),
        ({"returns": Z, "std_resid": Z}, ValidationError, "std_resid must not be given beside"),
        ({"returns": Z, "volatility": 0 * Z}, ValidationError, "volatility must be finite and"),
        ({"returns": Z, "volatility": Z[:-1]}, ValidationError, "volatility must have the shape"),
        ({"std_resid": Z[:, :1]}, ValidationError, "at least two columns, got 1"),
        ({"std_resid": Z[:4]}, ValidationError, "more complete rows than columns, 4, got 4"),
        ({"std_resid": Z[:, [0, 1, 0]]}, ValidationError, "correlation matrix is singular"),
        ({"std_resid": Z * [1, 1, 1, 0]}, ValidationError, "variances of about 1, got 0;"),
        ({"std_resid": Z * [1, NAN, 1, 1]}, ValidationError, "every column, but 1 has none"),
        ({"std_resid": Z * 0.01}, ValidationError, "must have variances of about 1, got 0.0001"),
        ({"std_resid": Z[:, 0]}, ArgumentTypeError, "std_resid must be a matrix"),
        ({"std_resid": Z, "likelihood": "full"}, ValidationError, "likelihood must be one of"),
    ],
)
def test_arguments_that_make_no_sense(arguments, error, text):
    with pytest.raises(error, match=text):
        dcc_fit(**arguments)


def test_forecasts_that_make_no_sense(fit):
    with pytest.raises(ValidationError, match="volatility must be given"):
        fit.covariance_forecast()
    with pytest.raises(ValidationError, match="volatility must have a value for each of 4"):
        fit.covariance_forecast(volatility=[0.01, 0.02])
    with pytest.raises(ValidationError, match=r"volatility must be finite and above 0, got -1\.0"):
        fit.covariance_forecast(volatility=[0.01, 0.02, -1.0, 1.0])
    with pytest.raises(RangeError, match="horizon"):
        fit.correlation_forecast(0)
