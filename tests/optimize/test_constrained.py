"""Constrained optima against plain models, enumeration and definitions."""

import subprocess
import sys
import threading

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from oracles import constrained as oracle

from nanobook import (
    Cardinality,
    FactorExposure,
    GrossLimit,
    GroupLimit,
    LinearConstraint,
    MinimumPosition,
    NetLimit,
    TrackingErrorLimit,
    TransactionCost,
    TurnoverLimit,
    optimize,
)
from nanobook.errors import ConvergenceError, ValidationError
from nanobook.optimize import parametric, solving
from nanobook.optimize.perspective import separable_part

N, T = 8, 120
SECTORS = {at: ("tech", "banks", "oil")[at % 3] for at in range(N)}
SMALLER = ("min_variance", "cvar", "cdar", "tracking_error")
OBJECTIVES = (
    *("min_variance", "max_sharpe", "utility", "max_return", "max_diversification"),
    *("cvar", "cdar", "mean_cvar", "tracking_error"),
)


def some_returns(seed=0, periods=T, assets=N):
    draw = np.random.default_rng(seed)
    market = draw.normal(0.0, 0.008, (periods, 1))
    own = draw.normal(0.001, 0.01, (periods, assets)) * draw.uniform(0.5, 2.0, assets)
    return own + market * draw.uniform(0.5, 1.5, assets)


RETURNS = some_returns()
CURRENT = np.full(N, 1 / N)
LOADINGS = np.linspace(-1.0, 1.0, N)


def factor(returns):
    return np.linalg.cholesky(np.cov(returns, rowvar=False)).T


#: Constraints of ours, and the same in cvxpy's words.
CASES = {
    "groups": (
        [GroupLimit(SECTORS, upper=0.4)],
        lambda w: [sum(w[i] for i in range(N) if SECTORS[i] == s) <= 0.4 for s in SECTORS.values()],
        {},
    ),
    "turnover": ([TurnoverLimit(0.3)], lambda w: [cp.norm1(w - CURRENT) <= 0.3], {}),
    "tracking": (
        [TrackingErrorLimit(0.003)],
        lambda w: [cp.norm(factor(RETURNS) @ (w - CURRENT) / 0.003) <= 1],
        {},
    ),
    "gross and net": (
        [GrossLimit(1.5), NetLimit(0.2, 0.8)],
        lambda w: [cp.norm1(w) <= 1.5, cp.sum(w) >= 0.2, cp.sum(w) <= 0.8],
        {"lower": -0.5, "upper": 0.6},
    ),
    "factor": (
        [FactorExposure(LOADINGS, -0.1, 0.05)],
        lambda w: [LOADINGS @ w >= -0.1, LOADINGS @ w <= 0.05],
        {},
    ),
    "linear": (
        [LinearConstraint(np.eye(N)[0] - np.eye(N)[1], lower=0.1)],
        lambda w: [w[0] - w[1] >= 0.1],
        {},
    ),
    "several": (
        [TurnoverLimit(0.5), GroupLimit(SECTORS, upper={"oil": 0.2}), TrackingErrorLimit(0.006)],
        lambda w: [
            cp.norm1(w - CURRENT) <= 0.5,
            w[2] + w[5] <= 0.2,
            cp.norm(factor(RETURNS) @ (w - CURRENT) / 0.006) <= 1,
        ],
        {"upper": 0.3},
    ),
}


def check(name, answer, expected, rtol=1e-7):
    """Ours must be as good as the referee's, whose tolerance is the looser one."""
    assert answer.status == "optimal"
    assert answer.notes["violation"] <= 1e-8
    assert answer.duality_gap <= 1e-8
    sign = 1.0 if name in SMALLER else -1.0
    size = max(abs(expected), 1e-4)
    assert sign * (answer.objective - expected) <= 1e-9 * size
    assert answer.objective == pytest.approx(expected, rel=rtol, abs=1e-10)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_optimum_is_that_of_a_plain_model(name, case):
    constraints, rules, bounds = CASES[case]
    if name == "max_diversification" and case == "gross and net":
        pytest.skip("the referee's iteration isn't for shorts")
    target = np.linspace(0.0, 0.3, N) / np.linspace(0.0, 0.3, N).sum()
    answer = optimize(
        RETURNS, name, constraints=constraints, current=CURRENT,
        benchmark=CURRENT if case in ("tracking", "several") else target, **bounds,
    )  # fmt: skip
    own = CURRENT if case in ("tracking", "several") else target
    expected = oracle.best(
        name, RETURNS, rules, net=None if case == "gross and net" else 1.0, benchmark=own, **bounds
    )
    if name == "tracking_error" and case in ("tracking", "several"):
        assert answer.objective <= max(expected, 0.0) + 1e-9
        return
    check(name, answer, expected)
    assert_allclose(
        answer.objective, oracle.figure(name, answer.weights, RETURNS, benchmark=own), rtol=1e-11
    )


