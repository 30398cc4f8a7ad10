"""How many clusters: the statistics are those of the definitions, and find what was put there."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from optimize.random_covariances import clustered_returns, random_covariance
from oracles import hierarchy as oracle

from nanobook.optimize.clusters import (
    _coordinates,
    _fill_dispersions,
    _fill_silhouettes,
    count_by_gap,
    count_by_silhouette,
)
from nanobook.optimize.distances import fill_distances
from nanobook.optimize.linkage import cut_tree, fill_tree

WARD = np.int64(3)


def apart(covariance):
    out = np.empty_like(covariance)
    fill_distances(covariance, np.int64(0), out)
    return out


def grow(distances):
    n = len(distances)
    tree, heights = np.empty((n - 1, 2), np.int64), np.empty(n - 1)
    fill_tree(distances.copy(), WARD, tree, heights)
    return tree


@pytest.mark.core
@pytest.mark.parametrize("seed", range(4))
def test_statistics_are_those_of_the_definitions(seed):
    distances = apart(random_covariance(seed, 11))
    tree = grow(distances)
    found, labels, values = np.empty(6), np.empty(11, np.int64), np.empty(11)
    _fill_dispersions(distances, tree, found)
    for k in range(1, 7):
        cut_tree(tree, np.int64(k), labels)
        assert_allclose(found[k - 1], oracle.dispersion(distances, labels.tolist()), rtol=1e-12)
        if k > 1:
            _fill_silhouettes(distances, labels, np.int64(k), values)
            assert_allclose(values, oracle.silhouettes(distances, labels.tolist()), atol=1e-12)


def test_coordinates_are_as_far_apart_as_assets():
    distances = apart(random_covariance(0, 12))
    points = _coordinates(distances)
    found = np.linalg.norm(points[:, None] - points[None], axis=2)
    assert_allclose(found, distances, rtol=0, atol=1e-7)
    assert_allclose(points.mean(axis=0), 0.0, atol=1e-12)


@pytest.mark.parametrize("count", [count_by_gap, count_by_silhouette])
@pytest.mark.parametrize("sizes", [[6, 6], [4, 7, 5], [5, 5, 5, 5], [6, 5, 4, 7, 6]])
def test_blocks_are_counted(count, sizes):
    returns = clustered_returns(2 * len(sizes), 400, sizes, own=0.4)
    distances = apart(np.cov(returns, rowvar=False))
    assert count(distances, WARD) == len(sizes)
    assert count(distances, WARD) == count(distances, WARD)


def test_nothing_to_find_is_one_cluster_by_the_gap():
    rng = np.random.default_rng(0)
    distances = apart(np.cov(rng.standard_normal((300, 20)), rowvar=False))
    assert count_by_gap(distances, WARD) == 1


def test_copies_are_a_cluster_each():
    rng = np.random.default_rng(1)
    returns = np.repeat(rng.standard_normal((200, 3)), 4, axis=1)
    distances = apart(np.cov(returns, rowvar=False))
    assert count_by_gap(distances, WARD) == 3
    assert count_by_silhouette(distances, WARD) == 3


@pytest.mark.core
def test_three_assets():
    distances = np.array([[0.0, 0.1, 0.9], [0.1, 0.0, 0.9], [0.9, 0.9, 0.0]])
    assert count_by_silhouette(distances, WARD) == 2
    assert 1 <= count_by_gap(distances, WARD) <= 2


def test_the_callers_distances_stay_as_they_were():
    distances = apart(random_covariance(0, 8))
    before = distances.copy()
    count_by_gap(distances, WARD)
    count_by_silhouette(distances, WARD)
    assert_array_equal(distances, before)
