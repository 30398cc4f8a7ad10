"""The efficient frontier: the published example, and every point against the optimizers."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from oracles.quadratic import BOUNDS, KINDS, kkt_residual, random_bounds, random_covariance

from nanobook import (
    efficient_frontier,
    optimize_max_sharpe,
    optimize_min_variance,
    optimize_utility,
)
from nanobook.errors import ConvergenceError, ValidationError

#: The ten assets of Bailey, Lopez de Prado (2013): means, then the covariance's upper triangle.
MEAN = np.array([1.175, 1.19, 0.396, 1.12, 0.346, 0.679, 0.089, 0.73, 0.481, 1.08])
TRIANGLE = """
0.40755159 0.03175842 0.05183923 0.05663904 0.0330226 0.00827775 0.02165938 0.01332419 0.0343476
0.02249903 0.9063047 0.03136385 0.02687256 0.01917172 0.00934384 0.02495043 0.00761036 0.02874874
0.01336866 0.19490901 0.04408485 0.03006772 0.01322738 0.03525971 0.0115493 0.0427563 0.02057303
0.19528471 0.02777345 0.00526665 0.01375808 0.00780878 0.02914176 0.01640377 0.34059105
0.00777055 0.02067844 0.00736409 0.02542657 0.01284075 0.15983874 0.02105575 0.00518686
0.01723737 0.00723779 0.68056711 0.01377882 0.04627027 0.01926088 0.95526918 0.0106553
0.00760955 0.31681584 0.01854318 0.11079287
"""


def ten_assets():
    matrix = np.zeros((10, 10))
    matrix[np.triu_indices(10)] = [float(word) for word in TRIANGLE.split()]
    return matrix + np.triu(matrix, 1).T


@pytest.mark.core
def test_the_published_example():
    frontier = efficient_frontier(None, covariance=ten_assets(), mean=MEAN)
    assert len(frontier) == 11
    tolerances = [58.303, 4.174, 1.946, 0.165, 0.147, 0.056, 0.052, 0.037, 0.031]
    assert_allclose(1 / frontier.risk_aversions[1:-1], tolerances, atol=6e-4)
    assert_allclose(frontier.returns[1:5], [1.19, 1.180, 1.160, 1.111], atol=6e-4)
    assert_allclose(frontier.volatilities[1:5], [0.952, 0.546, 0.417, 0.267], atol=6e-4)
    sharpe = frontier.max_sharpe()
    assert_allclose([sharpe.objective, sharpe.volatility], [4.4535335, 0.2273645], atol=5e-8)
    calmest = frontier.min_variance()
    # Its variance: the notes of others call it volatility.
    assert_allclose([calmest.objective, calmest.expected_return], [0.0421225, 0.8032154], atol=5e-8)
    assert frontier.kkt_residual < 1e-14


def check(matrix, mean, lower, upper, worst):
    frontier = efficient_frontier(None, covariance=matrix, mean=mean, lower=lower, upper=upper)
    weights, tolerances = frontier.weights, 1 / frontier.risk_aversions
    assert (np.diff(frontier.risk_aversions) > 0).all()
    assert (weights >= lower).all()
    assert (weights <= upper).all()
    assert_allclose(weights.sum(axis=1), 1, rtol=0, atol=1e-14)
    for k in range(1, len(frontier)):
        assert kkt_residual(matrix, tolerances[k] * mean, lower, upper, weights[k]) < worst
        if k + 1 < len(frontier):
            between = (tolerances[k] + tolerances[k + 1]) / 2
            mixed = frontier.weights_at(risk_aversion=1 / between)
            assert kkt_residual(matrix, between * mean, lower, upper, mixed) < worst
    return frontier


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "still"])
@pytest.mark.parametrize("bounds", BOUNDS)
def test_every_stretch_is_efficient(kind, bounds):
    rng = np.random.default_rng(KINDS.index(kind))
    count = int(rng.integers(2, 25))
    matrix = random_covariance(rng, kind, count) * 10.0 ** rng.choice([-16, 0, 16])
    mean = rng.normal(size=count) * np.sqrt(np.diag(matrix)) * 0.1
    if kind == "twins":
        twin = np.argmax((matrix[:, None] == matrix[None]).all(axis=2), axis=1)
        mean = mean[twin]
    check(matrix, mean, *random_bounds(rng, bounds, count), 1e-11)


@pytest.mark.deep
@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("kind", ["plain", "few", "hedged", "ill"])
def test_every_stretch_is_efficient_hundreds_of_times(kind):
    rng = np.random.default_rng(8)
    for turn in range(60):
        count = int(rng.integers(1, 60))
        matrix = random_covariance(rng, kind, count)
        mean = rng.normal(size=count) * np.sqrt(np.diag(matrix)) * 0.1
        check(matrix, mean, *random_bounds(rng, BOUNDS[turn % len(BOUNDS)], count), 1e-11)


def small():
    rng = np.random.default_rng(2)
    table = rng.normal(0.002, 0.01, (200, 8)) + rng.normal(0, 0.006, (200, 1))
    return pd.DataFrame(table, columns=list("ABCDEFGH"))


@pytest.mark.core
@pytest.mark.parametrize("upper", [1.0, 0.3])
def test_its_portfolios_are_the_optimizers(upper):
    frontier = efficient_frontier(small(), upper=upper)
    ends = {"rtol": 0, "atol": 1e-11}
    assert_allclose(frontier.weights[-1], optimize_min_variance(small(), upper=upper), **ends)
    sharpe = optimize_max_sharpe(small(), upper=upper, certificate=True)
    ours = frontier.max_sharpe()
    assert_allclose(ours.objective, sharpe.objective, rtol=1e-13)
    assert_allclose(ours.weights, sharpe.weights, **ends)
    assert ours.kkt_residual < 1e-12
    for aversion in (0.0, 0.3, 4.0, 60.0, 1e6):
        expected = optimize_utility(small(), risk_aversion=aversion, upper=upper)
        assert_allclose(frontier.weights_at(risk_aversion=aversion), expected, **ends)


@pytest.mark.core
def test_points_are_where_they_are_asked_for():
    frontier = efficient_frontier(small(), upper=0.4)
    mean, matrix = small().mean(), small().cov()
    for share in (0.0, 0.2, 0.7, 1.0):
        target = frontier.returns[-1] + share * (frontier.returns[0] - frontier.returns[-1])
        assert_allclose(frontier.weights_at(target_return=target) @ mean, target, rtol=1e-12)
        low, high = frontier.volatilities[-1], frontier.volatilities[0]
        risk = low + share * (high - low)
        weights = frontier.weights_at(volatility=risk)
        assert_allclose(np.sqrt(weights @ matrix @ weights), risk, rtol=1e-12)
    points = frontier.points(5)
    assert_allclose(np.diff(points["return"]), np.ptp(frontier.returns) / 4)
    assert list(points.columns) == ["return", "volatility", "risk_aversion", *"ABCDEFGH"]
    assert list(frontier.turning_points.columns) == list(points.columns)
    for _, row in points.iloc[1:-1].iterrows():
        expected = optimize_utility(small(), risk_aversion=row["risk_aversion"], upper=0.4)
        assert_allclose(row[list("ABCDEFGH")], expected, atol=1e-11)
    assert "8 assets" in repr(frontier)


@pytest.mark.core
def test_what_lies_off_the_frontier_is_refused():
    frontier = efficient_frontier(small())
    with pytest.raises(ValidationError, match="target_return must lie on the frontier, from"):
        frontier.weights_at(target_return=1.0)
    with pytest.raises(ValidationError, match="volatility must lie on the frontier"):
        frontier.weights_at(volatility=0.0)
    with pytest.raises(ValidationError, match="must be told one of"):
        frontier.weights_at()
    with pytest.raises(ValidationError, match="got target_return, volatility"):
        frontier.weights_at(target_return=0.1, volatility=0.1)
    with pytest.raises(ValidationError, match="risk_aversion must be at least 0"):
        frontier.weights_at(risk_aversion=-1)
    with pytest.raises(ValidationError, match="risk_free must be below the best return"):
        frontier.max_sharpe(1.0)
    with pytest.raises(ValidationError, match="n must be a whole number"):
        frontier.points(1)


@pytest.mark.core
def test_edges_have_a_frontier():
    one = efficient_frontier(small()[["A"]])
    assert (one.weights == 1).all()
    alike = efficient_frontier(None, covariance=np.eye(3), mean=[0.1, 0.1, 0.1])
    assert_allclose(alike.weights, 1 / 3, atol=1e-15)
    caps = efficient_frontier(small(), upper=1 / 8)
    assert_allclose(caps.weights, 1 / 8, atol=1e-15)
    tied = efficient_frontier(None, covariance=np.diag([1.0, 2.0, 4.0]), mean=[0.1, 0.2, 0.2])
    assert_allclose(tied.weights[0], [0, 2 / 3, 1 / 3], atol=1e-15)
    safe = efficient_frontier(None, covariance=np.diag([0.0, 1.0]), mean=[0.1, 0.2])
    assert_allclose(safe.weights[-1], [1, 0], atol=1e-15)
    with pytest.raises(ConvergenceError, match="a portfolio has no risk"):
        safe.max_sharpe()


def the_utility(returns, weights, risk_aversion):
    covariance = np.atleast_2d(np.cov(returns, rowvar=False))
    return returns.mean(axis=0) @ weights - risk_aversion / 2 * weights @ covariance @ weights


@pytest.mark.parametrize("seed", [19, 103, 111, 119])
def test_assets_that_earn_the_same_but_for_rounding_share_the_first_point(seed):
    rng = np.random.default_rng(seed)
    assets = rng.integers(2, 25)
    returns = np.round(rng.normal(0.0005, 0.01, (60, assets)) + rng.normal(0, 0.01, (60, 1)), 2)
    top = np.sort(returns.mean(axis=0))[-2:]
    assert top[1] - top[0] < 1e-15
    frontier = efficient_frontier(returns)
    assert (frontier.weights[0] > 0).sum() == 2
    for risk_aversion in (0.1, 1.0, 5.0, 50.0):
        ours = frontier.weights_at(risk_aversion=risk_aversion)
        alone = optimize_utility(returns, risk_aversion=risk_aversion)
        wanted = the_utility(returns, alone, risk_aversion)
        assert the_utility(returns, ours, risk_aversion) == pytest.approx(wanted, rel=1e-10)


def test_cash_has_a_place_on_it():
    returns = np.random.default_rng(1002).normal(0.001, 0.01, (60, 6))
    returns[:, 0] = 0.0001
    frontier = efficient_frontier(returns)
    assert frontier.volatilities[-1] < 1e-15
    assert frontier.weights[-1][0] == 1.0
    for risk_aversion in (1.0, 50.0, 1e4):
        ours = frontier.weights_at(risk_aversion=risk_aversion)
        alone = optimize_utility(returns, risk_aversion=risk_aversion)
        assert_allclose(ours, alone, rtol=0, atol=1e-9)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_scale_changes_nothing(scale):
    plain, other = efficient_frontier(small()), efficient_frontier(small() * scale)
    assert_allclose(other.weights, plain.weights, rtol=0, atol=1e-10)


def test_it_can_be_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    figure = efficient_frontier(small()).plot(path=tmp_path / "f.png", risk_free=0.0)
    assert (tmp_path / "f.png").stat().st_size > 5000
    assert figure.axes[0].get_xlabel() == "volatility per period, %"