@pytest.mark.parametrize("name", [name for name in OBJECTIVES if name != "max_diversification"])
def test_costs_are_taken_from_the_objective(name):
    bps = np.linspace(1.0, 20.0, N)
    impact = 0.0 if name == "max_sharpe" else 0.001
    held = np.linspace(0.3, 0.0, N) / np.linspace(0.3, 0.0, N).sum()
    cost = TransactionCost(bps, impact, periods=5)

    def spent(w):
        return ((bps / 1e4) @ cp.abs(w - held) + impact * cp.sum_squares(w - held)) / 5

    answer = optimize(RETURNS, name, costs=cost, current=held, benchmark=CURRENT)
    expected = oracle.best(name, RETURNS, cost=spent, benchmark=CURRENT)
    check(name, answer, expected)
    trade = np.abs(answer.weights - held)
    paid = (bps / 1e4 @ trade + impact * trade @ trade) / 5
    assert answer.notes["cost"] == pytest.approx(paid, rel=1e-12)


def test_costs_paid_from_the_budget_leave_weights_that_add_up_with_them_to_one():
    returns, held = RETURNS[:, :2], np.array([0.9, 0.1])
    cost = TransactionCost(100.0, periods=1000.0, in_budget=True)
    answer = optimize(returns, costs=cost, current=held)
    w = answer.weights
    assert w.sum() + 0.01 * np.abs(w - held).sum() == pytest.approx(1.0, abs=1e-12)
    # Every portfolio of two assets that keeps the budget, one by one.
    best = np.inf
    for first in np.linspace(0.0, 1.0, 20_001):
        rest = 1.0 - first - 0.01 * abs(first - held[0])  # second + 0.01 |second - 0.1|
        second = (rest + 0.001) / 1.01 if rest >= 0.1 else (rest - 0.001) / 0.99
        if 0 <= second <= 1:
            pair = np.array([first, second])
            spread = 0.01 * np.abs(pair - held).sum() / 1000
            best = min(best, oracle.figure("min_variance", pair, returns) + spread)
    assert answer.objective <= best
    assert answer.objective == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize(
    "name", ["min_variance", "max_sharpe", "utility", "tracking_error", "cvar"]
)
@pytest.mark.parametrize(("most", "least"), [(3, 0.0), (2, 0.3), (6, 0.2)])
def test_the_best_choice_is_that_of_enumeration(name, most, least):
    returns = some_returns(3, 60, 6)
    constraints = [Cardinality(most)]
    if least:
        constraints.append(MinimumPosition(least))
    benchmark = np.full(6, 1 / 6)
    answer = optimize(returns, name, constraints=constraints, benchmark=benchmark, upper=0.6)
    values = oracle.best_of_choices(name, returns, most, least, upper=0.6, benchmark=benchmark)
    expected = min(values) if name in SMALLER else max(values)
    check(name, answer, expected)
    held = answer.weights[answer.weights != 0]
    assert held.size <= most
    assert not least or held.min() >= least - 1e-12
    assert answer.notes["search"] in ("HiGHS", "branch and bound")


def test_shorts_are_held_at_their_least_size_too():
    returns = some_returns(5, 80, 5)
    rules = [NetLimit(0.0), GrossLimit(1.0), Cardinality(3, 2), MinimumPosition(0.25)]
    answer = optimize(returns, "max_return", constraints=rules, lower=-1.0)
    w = answer.weights
    assert w.sum() == pytest.approx(0.0, abs=1e-12)
    assert np.abs(w).sum() <= 1 + 1e-12
    assert set(np.round(np.abs(w[w != 0]), 12)) == {0.5}
    mean = returns.mean(axis=0)
    assert answer.objective == pytest.approx(0.5 * (mean.max() - mean.min()), rel=1e-12)


