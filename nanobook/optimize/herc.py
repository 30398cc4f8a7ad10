"""Hierarchical equal risk contribution: clusters share risk along the tree, members inside them."""

import math

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.optimize.certificate import COMPUTED, FIELDS, ITERATIONS, OBJECTIVE, STATUS
from nanobook.optimize.clusters import count_by_gap, read_clusters
from nanobook.optimize.distances import read_distance
from nanobook.optimize.hrp import grow_tree
from nanobook.optimize.inputs import also_named, read_problem
from nanobook.optimize.linkage import cut_tree, read_linkage
from nanobook.optimize.variances import check_variances, variance_of

__all__ = ["herc_weights", "optimize_herc"]

VARIANCE, VOLATILITY = range(2)
RISKS = {"variance": VARIANCE, "volatility": VOLATILITY}


@also_named(returns_matrix="returns")
def optimize_herc(
    returns,
    symbols=None,
    *,
    clusters=None,
    risk="variance",
    distance="correlation",
    linkage="ward",
    covariance="sample",
    half_life=None,
    shrinkage=None,
    missing="raise",
    certificate=False,
):
    """Return weights by hierarchical equal risk contribution, long only.

    The tree of correlations is cut into clusters. From its root down to them, the two sides of
    each fork get shares inverse to their risks, where a side's risk is the sum of its clusters';
    inside a cluster, assets get weights inverse to their own risks.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N), or None
        Returns per period; None if `covariance` is a matrix.
    symbols : sequence of str, optional
        Names for a dict of weights.
    clusters : int, optional
        How many, by default as many as the gap statistic tells, at most 10. They're counted in
        the certificate's `notes`.
    risk : {"variance", "volatility"}, default "variance"
        Of an asset; and of a cluster, under its own weights.
    distance : {"correlation", "distance_of_distances"}, default "correlation"
        How far apart assets are; see `optimize_hrp`.
    linkage : {"single", "complete", "average", "ward"}, default "ward"
        How far apart two clusters are.
    covariance : str, array_like of shape (N, N) or object, default "sample"
        What `estimate_covariance` calls a method, a matrix, or what has `covariance_forecast`.
    half_life : float, optional
        In periods, for ``covariance="ewma"``.
    shrinkage : float, optional
        A fixed intensity in place of an estimated one.
    missing : {"raise", "complete", "pairwise"}, default "raise"
        What NaNs do; see `estimate_covariance`.
    certificate : bool, default False
        Whether to return an `Optimum`; its status is "computed", and its objective the variance.

    Returns
    -------
    ndarray, list, Series, dict or Optimum
        Weights that add up to 1, dressed as `returns` is.

    Raises
    ------
    ArgumentTypeError
        If something can't be read as numbers.
    ValidationError
        If an input isn't finite, sizes don't agree, a name isn't known or an asset doesn't vary.
    RangeError
        If there can't be so many clusters.

    Notes
    -----
    The gap statistic compares clusters with points drawn from a fixed seed, so equal returns give
    equal weights.

    References
    ----------
    .. [1] Raffinot (2018), "The hierarchical equal risk contribution portfolio".
    """
    if risk not in RISKS:
        raise ValidationError(f"risk must be 'variance' or 'volatility', got {risk!r}")
    kind, joined = read_distance(distance), read_linkage(linkage)
    problem = read_problem(
        returns,
        symbols,
        covariance=covariance,
        half_life=half_life,
        shrinkage=shrinkage,
        missing=missing,
    )
    check_variances(problem)
    count = read_clusters(clusters, problem.covariance, kind, joined, count_by_gap)
    problem.notes["clusters"] = int(count)
    weights, numbers = np.empty(problem.labels.count), np.full(FIELDS, np.nan)
    herc_weights(problem.covariance, kind, joined, count, np.int64(RISKS[risk]), weights, numbers)
    return problem.answer("herc", weights, numbers, certificate)


@njit
def herc_weights(covariance, distance, linkage, clusters, risk, weights, numbers):
    """Fill the weights of hierarchical equal risk contribution; they're NaN after a failure.

    ``distance``, ``linkage`` and ``risk`` are codes, ``clusters`` is at most N; all int64.
    UNBOUNDED tells of an asset without variance.
    """
    n = weights.size
    numbers[:] = np.nan
    numbers[ITERATIONS] = 0.0
    tree, heights = np.empty((n - 1, 2), np.int64), np.empty(n - 1)
    numbers[STATUS] = grow_tree(covariance, distance, linkage, tree, heights)
    if numbers[STATUS] != COMPUTED:
        weights[:] = np.nan
        return
    labels = np.empty(n, np.int64)
    cut_tree(tree, clusters, labels)
    _share_inside(covariance, labels, clusters, risk, weights)
    sides = np.zeros(2 * n - 1)  # risk of what hangs on a node
    shares = np.ones(2 * n - 1)
    within = np.empty(2 * n - 1, np.int64)  # the cluster of a node below the cut
    alone = _cluster_risks(covariance, labels, clusters, risk, weights)
    lowest = 2 * n - clusters  # nodes from here on are above the cut
    for node in range(2 * n - 1):
        if node < lowest:
            within[node] = labels[node] if node < n else within[tree[node - n, 0]]
            sides[node] = alone[within[node]]
        else:
            sides[node] = sides[tree[node - n, 0]] + sides[tree[node - n, 1]]
    for node in range(2 * n - 2, n - 1, -1):
        left, right = tree[node - n, 0], tree[node - n, 1]
        shares[left] = shares[right] = shares[node]
        if node >= lowest:
            total = sides[left] + sides[right]
            shares[left] *= sides[right] / total
            shares[right] *= sides[left] / total
    total = 0.0
    for i in range(n):
        weights[i] *= shares[i]
        total += weights[i]
    for i in range(n):
        weights[i] /= total
    numbers[OBJECTIVE] = variance_of(covariance, weights)


@njit
def _share_inside(covariance, labels, clusters, risk, weights):
    """Fill weights inverse to the assets' risks, adding up to 1 in each cluster."""
    totals = np.zeros(clusters)
    unit = covariance[0, 0]
    for i in range(labels.size):
        inverse = unit / covariance[i, i]
        weights[i] = inverse if risk == VARIANCE else math.sqrt(inverse)
        totals[labels[i]] += weights[i]
    for i in range(labels.size):
        weights[i] /= totals[labels[i]]


@njit
def _cluster_risks(covariance, labels, clusters, risk, weights):
    """Return the risk of each cluster under the weights inside it."""
    out = np.zeros(clusters)
    for i in range(labels.size):
        inner, row = 0.0, covariance[i]
        for j in range(labels.size):
            if labels[j] == labels[i]:
                inner += weights[j] * row[j]
        out[labels[i]] += weights[i] * inner
    for cluster in range(clusters):
        out[cluster] = max(out[cluster], 0.0)
        if risk == VOLATILITY:
            out[cluster] = math.sqrt(out[cluster])
    return out
