"""The largest ratios of gain to risk: Sharpe's, and that of diversification."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from oracles.quadratic import (
    BOUNDS,
    kkt_residual,
    random_bounds,
    random_covariance,
)

import nanobook
from nanobook import optimize_max_diversification, optimize_max_sharpe, optimize_min_variance
from nanobook.errors import ConvergenceError, ValidationError
from nanobook.optimize.certificate import FIELDS, NO_EXCESS, OPTIMAL, STATUS, UNBOUNDED
from nanobook.optimize.max_diversification import max_diversification_weights
from nanobook.optimize.max_sharpe import max_sharpe_weights
from nanobook.optimize.tangency import tangency_weights

DAILY = Path(__file__).parents[3] / "shared" / "data" / "sp100_ohlcv.csv.gz"


def returns_of(count, periods=150, seed=0):
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0006, 0.008, (periods, 1))
    return market + rng.normal(0.0002, 0.01, (periods, count)) * np.linspace(0.5, 1.5, count)


def tangency(matrix, gains, lower, upper):
    count = len(gains)
    side, weights, numbers = np.full(count, -1, np.int8), np.empty(count), np.empty(FIELDS)
    tangency_weights(matrix, gains, lower, upper, side, weights, numbers)
    return weights, numbers


def check(matrix, gains, lower, upper):
    """The best ratio's portfolio is the best for its own tolerance of risk: that proves it."""
    weights, numbers = tangency(matrix, gains, lower, upper)
    if numbers[STATUS] != OPTIMAL:
        return int(numbers[STATUS])
    assert (weights >= lower).all()
    assert (weights <= upper).all()
    assert_allclose(weights.sum(), 1, atol=1e-14)
    gain, variance = gains @ weights, weights @ matrix @ weights
    assert_allclose(numbers[1], gain / np.sqrt(variance), rtol=1e-9)
    assert kkt_residual(matrix, variance / gain * gains, lower, upper, weights) < 1e-11
    return OPTIMAL


@pytest.mark.parametrize("kind", ["plain", "few", "twins", "mixed scales", "ill"])
def test_ratios_are_the_largest(kind):
    rng = np.random.default_rng(5)
    ended = []
    for turn in range(40):
        count = int(rng.integers(1, 40))
        matrix = random_covariance(rng, kind, count) * 10.0 ** rng.choice([-16, 0, 16])
        deviations = np.sqrt(np.diag(matrix))
        gains = rng.normal(0.02, 0.1, size=count) * deviations
        lower, upper = random_bounds(rng, BOUNDS[turn % len(BOUNDS)], count)
        ended.append(check(matrix, gains, lower, upper))
        if kind != "few":
            assert ended[-1] in (OPTIMAL, NO_EXCESS)
            assert check(matrix, deviations, lower, upper) == OPTIMAL
    assert ended.count(OPTIMAL) > 10
    assert set(ended) <= {OPTIMAL, NO_EXCESS, UNBOUNDED}


@pytest.mark.deep
@pytest.mark.parametrize("bounds", BOUNDS)
def test_ratios_are_the_largest_hundreds_of_times(bounds):
    rng = np.random.default_rng(6)
    for _ in range(300):
        count = int(rng.integers(1, 60))
        matrix = random_covariance(rng, "plain", count)
        gains = rng.normal(0.02, 0.1, size=count) * np.sqrt(np.diag(matrix))
        lower, upper = random_bounds(rng, bounds, count)
        assert check(matrix, gains, lower, upper) in (OPTIMAL, NO_EXCESS)


@pytest.mark.parametrize("seed", range(4))
def test_the_referee_finds_no_larger_ratio(seed):
    import cvxpy as cp

    rng = np.random.default_rng(seed)
    matrix = random_covariance(rng, "plain", 20)
    gains = np.abs(rng.normal(size=20)) * 1e-3
    cap = 0.15 if seed % 2 else 1.0
    weights, numbers = tangency(matrix, gains, np.zeros(20), np.full(20, cap))
    y = cp.Variable(20)
    size = gains.max()
    rules = [y >= 0, (gains / size) @ y == 1, y <= cap * cp.sum(y)]
    risk = cp.quad_form(y, cp.psd_wrap(matrix / matrix.max()))
    tight = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), 1e-13)
    cp.Problem(cp.Minimize(risk), rules).solve(solver=cp.CLARABEL, max_iter=300, **tight)
    theirs = y.value / y.value.sum()
    ratio = gains @ theirs / np.sqrt(theirs @ matrix @ theirs)
    assert_allclose(numbers[1], ratio, rtol=1e-10)
    assert (weights >= 0).all()