def test_constrained_risk_parity_is_the_best_of_its_objective():
    free = optimize(RETURNS, "risk_parity", constraints=[GroupLimit(SECTORS, upper=1.0)])
    assert_allclose(free.risk_contributions(), 1 / N, rtol=1e-12)
    budgets = np.arange(1.0, N + 1)
    own = optimize(
        RETURNS, "risk_parity", constraints=[GroupLimit(SECTORS, upper=1.0)], budgets=budgets
    )
    assert_allclose(own.risk_contributions(), budgets / budgets.sum(), rtol=1e-12)
    held = optimize(RETURNS, "risk_parity", constraints=[GroupLimit(SECTORS, upper=0.36)])
    covariance = np.cov(RETURNS, rowvar=False)

    def value(w):
        return 0.5 * np.log(w @ covariance @ w) - np.log(w).mean()

    for group in ("tech", "banks", "oil"):
        assert sum(held.weights[i] for i in range(N) if SECTORS[i] == group) <= 0.36 + 1e-12
    assert held.status == "optimal"
    draw = np.random.default_rng(1)
    tried = 0
    for _ in range(3000):
        w = held.weights * np.exp(draw.normal(0, 0.05, N))
        w /= w.sum()
        if all(sum(w[i] for i in range(N) if SECTORS[i] == g) <= 0.36 for g in SECTORS.values()):
            tried += 1
            assert value(w) >= value(held.weights)
    assert tried > 100


@pytest.mark.parametrize("scale", [1e-8, 1e8])
@pytest.mark.parametrize("name", ["min_variance", "max_sharpe", "cvar", "cdar", "risk_parity"])
def test_weights_dont_depend_on_the_unit_of_returns(name, scale):
    constraints = [GroupLimit(SECTORS, upper=0.4), TurnoverLimit(0.5)]
    plain = optimize(RETURNS, name, constraints=constraints, current=CURRENT)
    scaled = optimize(RETURNS * scale, name, constraints=constraints, current=CURRENT)
    assert scaled.status == "optimal"
    assert_allclose(scaled.weights, plain.weights, atol=1e-9)


@settings(max_examples=8)
@given(st.permutations(range(N)), st.sampled_from(["min_variance", "max_sharpe", "utility"]))
def test_assets_in_another_order_get_the_same_weights(order, name):
    order = list(order)
    rules = [TurnoverLimit(0.4), FactorExposure(LOADINGS, upper=0.1)]
    plain = optimize(RETURNS, name, constraints=rules, current=CURRENT)
    rules[1] = FactorExposure(LOADINGS[order], upper=0.1)
    other = optimize(RETURNS[:, order], name, constraints=rules, current=CURRENT)
    assert_allclose(other.weights, plain.weights[order], atol=1e-10)


@settings(max_examples=10)
@given(
    st.integers(0, 10_000),
    st.floats(0.0, 1.5),
    st.floats(0.15, 1.0),
    st.sampled_from(["min_variance", "max_sharpe", "utility", "cvar"]),
)
def test_every_constraint_holds(seed, turnover, upper, name):
    returns = some_returns(seed, 30, 6)
    held = np.random.default_rng(seed).dirichlet(np.ones(6))
    try:
        answer = optimize(
            returns, name, constraints=[TurnoverLimit(turnover)], current=held, upper=upper
        )
    except ValidationError as error:
        fault = str(error)
    else:
        fault = ""
    if fault:
        assert "upper bounds" in fault or "risk_free" in fault
        return
    w = answer.weights
    assert answer.status == "optimal"
    assert abs(w.sum() - 1) <= 1e-12
    assert w.min() >= 0
    assert w.max() <= upper
    assert np.abs(w - held).sum() <= turnover + 1e-8


@pytest.mark.parametrize("periods", [5, 12])
def test_fewer_returns_than_assets_and_doubles_are_solved(periods):
    returns = some_returns(2, periods, 10)
    returns = np.column_stack([returns, returns[:, :3]])
    rules = [TurnoverLimit(0.8)]
    held = np.full(13, 1 / 13)
    answer = optimize(returns, constraints=rules, current=held)
    expected = oracle.best("min_variance", returns, lambda w: [cp.norm1(w - held) <= 0.8])
    assert answer.status == "optimal"
    assert answer.objective <= expected * (1 + 1e-8) + 1e-14


def test_one_asset_gets_everything():
    answer = optimize(RETURNS[:, :1], constraints=[TurnoverLimit(0.5)], current=[0.9])
    assert_allclose(answer.weights, [1.0], atol=0)


# ---- benchmarks, labels --------------------------------------------------------------------------


