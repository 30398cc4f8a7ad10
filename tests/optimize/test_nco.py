"""Nested clustered optimization: optima inside clusters, and one over them."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from optimize.random_covariances import clustered_returns, random_covariance, random_returns
from oracles import hierarchy as oracle

from nanobook.errors import RangeError, ValidationError
from nanobook.optimize import optimize_nco
from nanobook.optimize.certificate import FIELDS, NO_EXCESS, NOT_FINITE, STATUS, UNBOUNDED
from nanobook.optimize.nco import nco_weights


@pytest.mark.core
@pytest.mark.parametrize("linkage", ["single", "ward"])
def test_smallest_variances_are_those_of_the_definition(linkage):
    for seed in (0, 4, 8, 12, 3):
        covariance = random_covariance(seed, 5 + seed)
        for count in (1, 2, 3, 4):
            found = optimize_nco(None, covariance=covariance, clusters=count, linkage=linkage)
            expected = oracle.nco(covariance, count, linkage=linkage)
            assert_allclose(found, expected, rtol=0, atol=1e-9)
            assert abs(found.sum() - 1.0) < 1e-15


@pytest.mark.core
def test_largest_sharpe_ratios_are_those_of_the_definition():
    for seed in range(8):
        covariance = random_covariance(4 * seed, 12)
        mean = np.random.default_rng(seed).normal(0.0005, 0.001, 12)
        for count in (1, 2, 3, 5):
            optimum = optimize_nco(
                *(None, None, 1e-4),
                covariance=covariance,
                mean=mean,
                clusters=count,
                objective="max_sharpe",
                certificate=True,
            )
            expected = oracle.nco(covariance, count, mean - 1e-4)
            assert_allclose(optimum.weights, expected, rtol=0, atol=1e-9)
            sharpe = (expected @ mean - 1e-4) / np.sqrt(expected @ covariance @ expected)
            assert_allclose(optimum.objective, sharpe, rtol=1e-9)
            assert optimum.kkt_residual < 1e-10


def test_one_cluster_or_one_an_asset_is_the_optimum_itself():
    returns = random_returns(3, 300, 8)
    covariance = np.cov(returns, rowvar=False)
    expected = oracle.long_only(covariance, np.ones(8))
    assert_allclose(optimize_nco(returns, clusters=1), expected, atol=1e-9)
    assert_allclose(optimize_nco(returns, clusters=8), expected, atol=1e-9)


def test_blocks_are_found_and_independent():
    returns = clustered_returns(2, 500, [4, 5, 6])
    optimum = optimize_nco(returns, certificate=True)
    assert optimum.notes["clusters"] == 3
    assert optimum.status == "computed"
    covariance = np.cov(returns, rowvar=False)
    assert_allclose(optimum.objective, optimum.weights @ covariance @ optimum.weights, rtol=1e-13)
    inside = oracle.long_only(covariance[:4, :4], np.ones(4))
    assert_allclose(optimum.weights[:4] / optimum.weights[:4].sum(), inside, atol=1e-9)


def test_a_cluster_that_earns_nothing_isnt_held():
    returns = clustered_returns(5, 400, [3, 4])
    mean = np.array([1e-3, 2e-3, 1e-3, -1e-3, -1e-4, 0.0, -2e-3])
    found = optimize_nco(returns, mean=mean, objective="max_sharpe", clusters=2)
    assert_array_equal(found[3:], 0.0)
    assert_allclose(found[:3].sum(), 1.0, rtol=1e-15)


@pytest.mark.core
def test_what_has_no_answer_says_so():
    weights, numbers = np.empty(3), np.empty(FIELDS)
    codes = np.int64(0), np.int64(3), np.int64(2)
    for goal in (np.int64(0), np.int64(1)):
        nco_weights(np.diag([1.0, 0.0, 2.0]), np.ones(3), *codes, goal, weights, numbers)
        assert numbers[STATUS] == UNBOUNDED
        assert np.isnan(weights).all()
        nco_weights(np.full((3, 3), np.nan), np.ones(3), *codes, goal, weights, numbers)
        assert numbers[STATUS] == NOT_FINITE
        assert np.isnan(weights).all()
    nco_weights(np.eye(3), -np.ones(3), *codes, np.int64(1), weights, numbers)
    assert numbers[STATUS] == NO_EXCESS
    assert np.isnan(weights).all()


def test_no_excess_return():
    returns = random_returns(1, 50, 4)
    with pytest.raises(ValidationError, match=r"risk_free must be below.*got 0\.5"):
        optimize_nco(returns, risk_free=0.5, objective="max_sharpe")
    optimum = optimize_nco(returns, None, 0.5, objective="max_sharpe", certificate=True)
    assert optimum.status == "no excess return"
    assert np.isfinite(optimize_nco(returns, risk_free=0.5)).all()


def test_singular_covariances():
    returns = random_returns(5, 8, 12)
    for table in (returns, np.column_stack([returns, returns[:, :3]])):
        for objective in ("min_variance", "max_sharpe"):
            optimum = optimize_nco(table, clusters=4, objective=objective, certificate=True)
            assert optimum.status == "computed"
            assert_allclose(optimum.weights.sum(), 1.0, rtol=1e-14)
    hedge = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    found = optimize_nco(None, covariance=hedge, clusters=1)
    assert_allclose(found, [0.5, 0.5, 0.0], atol=1e-12)


def test_scale_and_dress():
    returns = random_returns(3, 200, 6)
    array = optimize_nco(returns)
    for scale in (1e-8, 1e8):
        assert_allclose(optimize_nco(returns * scale), array, rtol=0, atol=1e-12)
    frame = pd.DataFrame(returns, columns=list("uvwxyz"))
    assert_array_equal(optimize_nco(frame), array)
    assert list(optimize_nco(frame).index) == list("uvwxyz")
    assert optimize_nco(returns.tolist()) == array.tolist()
    assert optimize_nco(returns[:, :1], ["a"]) == {"a": 1.0}
    found = optimize_nco(returns_matrix=returns, symbols=list("uvwxyz"), risk_free_rate=0.0)
    assert found == dict(zip("uvwxyz", array.tolist(), strict=True))


def test_what_is_refused():
    returns = random_returns(1, 50, 3)
    with pytest.raises(ValidationError, match="objective must be"):
        optimize_nco(returns, objective="utility")
    with pytest.raises(RangeError, match="clusters"):
        optimize_nco(returns, clusters=9)
    returns[:, 2] = 1.0
    with pytest.raises(ValidationError, match="must vary"):
        optimize_nco(returns)
