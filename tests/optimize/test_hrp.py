"""Hierarchical risk parity: the definition's, and the original's apart from its ridge."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from optimize.random_covariances import random_covariance, random_returns
from oracles import hierarchy as oracle

from nanobook.errors import ValidationError
from nanobook.optimize import optimize_hrp
from nanobook.optimize.certificate import FIELDS, NOT_FINITE, STATUS, UNBOUNDED
from nanobook.optimize.distances import DISTANCES
from nanobook.optimize.hrp import hrp_weights
from nanobook.optimize.linkage import LINKAGES

#: Seven returns of four assets, and what `optimize_hrp` of nanobook 0.19.2 gives for them.
EXAMPLE = [
    [0.010, 0.004, -0.002, 0.003],
    [-0.003, 0.006, 0.001, -0.001],
    [0.007, -0.001, 0.002, 0.004],
    [0.004, 0.003, -0.004, 0.001],
    [-0.002, 0.005, 0.003, -0.002],
    [0.006, -0.002, 0.001, 0.002],
    [-0.004, 0.001, 0.0, -0.003],
]
ORIGINAL = {
    "A": 0.044917699240784384,
    "B": 0.29236007063275016,
    "C": 0.46490004949659314,
    "D": 0.1978221806298723,
}


@pytest.mark.core
def test_the_originals_weights_apart_from_its_ridge():
    found = optimize_hrp(EXAMPLE, ["A", "B", "C", "D"])
    assert_allclose([*found.values()], [*ORIGINAL.values()], rtol=0, atol=2e-6)
    covariance = np.cov(EXAMPLE, rowvar=False)
    ridge = 1e-6 * np.trace(covariance) / 4
    found = optimize_hrp(None, [*ORIGINAL], covariance=covariance + ridge * np.eye(4))
    assert_allclose([*found.values()], [*ORIGINAL.values()], rtol=1e-13)


@pytest.mark.core
@pytest.mark.parametrize("kind", DISTANCES)
@pytest.mark.parametrize("linkage", LINKAGES)
def test_weights_are_those_of_the_definition(kind, linkage):
    for seed in range(8):
        covariance = random_covariance(seed, 3 + seed)
        found = optimize_hrp(None, covariance=covariance, distance=kind, linkage=linkage)
        assert_allclose(found, oracle.hrp(covariance, kind, linkage), rtol=1e-10)
        assert abs(found.sum() - 1.0) < 1e-15


@pytest.mark.deep
def test_weights_are_those_of_the_definition_on_many_problems():
    for seed in range(200):
        covariance = random_covariance(seed, 2 + seed % 29)
        for kind in DISTANCES:
            found = optimize_hrp(None, covariance=covariance, distance=kind)
            assert_allclose(found, oracle.hrp(covariance, kind), rtol=1e-9)


@pytest.mark.core
@given(st.integers(0, 10**6), st.integers(2, 15), st.sampled_from([1e-16, 1e-8, 1e8, 1e16]))
def test_scale_doesnt_matter(seed, n, scale):
    covariance = random_covariance(4 * seed, n)
    found = optimize_hrp(None, covariance=covariance * scale)
    assert_allclose(found, optimize_hrp(None, covariance=covariance), rtol=1e-12)


def test_order_decides_only_which_half_of_a_row_is_left():
    covariance = np.cov(random_returns(3, 500, 2), rowvar=False)
    found = optimize_hrp(None, covariance=covariance)
    turned = optimize_hrp(None, covariance=covariance[::-1, ::-1])
    assert_allclose(turned[::-1], found, rtol=1e-15)


def test_weights_depend_on_order_as_the_papers_do():
    # The row of leaves turns with the columns, and an odd row isn't cut in its middle: so
    # permuted columns give other weights, in the definition as well as here.
    covariance = random_covariance(4, 9)
    order = np.random.default_rng(1).permutation(9)
    turned = np.ascontiguousarray(covariance[np.ix_(order, order)])
    assert_allclose(optimize_hrp(None, covariance=turned), oracle.hrp(turned), rtol=1e-12)


def test_uncorrelated_assets_are_held_by_inverse_variance():
    variances = np.array([1.0, 4.0, 0.5, 2.0])
    expected = 1.0 / variances
    found = optimize_hrp(None, covariance=np.diag(variances))
    assert_allclose(found, expected / expected.sum(), rtol=1e-14)


@pytest.mark.core
def test_what_has_no_tree_says_so():
    weights, numbers = np.empty(3), np.empty(FIELDS)
    codes = np.int64(0), np.int64(0)
    hrp_weights(np.diag([1.0, 0.0, 2.0]), *codes, weights, numbers)
    assert numbers[STATUS] == UNBOUNDED
    assert np.isnan(weights).all()
    for place in ((0, 0), (0, 1)):
        for value in (np.nan, np.inf):
            covariance = np.eye(3)
            covariance[place] = covariance[place[::-1]] = value
            hrp_weights(covariance, *codes, weights, numbers)
            assert numbers[STATUS] == NOT_FINITE
            assert np.isnan(weights).all()


def test_what_weights_are_dressed_as():
    returns = random_returns(7, 100, 5)
    array = optimize_hrp(returns)
    frame = pd.DataFrame(returns, columns=list("abcde"))
    series = optimize_hrp(frame)
    assert list(series.index) == list("abcde")
    assert_array_equal(series, array)
    assert optimize_hrp(returns.tolist()) == array.tolist()
    assert optimize_hrp(returns[:, :1], ["only"]) == {"only": 1.0}
    assert_array_equal(optimize_hrp(returns[:, :1]), [1.0])
    optimum = optimize_hrp(frame, certificate=True)
    assert optimum.status == "computed"
    assert optimum.iterations == 0
    covariance = np.cov(returns, rowvar=False)
    assert_allclose(optimum.objective, array @ covariance @ array, rtol=1e-14)


def test_fewer_periods_than_assets_and_copies():
    returns = random_returns(9, 6, 12)
    found = optimize_hrp(np.column_stack([returns, returns[:, 3]]))
    assert (found > 0).all()
    assert_allclose(found.sum(), 1.0, rtol=1e-15)


def test_what_is_refused():
    returns = random_returns(1, 50, 3)
    with pytest.raises(ValidationError, match="linkage"):
        optimize_hrp(returns, linkage="nearest")
    with pytest.raises(ValidationError, match="distance"):
        optimize_hrp(returns, distance="euclid")
    returns[:, 1] = 0.0
    with pytest.raises(ValidationError, match=r"must vary.*1"):
        optimize_hrp(returns)