@pytest.mark.core
def test_it_is_the_ratio_that_is_reported():
    optimum = optimize_max_sharpe(returns_of(7), risk_free=0.0001, certificate=True)
    excess = returns_of(7).mean(axis=0) - 0.0001
    matrix = np.cov(returns_of(7), rowvar=False, ddof=1)
    weights = optimum.weights
    assert_allclose(optimum.objective, excess @ weights / np.sqrt(weights @ matrix @ weights))
    assert_allclose(optimum.expected_return, excess @ weights + 0.0001)
    assert_allclose(optimize_max_sharpe(returns_of(7), risk_free_rate=0.0001), weights)
    named = nanobook.py_optimize_max_sharpe(returns_of(7).tolist(), list("ABCDEFG"), 0.0001)
    assert_allclose(list(named.values()), weights, atol=1e-15)


@pytest.mark.core
def test_without_an_excess_nothing_takes_its_place():
    with pytest.raises(ValidationError, match=r"risk_free must be below the best mean .* 0\.5"):
        optimize_max_sharpe(returns_of(4), risk_free=0.5)
    optimum = optimize_max_sharpe(returns_of(4), risk_free=0.5, certificate=True)
    assert optimum.status == "no excess return"
    assert np.isnan(optimum.weights).all()
    with pytest.raises(ValidationError, match="risk_free must be finite"):
        optimize_max_sharpe(returns_of(4), risk_free=np.nan)


@pytest.mark.core
def test_without_risk_there_is_no_largest_ratio():
    still = returns_of(3)
    matrix = np.cov(still, rowvar=False, ddof=1)
    matrix[1, :] = matrix[:, 1] = 0.0
    with pytest.raises(ConvergenceError, match="unbounded"):
        optimize_max_sharpe(None, covariance=matrix, mean=[0.1, 0.1, 0.1])
    capped = optimize_max_sharpe(
        None, covariance=matrix, mean=[0.1, 0.1, 0.1], upper=0.5, certificate=True
    )
    assert capped.status == "optimal"
    assert capped.weights[1] == 0.5
    with pytest.raises(ConvergenceError, match="unbounded"):
        optimize_max_diversification(np.zeros((4, 2)))
    assert optimize_max_diversification(None, covariance=matrix)[1] == 0.0


@pytest.mark.core
def test_edges_have_an_answer():
    assert_allclose(optimize_max_sharpe(np.abs(returns_of(1))), [1.0])
    assert_allclose(optimize_max_diversification(returns_of(1)), [1.0])
    two = optimize_max_diversification(returns_of(2))
    deviations = returns_of(2).std(axis=0, ddof=1)
    assert_allclose(two, (1 / deviations) / (1 / deviations).sum(), atol=1e-12)
    twins = np.repeat(returns_of(3), 2, axis=1)
    both = optimize_max_sharpe(twins).reshape(3, 2).sum(axis=1)
    assert_allclose(both, optimize_max_sharpe(returns_of(3)), atol=1e-9)


@pytest.mark.core
@pytest.mark.parametrize("scale", [1e-8, 1e8])
@pytest.mark.parametrize("upper", [1.0, 0.3])
def test_scale_and_order_change_nothing(scale, upper):
    table = returns_of(8)
    order = np.random.default_rng(1).permutation(8)
    for optimize in (optimize_max_sharpe, optimize_max_diversification):
        weights = optimize(table, upper=upper)
        assert_allclose(optimize(table * scale, upper=upper), weights, rtol=0, atol=1e-10)
        moved = np.ascontiguousarray(table[:, order])
        assert_allclose(optimize(moved, upper=upper), weights[order], rtol=0, atol=1e-10)


@pytest.mark.core
def test_the_kernels_are_what_the_functions_call():
    table = returns_of(6)
    matrix, mean = np.cov(table, rowvar=False, ddof=1), table.mean(axis=0)
    lower, upper = np.zeros(6), np.full(6, 0.4)
    side, weights, numbers = np.full(6, -1, np.int8), np.empty(6), np.empty(FIELDS)
    for _ in range(2):  # the second one is warm
        max_sharpe_weights(matrix, mean, 0.0, lower, upper, side, weights, numbers)
        assert_allclose(weights, optimize_max_sharpe(table, upper=0.4), rtol=0, atol=1e-12)
    side[:] = -1
    max_diversification_weights(matrix, lower, upper, side, weights, numbers)
    assert_allclose(weights, optimize_max_diversification(table, upper=0.4), rtol=0, atol=1e-12)


@pytest.mark.skipif(not DAILY.exists(), reason="the real prices lie beside a checkout")
def test_on_real_returns_every_solve_is_proven():
    prices = pd.read_csv(DAILY)
    prices.columns = [name.lower() for name in prices.columns]
    name = next(c for c in ("symbol", "ticker", "name") if c in prices.columns)
    table = prices.pivot(index="date", columns=name, values="close").dropna()
    table = table.pct_change().dropna()
    for begin in range(0, len(table) - 250, 100):
        window = table.iloc[begin : begin + 250]
        for optimize in (optimize_min_variance, optimize_max_diversification):
            for upper in (1.0, 0.12):
                optimum = optimize(window, upper=upper, certificate=True)
                assert optimum.status == "optimal"
                assert optimum.kkt_residual < 1e-13
        optimum = optimize_max_sharpe(window, upper=0.12, certificate=True)
        assert optimum.status in ("optimal", "no excess return")