def test_a_benchmark_may_be_returns():
    index = pd.date_range("2024-01-01", periods=T)
    frame = pd.DataFrame(RETURNS, index=index, columns=list("abcdefgh"))
    market = pd.Series(RETURNS @ CURRENT + 0.001 * np.sin(np.arange(T)), index=index)
    answer = optimize(frame, "tracking_error", benchmark=market, upper=0.2)
    expected = np.std(frame @ answer.weights - market, ddof=1)
    assert answer.objective == pytest.approx(expected, rel=1e-12)
    w = cp.Variable(N)
    gap = RETURNS @ w - market.to_numpy()
    gap = gap - cp.sum(gap) / T
    problem = cp.Problem(
        cp.Minimize(cp.sum_squares(gap * 1000)), [cp.sum(w) == 1, w >= 0, w <= 0.2]
    )
    problem.solve(solver="CLARABEL", **oracle.TIGHT)
    assert answer.objective == pytest.approx(np.sqrt(problem.value / (T - 1)) / 1000, rel=1e-9)


def test_names_are_read_wherever_they_stand():
    names = list("abcdefgh")
    frame = pd.DataFrame(RETURNS, columns=names)
    sectors = pd.Series({name: SECTORS[at] for at, name in enumerate(names)})
    shuffled = list("hgfedcba")
    rules = [
        GroupLimit(sectors[shuffled], upper={"oil": 0.2}),
        FactorExposure(pd.DataFrame({"size": LOADINGS}, index=names).loc[shuffled], upper=0.05),
        LinearConstraint({"a": 1.0, "b": -1.0}, lower=0.0),
        TransactionCost(dict.fromkeys(shuffled, 5.0)),
    ]
    held = pd.Series(CURRENT, index=names)[shuffled]
    labelled = optimize(frame, constraints=rules, current=held)
    plain = optimize(
        RETURNS,
        constraints=[
            GroupLimit([SECTORS[at] for at in range(N)], upper={"oil": 0.2}),
            FactorExposure(LOADINGS, upper=0.05),
            LinearConstraint(np.eye(N)[0] - np.eye(N)[1], lower=0.0),
        ],
        costs=5.0,
        current=CURRENT,
    )
    assert isinstance(labelled.weights, pd.Series)
    assert list(labelled.weights.index) == names
    assert_allclose(labelled.weights, plain.weights, atol=1e-12)
    named = optimize(RETURNS, "min_variance", names, constraints=[GroupLimit({"a": 1}, upper=0.1)])
    assert isinstance(named.weights, dict)
    assert named.weights["a"] <= 0.1


@pytest.mark.parametrize("name", ["min_variance", "max_sharpe", "utility", "max_diversification",
                                  "cvar", "cdar", "mean_cvar", "risk_parity"])  # fmt: skip
def test_bounds_alone_are_the_compiled_optimizers_affair_with_the_same_optimum(name):
    bounds = {} if name == "risk_parity" else {"lower": 0.02, "upper": 0.3}
    compiled = optimize(RETURNS, name, **bounds)
    programme = optimize(RETURNS, name, solver="clarabel", **bounds)
    assert "solver" not in compiled.notes
    assert programme.notes["solver"]
    assert compiled.objective == pytest.approx(programme.objective, rel=1e-9)
    assert_allclose(compiled.weights, programme.weights, atol=1e-6)


# ---- solvers, cache, threads ---------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["clarabel", "osqp", "scs"])
def test_the_solver_asked_first_is_noted(solver):
    rules = [GroupLimit(SECTORS, upper=0.4)]
    answer = optimize(RETURNS, constraints=rules, solver=solver)
    assert answer.notes["solver"] == solver
    assert answer.duality_gap <= 1e-9


def test_a_failed_solver_is_followed_by_another(monkeypatch):
    honest = parametric.solve_standard

    def fails_first(standard, solver, options):
        if solver == "CLARABEL":
            return parametric.Answer("solver_error: on purpose", solver)
        return honest(standard, solver, options)

    monkeypatch.setattr(solving, "solve_standard", fails_first)
    answer = optimize(RETURNS, constraints=[GroupLimit(SECTORS, upper=0.4)])
    assert answer.status == "optimal"
    assert answer.notes["solver"] == "osqp"
    assert answer.notes["tried"][0] == "clarabel: solver_error: on purpose"
    monkeypatch.setattr(
        solving, "solve_standard", lambda *a: parametric.Answer("solver_error: all", a[1])
    )
    with pytest.raises(ConvergenceError, match="no solver gave an answer: clarabel: solver_error"):
        optimize(RETURNS, constraints=[GroupLimit(SECTORS, upper=0.4)])


