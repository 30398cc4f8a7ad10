"""Risk parity: contributions as budgeted, to the last digits, whatever the scale."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from optimize.random_covariances import random_covariance, random_returns

from nanobook.errors import ArgumentTypeError, ConvergenceError, ValidationError
from nanobook.optimize import optimize_risk_parity
from nanobook.optimize.certificate import (
    FIELDS,
    ITERATIONS,
    NOT_FINITE,
    OBJECTIVE,
    OPTIMAL,
    RESIDUAL,
    STATUS,
    UNBOUNDED,
)
from nanobook.optimize.risk_parity import risk_parity_weights


def solve(covariance, budgets=None, weights=None):
    n = len(covariance)
    budgets = np.full(n, 1.0 / n) if budgets is None else budgets
    weights = np.zeros(n) if weights is None else weights.copy()
    numbers = np.empty(FIELDS)
    risk_parity_weights(covariance, budgets, weights, numbers)
    return weights, numbers


def furthest(covariance, weights, budgets):
    """Return the largest relative difference of a contribution from its budget."""
    held = budgets > 0
    shares = weights * (covariance @ weights) / (weights @ covariance @ weights)
    return np.abs(shares[held] / budgets[held] - 1.0).max()


def attainable(covariance, weights):
    """Return 1e-12, or more where rounding of the weights alone does more."""
    lost = (np.abs(covariance) @ weights) / (covariance @ weights)
    return max(1e-12, 100 * np.finfo(float).eps * np.abs(lost).max())


@pytest.mark.core
def test_the_originals_example():
    returns = [[0.010, 0.004, -0.002], [-0.003, 0.006, 0.001], [0.007, -0.001, 0.002]]
    returns += [[0.004, 0.003, -0.004], [-0.002, 0.005, 0.003], [0.006, -0.002, 0.001]]
    expected = {"A": 0.25946483793947517, "B": 0.35888940417748394, "C": 0.381645757883041}
    found = optimize_risk_parity(returns, ["A", "B", "C"])
    assert list(found) == list(expected)
    # The original stops early, and adds 1e-10 to variances of 2e-5.
    assert_allclose(list(found.values()), list(expected.values()), rtol=0, atol=1e-6)
    covariance = np.cov(returns, rowvar=False) + 1e-10 * np.eye(3)
    found = optimize_risk_parity(None, covariance=covariance)
    assert_allclose(found, list(expected.values()), rtol=0, atol=5e-8)


@pytest.mark.core
@pytest.mark.parametrize("seed", range(24))
def test_contributions_are_the_budgets(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 30))
    covariance = random_covariance(seed, n)
    for budgets in (np.full(n, 1.0 / n), rng.dirichlet(np.ones(n))):
        weights, numbers = solve(covariance, budgets)
        if numbers[STATUS] == UNBOUNDED:
            assert seed % 4 == 1, "only a singular covariance can hold a mix without risk"
            continue
        assert numbers[STATUS] == OPTIMAL
        assert abs(weights.sum() - 1.0) < 4e-16 * n
        assert (weights > 0).all()
        assert furthest(covariance, weights, budgets) <= attainable(covariance, weights)
        assert numbers[RESIDUAL] <= attainable(covariance, weights)
        size = weights @ np.abs(covariance) @ weights
        assert abs(numbers[OBJECTIVE] - weights @ covariance @ weights) <= 1e-14 * size


@pytest.mark.deep
def test_contributions_are_the_budgets_on_hundreds_of_problems():
    for seed in range(600):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 120))
        covariance = random_covariance(seed, n) * 10.0 ** rng.integers(-16, 17)
        budgets = rng.dirichlet(np.full(n, 2.0))
        weights, numbers = solve(covariance, budgets)
        if numbers[STATUS] == UNBOUNDED:
            assert seed % 4 == 1
            assert np.linalg.matrix_rank(covariance) < n
            continue
        assert numbers[STATUS] == OPTIMAL, seed
        assert furthest(covariance, weights, budgets) <= attainable(covariance, weights), seed


@pytest.mark.core
@given(st.integers(0, 10**6), st.integers(2, 12), st.sampled_from([1e-16, 1e-8, 1e8, 1e16]))
def test_scale_and_order_dont_matter(seed, n, scale):
    covariance = random_covariance(4 * seed, n)
    weights, _ = solve(covariance)
    assert_allclose(solve(covariance * scale)[0], weights, rtol=1e-12)
    order = np.random.default_rng(seed).permutation(n)
    turned = np.ascontiguousarray(covariance[np.ix_(order, order)])
    assert_allclose(solve(turned)[0], weights[order], rtol=1e-11)


@pytest.mark.core
@given(st.integers(0, 10**6), st.integers(2, 8))
def test_an_asset_twice_as_volatile_gets_half_the_weight(seed, n):
    covariance = random_covariance(4 * seed, n)
    scale = 2.0 ** np.random.default_rng(seed).integers(-20, 20, n)
    weights, _ = solve(covariance)
    expected = weights / scale
    found, _ = solve(covariance * np.outer(scale, scale))
    assert_allclose(found, expected / expected.sum(), rtol=1e-11)


def test_uncorrelated_assets_are_held_by_the_root_of_budget_over_variance():
    variances, budgets = np.array([1.0, 4.0, 9.0, 0.25]), np.array([0.1, 0.2, 0.3, 0.4])
    expected = np.sqrt(budgets / variances)
    found = optimize_risk_parity(None, budgets=budgets, covariance=np.diag(variances))
    assert_allclose(found, expected / expected.sum(), rtol=1e-14)


def test_two_assets_are_held_by_inverse_volatility_whatever_their_correlation():
    for correlation in (-0.999, -0.5, 0.0, 0.9, 1.0):
        covariance = np.array([[1.0, 3.0 * correlation], [3.0 * correlation, 9.0]])
        found = optimize_risk_parity(None, covariance=covariance)
        assert_allclose(found, [0.75, 0.25], rtol=1e-12)


def test_an_asset_without_a_budget_isnt_held_and_doesnt_matter():
    returns = random_returns(1, 300, 6)
    budgets = [2.0, 1.0, 0.0, 1.0, 3.0, 0.0]
    found = optimize_risk_parity(returns, budgets=budgets)
    assert_array_equal(found == 0, [False, False, True, False, False, True])
    held = [0, 1, 3, 4]
    rest = optimize_risk_parity(returns[:, held], budgets=[2.0, 1.0, 1.0, 3.0])
    assert_allclose(found[held], rest, rtol=1e-12)
    still = returns.copy()
    still[:, 2] = 0.5  # doesn't vary, and isn't to be held
    assert_allclose(optimize_risk_parity(still, budgets=budgets), found, rtol=1e-12)
    assert_array_equal(optimize_risk_parity(returns, budgets=[0, 0, 5, 0, 0, 0]), np.eye(6)[2])


@pytest.mark.core
def test_a_warm_start_ends_at_the_same_weights():
    covariance = random_covariance(8, 20)
    cold, numbers = solve(covariance)
    for start in (cold, np.full(20, 0.05), cold * 7.0, np.linspace(1e-6, 1.0, 20)):
        warm, _ = solve(covariance, weights=start)
        assert_allclose(warm, cold, rtol=1e-12)
    assert solve(covariance, weights=cold)[1][ITERATIONS] <= 1 < numbers[ITERATIONS]


@pytest.mark.core
def test_what_cant_be_balanced_says_so():
    hedge = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    weights, numbers = solve(hedge)
    assert numbers[STATUS] == UNBOUNDED
    assert np.isnan(weights).all()
    weights, numbers = solve(np.diag([1.0, 0.0]))
    assert numbers[STATUS] == UNBOUNDED
    assert np.isnan(weights).all()
    for place in ((0, 0), (0, 1)):
        for value in (np.nan, np.inf):
            broken = np.eye(3)
            broken[place] = broken[place[::-1]] = value
            weights, numbers = solve(broken)
            assert numbers[STATUS] == NOT_FINITE
            assert np.isnan(weights).all()
    with pytest.raises(ConvergenceError, match="unbounded"):
        optimize_risk_parity(None, covariance=hedge)
    assert optimize_risk_parity(None, covariance=hedge, certificate=True).status == "unbounded"


def test_copies_share_what_one_would_get():
    returns = random_returns(5, 200, 4)
    twice = np.column_stack([returns, returns[:, 3]])
    found = optimize_risk_parity(twice)
    assert_allclose(found[3], found[4], rtol=1e-12)
    alone = optimize_risk_parity(returns, budgets=[1, 1, 1, 2])
    assert_allclose([*found[:3], found[3] + found[4]], alone, rtol=1e-11)


def test_what_weights_are_dressed_as():
    returns = random_returns(2, 100, 3)
    array = optimize_risk_parity(returns)
    assert isinstance(array, np.ndarray)
    assert optimize_risk_parity(returns.tolist()) == array.tolist()
    frame = pd.DataFrame(returns, columns=["x", "y", "z"])
    series = optimize_risk_parity(frame, budgets={"z": 1, "y": 1, "x": 1})
    assert list(series.index) == ["x", "y", "z"]
    assert_array_equal(series, array)
    assert optimize_risk_parity(returns_matrix=returns, symbols=["a", "b", "c"]) == dict(
        zip("abc", array.tolist(), strict=True)
    )
    assert optimize_risk_parity(returns[:, :1], ["only"]) == {"only": 1.0}
    optimum = optimize_risk_parity(frame, certificate=True)
    assert optimum.status == "optimal"
    assert optimum.kkt_residual <= 1e-12
    assert optimum.iterations >= 1
    assert_allclose(optimum.risk_contributions(), 1 / 3, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"budgets": [1.0, 2.0]}, ValidationError, "budgets must have a value for each of 3"),
        ({"budgets": [1.0, -2.0, 1.0]}, ValidationError, "budgets must be finite and at least 0"),
        ({"budgets": [1.0, np.nan, 1.0]}, ValidationError, "budgets must be finite"),
        ({"budgets": 0.0}, ValidationError, "budgets must not all be 0"),
        ({"budgets": ["a", "b", "c"]}, ArgumentTypeError, "budgets"),
        ({"covariance": np.eye(2)}, ValidationError, "covariance"),
        ({"missing": "ignore"}, ValidationError, "missing"),
    ],
)
def test_what_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        optimize_risk_parity(random_returns(1, 50, 3), **options)


def test_an_asset_that_doesnt_vary_is_named():
    frame = pd.DataFrame(random_returns(1, 50, 3), columns=["x", "y", "z"])
    frame["y"] = 0.001
    with pytest.raises(ValidationError, match="those of 'y' don't"):
        optimize_risk_parity(frame)
