"""Least CVaR and CDaR: against HiGHS and the plain definition, then the public face."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from optimize.tail_cases import case, made, real
from oracles import tails as oracle

from nanobook.errors import ArgumentTypeError, ConvergenceError, RangeError, ValidationError
from nanobook.optimize import optimize_cdar, optimize_cvar, optimize_mean_cvar
from nanobook.optimize.cdar_programme import cdar_weights
from nanobook.optimize.certificate import FIELDS, GAP, INFEASIBLE, NOT_FINITE, OBJECTIVE, STATUS
from nanobook.optimize.cvar_programme import cvar_weights
from nanobook.optimize.tails import box_minimum, cdar_of, cvar_of

METHODS = (optimize_cvar, optimize_cdar)
KERNELS = {False: cvar_weights, True: cdar_weights}
RISKS = {False: oracle.cvar, True: oracle.cdar}
BOTH = pytest.mark.parametrize("of_drawdowns", [False, True], ids=["cvar", "cdar"])


def solve(of_drawdowns, returns, linear, alpha, lower, upper):
    weights, numbers = np.empty(returns.shape[1]), np.empty(FIELDS)
    KERNELS[of_drawdowns](returns, linear, alpha, lower, upper, weights, numbers)
    return weights, numbers


def agrees(of_drawdowns, returns, linear, alpha, lower, upper):
    """Solve, and hold the answer against HiGHS and the definition."""
    weights, numbers = solve(of_drawdowns, returns, linear, alpha, lower, upper)
    assert abs(weights.sum() - 1.0) < 1e-14 * weights.size
    assert (lower <= weights).all()
    assert (weights <= upper).all()
    risk, gain = RISKS[of_drawdowns](returns, weights, alpha), linear @ weights
    size = max(abs(risk) + abs(gain), 1e-3 * np.abs(returns).mean() * np.abs(weights).sum())
    assert abs(numbers[OBJECTIVE] - (risk - gain)) <= 1e-12 * size
    assert numbers[STATUS] == 0
    assert -1e-12 < numbers[GAP] <= 1e-10
    least = oracle.least(returns, alpha, of_drawdowns, linear, lower, upper)
    assert abs(risk - gain - least) <= 1e-9 * size
    return numbers


# ---- optima -------------------------------------------------------------------------------------


@pytest.mark.core
@BOTH
@pytest.mark.parametrize("seed", range(14))
def test_agrees_with_highs(of_drawdowns, seed):
    returns, linear, alpha, lower, _ = case(seed)
    few = min(lower.size, 8)
    returns = np.ascontiguousarray(returns[:40, :few])
    agrees(of_drawdowns, returns, linear[:few].copy(), alpha, lower[:few].copy(), np.ones(few))


@BOTH
@pytest.mark.parametrize("seed", range(20, 40))
def test_agrees_with_highs_on_more(of_drawdowns, seed):
    agrees(of_drawdowns, *case(seed))


@pytest.mark.deep
@BOTH
@pytest.mark.parametrize("start", range(100, 500, 50))
def test_agrees_with_highs_on_hundreds(of_drawdowns, start):
    for seed in range(start, start + 50):
        agrees(of_drawdowns, *case(seed))


@BOTH
@pytest.mark.parametrize("alpha", [0.5, 0.95, 0.99])
def test_real_returns(of_drawdowns, alpha):
    returns = real().to_numpy()
    zeros, ones = np.zeros(returns.shape[1]), np.ones(returns.shape[1])
    agrees(of_drawdowns, returns, zeros, alpha, zeros, ones)
    agrees(of_drawdowns, returns, zeros, alpha, zeros + 0.01, 0.1 * ones)


@BOTH
def test_levels_that_leave_less_than_a_period_take_the_worst(of_drawdowns):
    returns = made(60, 5, 1)
    weights, numbers = solve(of_drawdowns, returns, np.zeros(5), 0.999, np.zeros(5), np.ones(5))
    losses = -returns @ weights
    worst = max(oracle.drawdowns(-losses)) if of_drawdowns else losses.max()
    assert_allclose(numbers[OBJECTIVE], worst, rtol=1e-13)
    agrees(of_drawdowns, returns, np.zeros(5), 0.999, np.zeros(5), np.ones(5))


@BOTH
@settings(max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from([1e-8, 1e-3, 1e3, 1e8]))
def test_the_objective_scales_with_returns(of_drawdowns, seed, scale):
    returns = made(50, 6, seed)
    args = (np.zeros(6), 0.9, np.zeros(6), np.ones(6))
    weights, numbers = solve(of_drawdowns, returns, *args)
    scaled, again = solve(of_drawdowns, scale * returns, *args)
    assert_allclose(again[OBJECTIVE], scale * numbers[OBJECTIVE], rtol=1e-11)
    assert_allclose(scaled, weights, rtol=0, atol=1e-9)


@BOTH
@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_the_order_of_assets_doesnt_matter(of_drawdowns, seed):
    returns = made(50, 6, seed)
    order = np.random.default_rng(seed).permutation(6)
    args = (np.zeros(6), 0.9, np.zeros(6), np.full(6, 0.4))
    weights, numbers = solve(of_drawdowns, returns, *args)
    shuffled, again = solve(of_drawdowns, np.ascontiguousarray(returns[:, order]), *args)
    assert_allclose(again[OBJECTIVE], numbers[OBJECTIVE], rtol=1e-11)
    assert_allclose(shuffled, weights[order], rtol=0, atol=1e-9)


@BOTH
def test_no_returns_at_all_are_no_risk(of_drawdowns):
    zeros = np.zeros((20, 4))
    weights, numbers = solve(of_drawdowns, zeros, np.zeros(4), 0.9, np.zeros(4), np.ones(4))
    assert numbers[STATUS] == 0
    assert numbers[OBJECTIVE] == 0.0
    assert_allclose(weights.sum(), 1.0)


@BOTH
def test_bounds_that_leave_one_choice(of_drawdowns):
    returns = made(40, 4, 3)
    only = np.array([0.1, 0.2, 0.3, 0.4])
    weights, numbers = solve(of_drawdowns, returns, np.zeros(4), 0.9, only, only)
    assert_allclose(weights, only)
    assert_allclose(numbers[OBJECTIVE], RISKS[of_drawdowns](returns, only, 0.9), rtol=1e-13)
    agrees(of_drawdowns, returns, np.zeros(4), 0.9, np.zeros(4), np.full(4, 0.25))


@BOTH
def test_what_cant_be_solved_is_a_status(of_drawdowns):
    returns, zeros = made(40, 4, 3), np.zeros(4)
    weights, numbers = solve(of_drawdowns, returns, zeros, 0.9, zeros, np.full(4, 0.2))
    assert numbers[STATUS] == INFEASIBLE
    assert np.isnan(weights).all()
    returns[3, 2] = np.nan
    weights, numbers = solve(of_drawdowns, returns, zeros, 0.9, zeros, np.ones(4))
    assert numbers[STATUS] == NOT_FINITE
    assert np.isnan(weights).all()


@pytest.mark.core
@given(st.integers(1, 40), st.floats(0.01, 0.999), st.integers(0, 99))
def test_tail_risk_agrees_with_the_definition(periods, alpha, seed):
    returns = made(periods, 3, seed).round(2)
    weights = np.array([0.5, 0.2, 0.3])
    columns = np.ascontiguousarray(returns.T)
    for kernel, risk in ((cvar_of, oracle.cvar), (cdar_of, oracle.cdar)):
        assert_allclose(kernel(columns, weights, alpha), risk(returns, weights, alpha), atol=1e-15)


@pytest.mark.core
def test_the_dual_bound_fills_the_cheapest_first():
    costs = np.array([3.0, 1.0, 2.0, 0.0])
    lower, upper = np.array([0.1, 0.0, 0.0, np.nan]), np.array([1.0, 0.5, 1.0, 1.0])
    assert_allclose(box_minimum(costs, lower, upper), 0.3 + 0.5 + 0.8)


# ---- the public face ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_weights_are_dressed_as_returns_were(method):
    returns = made(60, 3, 5)
    expected = method(returns)
    assert type(expected) is np.ndarray
    assert method(returns.tolist()) == expected.tolist()
    assert method(returns, ["a", "b", "c"]) == dict(zip("abc", expected.tolist(), strict=True))
    series = method(pd.DataFrame(returns, columns=list("xyz")))
    assert list(series.index) == list("xyz")
    assert_allclose(series.to_numpy(), expected, rtol=0, atol=0)
    assert_allclose(method(returns[:, :1]), [1.0])
    assert method(returns[:, :1], ["a"]) == {"a": 1.0}


@pytest.mark.parametrize("method", METHODS)
def test_a_certificate_says_what_was_reached(method):
    returns = made(250, 8, 6)
    optimum = method(returns, alpha=0.9, certificate=True)
    of_drawdowns = method is optimize_cdar
    assert optimum.status == "optimal"
    assert optimum.method == ("cdar" if of_drawdowns else "cvar")
    assert abs(optimum.duality_gap) < 1e-11
    assert optimum.iterations > 0
    assert_allclose(optimum.objective, RISKS[of_drawdowns](returns, optimum.weights, 0.9))
    held = np.cov(returns[:, optimum.weights > 0], rowvar=False)
    assert_allclose(optimum.condition_number, np.linalg.cond(held, 1), rtol=0.5)


def test_bounds_by_name_and_rows_left_out():
    frame = pd.DataFrame(made(80, 3, 7), columns=list("abc"))
    frame.iloc[5, 1] = np.nan
    with pytest.raises(ValidationError, match="missing='complete'"):
        optimize_cvar(frame)
    weights = optimize_cvar(frame, missing="complete", upper={"a": 0.4, "b": 0.5, "c": 0.3})
    assert (weights <= [0.4, 0.5, 0.3]).all()
    assert abs(weights.sum() - 1.0) < 1e-15
    assert_allclose(weights, optimize_cvar(frame.dropna(), upper=[0.4, 0.5, 0.3]))
    with pytest.raises(ValidationError, match="'pairwise'"):
        optimize_cdar(frame, missing="pairwise")


def test_mean_cvar_weighs_return_against_risk():
    returns = made(250, 8, 8)
    zeros, ones = np.zeros(8), np.ones(8)
    for aversion in (0.01, 0.2, 1.0, 50.0):
        best = optimize_mean_cvar(returns, risk_aversion=aversion, certificate=True)
        weights, mean = best.weights, returns.mean(axis=0)
        expected = mean @ weights - aversion * oracle.cvar(returns, weights, 0.95)
        assert_allclose(best.objective, expected, rtol=1e-12)
        assert_allclose(best.expected_return, mean @ weights)
        least = oracle.least(returns, 0.95, False, mean / aversion, zeros, ones)
        assert_allclose(best.objective, -aversion * least, rtol=1e-9)
    views = np.linspace(0.0, 0.01, 8)
    assert optimize_mean_cvar(returns, risk_aversion=0.01, mean=views)[-1] > 0.9
    averse = optimize_mean_cvar(returns, risk_aversion=1e9, certificate=True)
    assert_allclose(oracle.cvar(returns, averse.weights, 0.95), oracle.least(returns, 0.95))


@pytest.mark.core
@pytest.mark.parametrize("method", [*METHODS, optimize_mean_cvar])
def test_bad_arguments_are_named(method):
    returns = made(30, 3, 9)
    for alpha in (0.0, 1.0, -0.1, 2.0):
        with pytest.raises(RangeError, match=f"alpha must lie between 0 and 1, got {alpha}"):
            method(returns, alpha=alpha)
    with pytest.raises(ValidationError, match="alpha must be finite"):
        method(returns, alpha=np.nan)
    with pytest.raises(ArgumentTypeError, match="alpha must be a number"):
        method(returns, alpha="0.95")
    with pytest.raises(ValidationError, match="upper must let weights add up to 1"):
        method(returns, upper=0.2)
    with pytest.raises(ValidationError, match="at least two complete rows"):
        method(returns[:1])


@pytest.mark.core
def test_risk_aversion_must_be_positive():
    with pytest.raises(RangeError, match=r"risk_aversion must be positive, got 0\.0"):
        optimize_mean_cvar(made(30, 3, 9), risk_aversion=0)


def test_a_gap_left_open_isnt_passed_off_as_weights(monkeypatch):
    module = import_module("nanobook.optimize.tail_risk")

    def fails(returns, linear, alpha, lower, upper, weights, numbers):
        weights[:], numbers[:] = 1.0 / weights.size, 1.0
        numbers[STATUS] = 2

    monkeypatch.setattr(module, "cvar_weights", fails)
    with pytest.raises(ConvergenceError, match="not converged"):
        optimize_cvar(made(30, 3, 9))
    assert optimize_cvar(made(30, 3, 9), certificate=True).status == "not converged"
