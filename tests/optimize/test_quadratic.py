"""The kernels of quadratic programmes against their conditions of optimality, and a referee."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from oracles.quadratic import (
    BOUNDS,
    KINDS,
    kkt_residual,
    nonnegative_residual,
    random_bounds,
    random_covariance,
    referee,
)

from nanobook.optimize.certificate import (
    FIELDS,
    INFEASIBLE,
    NOT_FINITE,
    OPTIMAL,
    RESIDUAL,
    UNBOUNDED,
)
from nanobook.optimize.quadratic import held_condition, solve_budget, solve_nonnegative


def budget(matrix, linear, lower, upper, side=None):
    weights, numbers = np.empty(len(linear)), np.full(FIELDS, np.nan)
    side = np.full(len(linear), -1, dtype=np.int8) if side is None else side
    status = solve_budget(matrix, linear, lower, upper, weights, side, numbers)
    return status, weights, side, numbers


def nonnegative(matrix, linear, held=None):
    weights, numbers = np.empty(len(linear)), np.full(FIELDS, np.nan)
    held = np.zeros(len(linear), dtype=np.int8) if held is None else held
    return solve_nonnegative(matrix, linear, weights, held, numbers), weights, held, numbers


def cost(matrix, linear, weights):
    return weights @ matrix @ weights / 2 - linear @ weights


def problem(seed, kind, bounds, largest=40):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, largest))
    matrix = random_covariance(rng, kind, count) * 10.0 ** rng.choice([-16, -8, 0, 8, 16])
    size = np.abs(matrix).max() or 1.0
    linear = rng.normal(size=count) * size * rng.choice([0.0, 0.01, 10.0])
    return matrix, linear, *random_bounds(rng, bounds, count)


def check_budget(matrix, linear, lower, upper):
    status, weights, side, numbers = budget(matrix, linear, lower, upper)
    assert status == OPTIMAL
    assert (weights >= lower).all()
    assert (weights <= upper).all()
    assert_allclose(weights.sum(), 1, rtol=0, atol=1e-14)
    assert kkt_residual(matrix, linear, lower, upper, weights) < 1e-12
    assert numbers[RESIDUAL] < 1e-12
    assert ((side < 0) == (weights <= lower)).all()
    again, warm, _, _ = budget(matrix, linear, lower, upper, side)
    assert again == OPTIMAL
    terms = np.abs(weights) @ np.abs(matrix) @ np.abs(weights) + np.abs(linear) @ np.abs(weights)
    room = 1e-12 * terms + 1e-30 * np.abs(matrix).max()  # a riskless answer has next to no terms
    assert abs(cost(matrix, linear, warm) - cost(matrix, linear, weights)) <= room
    return weights


@pytest.mark.core
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bounds", BOUNDS)
def test_weights_within_a_budget_are_optimal(kind, bounds):
    check_budget(*problem(BOUNDS.index(bounds), kind, bounds, largest=25))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(12))
def test_more_weights_within_a_budget_are_optimal(kind, seed):
    check_budget(*problem(100 + seed, kind, BOUNDS[seed % len(BOUNDS)], largest=120))


@pytest.mark.deep
@pytest.mark.parametrize("kind", KINDS)
def test_thousands_of_weights_are_optimal(kind):
    for seed in range(400):
        check_budget(*problem(1000 + seed, kind, BOUNDS[seed % len(BOUNDS)], largest=80))


@pytest.mark.core
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_nonnegative_weights_are_optimal(kind, seed):
    matrix, linear, *_ = problem(seed, kind, "long", largest=30)
    linear = linear if linear.any() else np.full(len(linear), np.abs(matrix).max())
    status, x, held, numbers = nonnegative(matrix, linear)
    assert status == OPTIMAL or (status == UNBOUNDED and kind not in ("plain", "ill"))
    if status == OPTIMAL:
        assert (x >= 0).all()
        assert nonnegative_residual(matrix, linear, x) < 1e-12
        assert numbers[RESIDUAL] < 1e-12
        assert ((held == 1) == (x > 0)).all()
        again, warm, _, _ = nonnegative(matrix, linear, held)
        assert again == OPTIMAL
        assert nonnegative_residual(matrix, linear, warm) < 1e-12


def compare(matrix, linear, lower, upper):
    """Hold our cost to the referee's, in the units of the terms it's made of."""
    _, weights, _, _ = budget(matrix, linear, lower, upper)
    theirs = np.clip(referee(matrix, linear, lower, upper), lower, upper)
    theirs += (1 - theirs.sum()) * (upper - lower) / max((upper - lower).sum(), 1e-300)
    ours, other = cost(matrix, linear, weights), cost(matrix, linear, theirs)
    assert ours <= other + max(1e-10 * abs(other), 1e-15 * np.abs(matrix).max())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_the_referee_finds_nothing_better(kind, seed):
    compare(*problem(7 + seed, kind, BOUNDS[seed], largest=40))


@pytest.mark.deep
@pytest.mark.parametrize("kind", KINDS)
def test_the_referee_finds_nothing_better_hundreds_of_times(kind):
    for seed in range(50):
        compare(*problem(50 + seed, kind, BOUNDS[seed % len(BOUNDS)], largest=40))


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from([1e-8, 1e-3, 1e4, 1e8]))
def test_the_scale_of_returns_does_not_matter(seed, scale):
    rng = np.random.default_rng(seed)
    matrix = random_covariance(rng, "plain", 12)
    linear = rng.normal(size=12) * 1e-4
    lower, upper = random_bounds(rng, "short", 12)
    _, weights, _, numbers = budget(matrix, linear, lower, upper)
    _, other, _, again = budget(matrix * scale**2, linear * scale**2, lower, upper)
    assert_allclose(other, weights, rtol=0, atol=1e-11)
    assert max(numbers[RESIDUAL], again[RESIDUAL]) < 1e-13


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_the_order_of_assets_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    matrix = random_covariance(rng, "plain", 15)
    linear = rng.normal(size=15) * 1e-4
    lower, upper = random_bounds(rng, "short", 15)
    order = rng.permutation(15)
    _, weights, _, _ = budget(matrix, linear, lower, upper)
    moved = np.ascontiguousarray(matrix[np.ix_(order, order)])
    _, other, _, _ = budget(moved, linear[order], lower[order], upper[order])
    assert_allclose(other, weights[order], rtol=0, atol=1e-11)


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_any_start_leads_to_the_same_weights(seed):
    rng = np.random.default_rng(seed)
    matrix = random_covariance(rng, "plain", 15)
    lower, upper = random_bounds(rng, "short", 15)
    linear = rng.normal(size=15) * 1e-4
    _, weights, _, _ = budget(matrix, linear, lower, upper)
    start = rng.integers(-1, 2, 15).astype(np.int8)
    status, other, _, _ = budget(matrix, linear, lower, upper, start)
    assert status == OPTIMAL
    assert_allclose(other, weights, rtol=0, atol=1e-11)
    ones = np.ones(15)
    _, x, _, _ = nonnegative(matrix, ones)
    _, y, _, _ = nonnegative(matrix, ones, rng.integers(0, 2, 15).astype(np.int8))
    assert_allclose(y, x, rtol=1e-9)


@pytest.mark.core
def test_a_matrix_of_zeros_makes_it_a_linear_programme():
    gains = np.array([1.0, 3.0, 2.0, -1.0])
    zeros, caps = np.zeros((4, 4)), np.array([1.0, 0.5, 0.25, 1.0])
    _, weights, side, _ = budget(zeros, gains, np.zeros(4), caps)
    assert_allclose(weights, [0.25, 0.5, 0.25, 0], atol=1e-15)
    assert list(side) == [0, 1, 1, -1]


@pytest.mark.core
def test_statuses_tell_what_went_wrong():
    matrix, one = np.eye(3), np.ones(3)
    status, weights, _, _ = budget(matrix, one, np.zeros(3), np.full(3, 0.3))
    assert status == INFEASIBLE
    assert np.isnan(weights).all()
    status, weights, _, _ = budget(matrix, np.array([1, np.nan, 1]), np.zeros(3), one)
    assert status == NOT_FINITE
    status, _, _, _ = nonnegative(np.diag([1.0, 0.0, 1.0]), one)
    assert status == UNBOUNDED
    status, x, held, _ = nonnegative(matrix, -one)
    assert status == OPTIMAL
    assert not x.any()
    assert not held.any()


@pytest.mark.core
def test_one_asset_takes_it_all():
    status, weights, _, numbers = budget(np.eye(1), np.zeros(1), np.zeros(1), np.ones(1))
    assert (status, weights[0], numbers[RESIDUAL]) == (OPTIMAL, 1.0, 0.0)


@pytest.mark.core
@pytest.mark.parametrize("kind", ["plain", "ill", "mixed scales", "hedged"])
def test_the_condition_number_is_that_of_the_assets_held(kind):
    rng = np.random.default_rng(3)
    matrix = random_covariance(rng, kind, 14) + 1e-9 * np.eye(14)
    weights = np.where(rng.random(14) < 0.5, rng.random(14), 0.0)
    held = matrix[np.ix_(weights > 0, weights > 0)]
    exact = np.linalg.cond(held, 1)
    estimate = held_condition(matrix, weights)
    assert exact / 3 <= estimate <= exact * (1 + 1e-6)


@pytest.mark.core
def test_the_condition_number_of_twins_is_infinite():
    assert held_condition(np.ones((2, 2)), np.ones(2)) == np.inf
    assert held_condition(np.ones((2, 2)), np.array([1.0, 0.0])) == 1.0
    assert np.isnan(held_condition(np.ones((2, 2)), np.zeros(2)))
