"""Trees of assets: SciPy's, merge for merge, and those of the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from optimize.random_covariances import random_covariance, random_returns
from oracles import hierarchy as oracle

from nanobook.errors import ValidationError
from nanobook.optimize.distances import (
    CORRELATION,
    DISTANCES,
    fill_distances,
    fill_euclidean,
    read_distance,
)
from nanobook.optimize.linkage import LINKAGES, cut_tree, fill_leaves, fill_tree, read_linkage


def apart(covariance, kind="correlation"):
    out = np.empty_like(covariance)
    assert fill_distances(covariance, np.int64(DISTANCES[kind]), out)
    return out


def grow(distances, linkage):
    n = len(distances)
    tree, heights = np.empty((n - 1, 2), np.int64), np.empty(n - 1)
    fill_tree(distances.copy(), np.int64(LINKAGES[linkage]), tree, heights)
    order = np.empty(n, np.int64)
    fill_leaves(tree, order)
    return tree, heights, order


@pytest.mark.core
@pytest.mark.parametrize("kind", DISTANCES)
@pytest.mark.parametrize("seed", range(8))
def test_distances_are_those_of_the_definition(seed, kind):
    covariance = random_covariance(seed, 9)
    found = apart(covariance, kind)
    # Next to a correlation of 1 the root takes away half of the digits.
    assert_allclose(found, oracle.distances(covariance, kind), rtol=0, atol=1e-8)
    assert_allclose(found**2, oracle.distances(covariance, kind) ** 2, rtol=1e-12, atol=1e-14)
    assert_array_equal(found, found.T)
    assert_array_equal(np.diag(found), 0.0)


def test_distances_of_what_isnt_finite_are_refused():
    for value in (np.nan, np.inf):
        covariance = np.eye(3)
        covariance[0, 1] = covariance[1, 0] = value
        out = np.empty((3, 3))
        assert not fill_distances(covariance, np.int64(CORRELATION), out)


@pytest.mark.core
def test_distances_between_points():
    points = np.random.default_rng(3).standard_normal((7, 4))
    out = np.empty((7, 7))
    fill_euclidean(points, out)
    expected = np.linalg.norm(points[:, None] - points[None], axis=2)
    assert_allclose(out, expected, rtol=1e-14, atol=0)


@pytest.mark.core
@pytest.mark.parametrize("linkage", LINKAGES)
@pytest.mark.parametrize("kind", DISTANCES)
def test_trees_are_those_of_the_definition(linkage, kind):
    for seed in range(6):
        covariance = random_covariance(4 * seed, 3 + 2 * seed)
        tree, _, order = grow(apart(covariance, kind), linkage)
        expected, merged = oracle.grow(oracle.distances(covariance, kind), linkage)
        assert order.tolist() == oracle.leaves(expected)
        for at, pair in enumerate(merged):
            below = [leaves_under(tree, node, len(covariance)) for node in tree[at]]
            assert below == [oracle.leaves(side) for side in pair]
        labels = np.empty(len(covariance), np.int64)
        for count in range(1, len(covariance) + 1):
            cut_tree(tree, np.int64(count), labels)
            clusters = oracle.clusters_of(expected, merged, count)
            assert len(clusters) == count
            for number, members in enumerate(clusters):
                assert_array_equal(labels[members], number)


def leaves_under(tree, node, n):
    return (
        [node] if node < n else [x for side in tree[node - n] for x in leaves_under(tree, side, n)]
    )


@pytest.mark.core
@given(st.integers(0, 10**6), st.integers(2, 25), st.booleans(), st.sampled_from([*LINKAGES]))
def test_trees_are_scipys(seed, n, ties, linkage):
    from scipy.cluster.hierarchy import leaves_list
    from scipy.cluster.hierarchy import linkage as scipy_linkage
    from scipy.spatial.distance import squareform

    rng = np.random.default_rng(seed)
    if ties:  # steps of a half, which all linkages but Ward's add up without rounding
        distances = np.triu(rng.integers(1, 8, (n, n)) / 2.0, 1)
        distances = distances + distances.T
    else:
        distances = apart(np.cov(rng.standard_normal((n + 3, n)), rowvar=False))
    tree, heights, order = grow(distances, linkage)
    expected = scipy_linkage(squareform(distances, checks=False), linkage)
    assert_allclose(heights, expected[:, 2], rtol=1e-12)
    if linkage in ("single", "complete") or not ties:
        assert_array_equal(tree, expected[:, :2])
        assert_array_equal(order, leaves_list(expected))
    else:
        assert sorted(order) == list(range(n))


def test_copies_are_merged_first():
    returns = random_returns(2, 100, 5)
    covariance = np.cov(np.column_stack([returns, returns[:, 1]]), rowvar=False)
    for linkage in LINKAGES:
        tree, heights, _ = grow(apart(covariance), linkage)
        assert tree[0].tolist() == [1, 5]
        assert heights[0] < 1e-7


@pytest.mark.core
def test_one_leaf_and_two():
    labels = np.empty(1, np.int64)
    tree, _, order = grow(np.zeros((1, 1)), "single")
    assert (tree.shape, order.tolist()) == ((0, 2), [0])
    cut_tree(tree, np.int64(1), labels)
    assert labels.tolist() == [0]
    for linkage in LINKAGES:
        tree, heights, order = grow(np.array([[0.0, 0.3], [0.3, 0.0]]), linkage)
        assert (tree.tolist(), heights.tolist(), order.tolist()) == ([[0, 1]], [0.3], [0, 1])


def test_names_that_arent_known():
    with pytest.raises(ValidationError, match=r"linkage must be 'single'.*got 'median'"):
        read_linkage("median")
    with pytest.raises(ValidationError, match=r"distance must be 'correlation'.*got 'far'"):
        read_distance("far")
