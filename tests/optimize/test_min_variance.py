"""The optimizers that minimise variance, or weigh it against return: edges, shapes, a referee."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from oracles.quadratic import BOUNDS, KINDS, kkt_residual, random_bounds, random_covariance

import nanobook
from nanobook import optimize_min_variance, optimize_utility
from nanobook.errors import ValidationError
from nanobook.optimize.certificate import FIELDS, INFEASIBLE, NOT_FINITE, OPTIMAL, STATUS
from nanobook.optimize.min_variance import min_variance_weights
from nanobook.optimize.utility import utility_weights


def returns_of(count, periods=120, seed=0):
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0004, 0.008, (periods, 1))
    return market + rng.normal(0.0002, 0.01, (periods, count)) * np.linspace(0.5, 1.5, count)


@pytest.mark.core
def test_the_certificate_is_that_of_the_weights():
    optimum = optimize_min_variance(returns_of(9), certificate=True)
    matrix = np.cov(returns_of(9), rowvar=False, ddof=1)
    weights = optimum.weights
    assert optimum.status == "optimal"
    assert_allclose(optimum.objective, weights @ matrix @ weights, rtol=1e-14)
    assert_allclose(optimum.volatility**2, optimum.objective, rtol=1e-14)
    assert kkt_residual(matrix, np.zeros(9), np.zeros(9), np.ones(9), weights) < 1e-14
    assert optimum.kkt_residual < 1e-14
    held = matrix[np.ix_(weights > 0, weights > 0)]
    assert_allclose(optimum.condition_number, np.linalg.cond(held, 1), rtol=0.7)


@pytest.mark.core
def test_weights_come_back_as_returns_came():
    table = returns_of(3)
    frame = pd.DataFrame(table, columns=["A", "B", "C"])
    plain = optimize_min_variance(table)
    assert isinstance(plain, np.ndarray)
    series = optimize_min_variance(frame)
    assert list(series.index) == ["A", "B", "C"]
    assert_allclose(series, plain, rtol=0, atol=0)
    named = optimize_min_variance(table.tolist(), ["A", "B", "C"])
    assert_allclose(list(named.values()), plain, rtol=0, atol=1e-15)
    assert isinstance(optimize_min_variance(table.tolist()), list)
    assert_allclose(optimize_min_variance(returns_matrix=table), plain)
    assert nanobook.py_optimize_min_variance is optimize_min_variance


@pytest.mark.core
def test_edges_have_an_answer():
    assert_allclose(optimize_min_variance(returns_of(1)), [1.0])
    two = optimize_min_variance(returns_of(2))
    assert_allclose(two.sum(), 1, atol=1e-15)
    assert_allclose(optimize_min_variance(np.zeros((5, 4))).sum(), 1, atol=1e-15)
    still = returns_of(4)
    still[:, 2] = 0.001
    assert optimize_min_variance(still)[2] > 1 - 1e-9
    few = optimize_min_variance(returns_of(30, periods=6), certificate=True)
    assert few.status == "optimal"
    twins = np.repeat(returns_of(3), 2, axis=1)
    both = optimize_min_variance(twins)
    assert_allclose(both.reshape(3, 2).sum(axis=1), optimize_min_variance(returns_of(3)), atol=1e-9)


@pytest.mark.core
@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_scale_changes_nothing(scale):
    expected = optimize_min_variance(returns_of(8))
    assert_allclose(optimize_min_variance(returns_of(8) * scale), expected, rtol=0, atol=1e-12)
    dear = optimize_utility(returns_of(8), risk_aversion=3.0)
    other = optimize_utility(returns_of(8) * scale, risk_aversion=3.0 / scale)
    assert_allclose(other, dear, rtol=0, atol=1e-11)


@pytest.mark.core
def test_bad_arguments_are_named():
    table = returns_of(3)
    with pytest.raises(ValidationError, match="upper must let weights add up to 1"):
        optimize_min_variance(table, upper=0.2)
    table[3, 1] = np.nan
    with pytest.raises(ValidationError, match="NaN in row 3"):
        optimize_min_variance(table)
    assert_allclose(optimize_min_variance(table, missing="complete").sum(), 1)
    with pytest.raises(ValidationError, match="risk_aversion must be finite and at least 0"):
        optimize_utility(returns_of(3), risk_aversion=-1)


@pytest.mark.core
def test_bounds_are_read_by_name():
    frame = pd.DataFrame(returns_of(3), columns=["A", "B", "C"])
    weights = optimize_min_variance(frame, upper={"A": 0.3, "B": 1, "C": 1}, lower=0.1)
    assert weights["A"] == 0.3
    assert weights.min() >= 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_utility_is_the_largest(kind):
    rng = np.random.default_rng(4)
    for bounds in BOUNDS:
        count = int(rng.integers(2, 30))
        matrix = random_covariance(rng, kind, count)
        mean = rng.normal(size=count) * np.sqrt(np.abs(matrix).max()) * 0.1
        lower, upper = random_bounds(rng, bounds, count)
        for aversion in (0.0, 0.5, 50.0):
            optimum = optimize_utility(
                *(None, None, aversion),
                covariance=matrix,
                mean=mean,
                lower=lower,
                upper=upper,
                certificate=True,
            )
            weights = optimum.weights
            assert optimum.status == "optimal"
            value = mean @ weights - aversion / 2 * weights @ matrix @ weights
            assert_allclose(optimum.objective, value, rtol=1e-12, atol=1e-18)
            square = aversion * matrix
            assert kkt_residual(square, mean, lower, upper, weights) < 1e-11


@pytest.mark.core
def test_kernels_warm_start_and_report_failures():
    matrix = np.cov(returns_of(6), rowvar=False, ddof=1)
    lower, upper = np.zeros(6), np.ones(6)
    side, weights, numbers = np.full(6, -1, np.int8), np.empty(6), np.empty(FIELDS)
    min_variance_weights(matrix, lower, upper, side, weights, numbers)
    first = weights.copy()
    min_variance_weights(matrix, lower, upper, side, weights, numbers)
    assert numbers[STATUS] == OPTIMAL
    assert_allclose(weights, first, rtol=0, atol=1e-15)
    min_variance_weights(matrix, lower, upper / 100, side, weights, numbers)
    assert numbers[STATUS] == INFEASIBLE
    assert np.isnan(weights).all()
    side[:] = -1
    mean = np.full(6, np.nan)
    utility_weights(matrix, mean, 1.0, lower, upper, side, weights, numbers)
    assert numbers[STATUS] == NOT_FINITE