def test_a_wrong_answer_isnt_called_optimal(monkeypatch):
    honest = parametric.solve_standard

    def lies(standard, solver, options):
        answer = honest(standard, solver, options)
        answer.x = np.zeros_like(answer.x)
        answer.x[0] = 1.0
        return answer

    monkeypatch.setattr(solving, "solve_standard", lies)
    monkeypatch.setattr(solving, "polish", lambda *a: None)
    answer = optimize(RETURNS, constraints=[LinearConstraint(np.ones(N), upper=2.0)])
    assert answer.status == "not converged"
    assert answer.duality_gap > 0.1


def test_one_structure_is_made_once_and_filled_anew():
    parametric.clear_problems()
    rules = [TurnoverLimit(0.3), GroupLimit(SECTORS, upper=0.4)]
    answers = []
    for seed in range(4):
        returns = some_returns(seed)
        answers.append(optimize(returns, constraints=rules, current=CURRENT).weights)
        assert parametric.cached_problems() == 1
    for seed, weights in enumerate(answers):
        parametric.clear_problems()
        fresh = optimize(some_returns(seed), constraints=rules, current=CURRENT).weights
        assert_allclose(weights, fresh, atol=1e-13)
    for at in range(2, parametric.CAPACITY + 5):
        optimize(RETURNS[:, :at], constraints=[NetLimit(1.0)]) if at <= N else None
    assert parametric.cached_problems() <= parametric.CAPACITY


def test_threads_share_problems_and_get_their_own_answers():
    rules = [TurnoverLimit(0.3)]
    expected = [optimize(some_returns(s), constraints=rules, current=CURRENT) for s in range(6)]
    found = [None] * 6

    def run(seed):
        found[seed] = optimize(some_returns(seed), constraints=rules, current=CURRENT)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(found, expected, strict=True):
        assert_allclose(one.weights, other.weights, atol=1e-13)


def test_a_search_out_of_time_says_so():
    returns = some_returns(4, 60, 24)
    benchmark = np.full(24, 1 / 24)
    rules = [Cardinality(8), MinimumPosition(0.05)]
    answer = optimize(
        returns, "tracking_error", constraints=rules, benchmark=benchmark, time_limit=0.0
    )
    assert answer.status == "not converged"
    assert answer.duality_gap > 1e-6
    assert np.count_nonzero(answer.weights) <= 8
    assert answer.notes["violation"] <= 1e-8


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(30))
def test_random_problems_have_the_plain_models_optimum(seed):
    draw = np.random.default_rng(seed)
    assets, periods = int(draw.integers(2, 25)), int(draw.integers(4, 200))
    returns = some_returns(seed, periods, assets) * 10.0 ** draw.integers(-3, 3)
    held = draw.dirichlet(np.ones(assets))
    limit, upper = draw.uniform(0.05, 1.5), draw.uniform(max(0.3, 1.5 / assets), 1.0)
    for name in OBJECTIVES:
        if name == "max_sharpe" and returns.mean(axis=0).max() <= 0:
            continue
        try:
            answer = optimize(
                returns, name, constraints=[TurnoverLimit(limit)], current=held, upper=upper,
                benchmark=np.full(assets, 1 / assets), missing="raise",
            )  # fmt: skip
        except ValidationError:
            continue
        expected = oracle.best(
            name, returns, lambda w: [cp.norm1(w - held) <= limit], upper=upper,
            benchmark=np.full(assets, 1 / assets),
        )  # fmt: skip
        sign = 1.0 if name in SMALLER else -1.0
        size = np.sqrt((returns**2).mean())
        assert answer.status == "optimal", name
        assert sign * (answer.objective - expected) <= 1e-8 * (abs(expected) + size), name


# ---- inside --------------------------------------------------------------------------------------


@pytest.mark.parametrize("assets", [2, 7, 70])
def test_what_is_taken_off_leaves_a_semidefinite_rest(assets):
    quadratic = np.cov(some_returns(1, 200, assets), rowvar=False)
    part = separable_part(quadratic)
    assert part.min() >= 0
    assert part.sum() > 0
    assert np.linalg.eigvalsh(quadratic - np.diag(part))[0] >= -1e-12 * quadratic.max()
    assert_allclose(separable_part(np.ones((3, 3))), 0.0, atol=1e-8)


def test_importing_the_front_door_loads_no_solver():
    code = (
        "import sys, nanobook; nanobook.optimize; nanobook.GroupLimit; "
        "print([m for m in ('cvxpy', 'scipy', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
