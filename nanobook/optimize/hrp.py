"""Hierarchical risk parity: weights handed down a tree of correlations."""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.certificate import (
    COMPUTED,
    FIELDS,
    ITERATIONS,
    NOT_FINITE,
    OBJECTIVE,
    STATUS,
    UNBOUNDED,
)
from nanobook.optimize.distances import fill_distances, read_distance
from nanobook.optimize.inputs import also_named, read_problem
from nanobook.optimize.linkage import fill_leaves, fill_tree, read_linkage
from nanobook.optimize.variances import check_variances, least_variance, variance_of

__all__ = ["hrp_weights", "optimize_hrp"]


@also_named(returns_matrix="returns")
def optimize_hrp(
    returns,
    symbols=None,
    *,
    distance="correlation",
    linkage="single",
    covariance="sample",
    half_life=None,
    shrinkage=None,
    missing="raise",
    certificate=False,
):
    """Return weights by hierarchical risk parity, long only, without inverting a matrix.

    Assets are put in the order of a tree of their correlations. The row is cut in the middle,
    again and again, and each time the two halves get shares inverse to their variances, taken
    under weights inverse to the assets' own.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N), or None
        Returns per period; None if `covariance` is a matrix.
    symbols : sequence of str, optional
        Names for a dict of weights.
    distance : {"correlation", "distance_of_distances"}, default "correlation"
        How far apart assets are: ``d = sqrt((1 - correlation) / 2)``, as in nanobook 0.19 and
        PyPortfolioOpt; or, as in the paper, the Euclidean distance between two columns of all
        such d. Weights differ by some per mille.
    linkage : {"single", "complete", "average", "ward"}, default "single"
        How far apart two clusters are. The paper has the first.
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

    Notes
    -----
    nanobook 0.19 adds a millionth of the mean variance to each variance before it hands weights
    down; here nothing is added. Merges of one height stand as SciPy has them.

    References
    ----------
    .. [1] Lopez de Prado (2016), "Building diversified portfolios that outperform out of
       sample", Journal of Portfolio Management 42.

    Examples
    --------
    >>> covariance = [[0.04, 0.0], [0.0, 0.01]]
    >>> optimize_hrp(None, ["A", "B"], covariance=covariance)
    {'A': 0.2, 'B': 0.8}
    """
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
    weights, numbers = np.empty(problem.labels.count), np.full(FIELDS, np.nan)
    hrp_weights(problem.covariance, kind, joined, weights, numbers)
    return problem.answer("hrp", weights, numbers, certificate)


@njit
def hrp_weights(covariance, distance, linkage, weights, numbers):
    """Fill the weights of hierarchical risk parity; they're NaN after a failure.

    ``distance`` and ``linkage`` are codes, int64. UNBOUNDED tells of an asset without variance.
    """
    n = weights.size
    numbers[:] = np.nan
    numbers[ITERATIONS] = 0.0
    tree, heights = np.empty((n - 1, 2), np.int64), np.empty(n - 1)
    numbers[STATUS] = grow_tree(covariance, distance, linkage, tree, heights)
    if numbers[STATUS] != COMPUTED:
        weights[:] = np.nan
        return
    order = np.empty(n, np.int64)
    fill_leaves(tree, order)
    _hand_down(covariance, order, weights)
    numbers[OBJECTIVE] = variance_of(covariance, weights)


@njit
def grow_tree(covariance, distance, linkage, tree, heights):
    """Fill the tree of a covariance's correlations; return a status, COMPUTED if all went well."""
    n = covariance.shape[0]
    floor = least_variance(covariance)
    for i in range(n):
        if not covariance[i, i] > floor:
            return UNBOUNDED if covariance[i, i] <= floor else NOT_FINITE
    distances = np.empty((n, n))
    if not fill_distances(covariance, distance, distances):
        return NOT_FINITE
    fill_tree(distances, linkage, tree, heights)
    return COMPUTED


@njit
def _hand_down(covariance, order, weights):
    """Halve the row of assets until each stands alone, and share weights at every cut."""
    n = order.size
    starts, ends, shares = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n)
    starts[0], ends[0], shares[0] = 0, n, 1.0
    depth, total = 1, 0.0
    while depth:
        depth -= 1
        start, end, share = starts[depth], ends[depth], shares[depth]
        if end - start == 1:
            weights[order[start]] = share
            total += share
            continue
        middle = start + (end - start) // 2
        left = naive_variance(covariance, order, start, middle)
        right = naive_variance(covariance, order, middle, end)
        starts[depth], ends[depth] = middle, end
        shares[depth] = share * (left / (left + right))
        starts[depth + 1], ends[depth + 1] = start, middle
        shares[depth + 1] = share * (right / (left + right))
        depth += 2
    for i in range(n):
        weights[i] /= total


@njit
def naive_variance(covariance, order, start, end):
    """Return the variance of ``order[start:end]`` under weights inverse to their variances."""
    first = order[start]
    unit = covariance[first, first]
    alone, crossed, total = 0.0, 0.0, 0.0
    for i in range(start, end):
        own = order[i]
        row = covariance[own]
        inverse = unit / row[own]
        total += inverse
        alone += inverse * unit  # inverse * variance * inverse
        inner = 0.0
        for j in range(start, i):
            inner += row[order[j]] / covariance[order[j], order[j]]
        crossed += inverse * inner
    return (alone + 2.0 * unit * crossed) / (total * total)
