"""Hierarchical equal risk contribution: the definition's, with as many clusters as there are."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from optimize.random_covariances import clustered_returns, random_covariance, random_returns
from oracles import hierarchy as oracle

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.optimize import inverse_volatility_weights, optimize_herc
from nanobook.optimize.certificate import FIELDS, NOT_FINITE, STATUS, UNBOUNDED
from nanobook.optimize.herc import herc_weights
from nanobook.optimize.linkage import LINKAGES


@pytest.mark.core
@pytest.mark.parametrize("risk", ["variance", "volatility"])
@pytest.mark.parametrize("linkage", LINKAGES)
def test_weights_are_those_of_the_definition(linkage, risk):
    for seed in range(6):
        covariance = random_covariance(seed, 4 + 2 * seed)
        for count in (1, 2, 3, 4):
            found = optimize_herc(
                None, covariance=covariance, clusters=count, linkage=linkage, risk=risk
            )
            expected = oracle.herc(covariance, count, linkage=linkage, risk=risk)
            assert_allclose(found, expected, rtol=1e-8)
            assert abs(found.sum() - 1.0) < 1e-15


@pytest.mark.core
def test_two_clusters_share_risk_equally():
    returns = clustered_returns(1, 400, [3, 5])
    weights = optimize_herc(returns, risk="volatility", clusters=2)
    covariance = np.cov(returns, rowvar=False)
    sides = [weights[:3] @ covariance[:3, :3] @ weights[:3]]
    sides += [weights[3:] @ covariance[3:, 3:] @ weights[3:]]
    assert_allclose(sides[0], sides[1], rtol=1e-12)
    inverse = 1.0 / np.sqrt(np.diag(covariance))
    assert_allclose(weights[:3] / weights[0], inverse[:3] / inverse[0], rtol=1e-12)


@pytest.mark.parametrize("sizes", [[4, 6], [5, 5, 7], [3, 4, 5, 6, 7], [8, 2, 9]])
def test_blocks_are_found(sizes):
    returns = clustered_returns(len(sizes), 500, sizes)
    optimum = optimize_herc(returns, certificate=True)
    assert optimum.notes["clusters"] == len(sizes)
    assert optimum.status == "computed"
    assert_array_equal(optimum.weights, optimize_herc(returns, clusters=len(sizes)))


def test_one_cluster_is_inverse_risk_and_as_many_as_assets_is_a_walk_down_the_tree():
    covariance = random_covariance(4, 7)
    found = optimize_herc(None, covariance=covariance, clusters=1, risk="volatility")
    assert_allclose(found, inverse_volatility_weights(None, covariance=covariance), rtol=1e-14)
    found = optimize_herc(None, covariance=covariance, clusters=7)
    assert_allclose(found, oracle.herc(covariance, 7), rtol=1e-12)


@pytest.mark.core
def test_what_has_no_tree_says_so():
    weights, numbers = np.empty(3), np.empty(FIELDS)
    codes = np.int64(0), np.int64(3), np.int64(2), np.int64(0)
    herc_weights(np.diag([1.0, 0.0, 2.0]), *codes, weights, numbers)
    assert numbers[STATUS] == UNBOUNDED
    assert np.isnan(weights).all()
    herc_weights(np.full((3, 3), np.nan), *codes, weights, numbers)
    assert numbers[STATUS] == NOT_FINITE
    assert np.isnan(weights).all()


def test_scale_and_dress():
    returns = random_returns(3, 200, 6)
    array = optimize_herc(returns)
    for scale in (1e-8, 1e8):
        assert_allclose(optimize_herc(returns * scale), array, rtol=1e-11)
    frame = pd.DataFrame(returns, columns=list("uvwxyz"))
    assert_array_equal(optimize_herc(frame), array)
    assert list(optimize_herc(frame).index) == list("uvwxyz")
    assert optimize_herc(returns.tolist()) == array.tolist()
    assert [*optimize_herc(returns_matrix=returns, symbols=list("uvwxyz"))] == list("uvwxyz")
    assert_array_equal(optimize_herc(returns[:, :1]), [1.0])
    assert_allclose(optimize_herc(returns[:, :2]).sum(), 1.0)


def test_copies_and_fewer_periods_than_assets():
    returns = random_returns(5, 8, 12)
    found = optimize_herc(np.column_stack([returns, returns, returns]))
    assert (found > 0).all()
    assert_allclose(found.sum(), 1.0, rtol=1e-14)
    same = optimize_herc(np.column_stack([returns[:, 0]] * 6))
    assert_allclose(same.sum(), 1.0, rtol=1e-14)


def test_what_is_refused():
    returns = random_returns(1, 50, 3)
    with pytest.raises(RangeError, match="clusters must be from 1 to the 3 assets, got 4"):
        optimize_herc(returns, clusters=4)
    with pytest.raises(RangeError, match="clusters"):
        optimize_herc(returns, clusters=0)
    with pytest.raises(ArgumentTypeError, match="clusters"):
        optimize_herc(returns, clusters=2.0)
    with pytest.raises(ValidationError, match="risk must be 'variance' or 'volatility'"):
        optimize_herc(returns, risk="cvar")
    returns[:, 2] = 1.0
    with pytest.raises(ValidationError, match="must vary"):
        optimize_herc(returns)
