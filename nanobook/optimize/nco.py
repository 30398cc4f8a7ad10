"""Nested clustered optimization: an optimum inside each cluster, and one over the clusters."""

import math

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.optimize.certificate import (
    COMPUTED,
    FIELDS,
    ITERATIONS,
    NO_EXCESS,
    OBJECTIVE,
    OPTIMAL,
    RESIDUAL,
    STATUS,
)
from nanobook.optimize.clusters import count_by_silhouette, read_clusters
from nanobook.optimize.distances import read_distance
from nanobook.optimize.hrp import grow_tree
from nanobook.optimize.inputs import also_named, read_problem
from nanobook.optimize.linkage import cut_tree, read_linkage
from nanobook.optimize.quadratic import solve_budget, solve_nonnegative
from nanobook.optimize.variances import check_variances, variance_of
from nanobook.panel.arrays import as_float

__all__ = ["nco_weights", "optimize_nco"]

MIN_VARIANCE, MAX_SHARPE = range(2)
OBJECTIVES = {"min_variance": MIN_VARIANCE, "max_sharpe": MAX_SHARPE}


@also_named(returns_matrix="returns", risk_free_rate="risk_free")
def optimize_nco(
    returns,
    symbols=None,
    risk_free=0.0,
    *,
    objective="min_variance",
    clusters=None,
    distance="correlation",
    linkage="ward",
    covariance="sample",
    mean="historical",
    half_life=None,
    shrinkage=None,
    missing="raise",
    certificate=False,
):
    """Return weights by nested clustered optimization, long only.

    The tree of correlations is cut into clusters. The objective is optimised inside each, and
    then over the clusters as if each were an asset; so errors of estimation in one cluster don't
    reach the others' weights.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N), or None
        Returns per period; None if `covariance` is a matrix (and `mean` a vector).
    symbols : sequence of str, optional
        Names for a dict of weights.
    risk_free : float, default 0.0
        Per period, for the Sharpe ratio.
    objective : {"min_variance", "max_sharpe"}, default "min_variance"
        What's optimised, inside clusters and over them. For the Sharpe ratio, a cluster in which
        no asset earns more than `risk_free` isn't held.
    clusters : int, optional
        How many; by default the number of cuts of the tree, up to 10 clusters, whose silhouettes
        have the largest mean over standard deviation. The certificate's `notes` tell it.
    distance : {"correlation", "distance_of_distances"}, default "correlation"
        How far apart assets are; see `optimize_hrp`.
    linkage : {"single", "complete", "average", "ward"}, default "ward"
        How far apart two clusters are.
    covariance : str, array_like of shape (N, N) or object, default "sample"
        What `estimate_covariance` calls a method, a matrix, or what has `covariance_forecast`.
    mean : str, array_like of shape (N,) or Series, default "historical"
        What `estimate_mean` calls a method, or expected returns per period; for the Sharpe ratio.
    half_life : float, optional
        In periods, for the estimators that have one.
    shrinkage : float, optional
        A fixed intensity in place of an estimated one.
    missing : {"raise", "complete", "pairwise"}, default "raise"
        What NaNs do; see `estimate_covariance`.
    certificate : bool, default False
        Whether to return an `Optimum`; its status is "computed", its objective the variance or
        the Sharpe ratio per period, its `kkt_residual` the largest of the optima put together.

    Returns
    -------
    ndarray, list, Series, dict or Optimum
        Weights that add up to 1, dressed as `returns` is.

    Raises
    ------
    ArgumentTypeError
        If something can't be read as numbers.
    ValidationError
        If an input isn't finite, sizes don't agree, a name isn't known, an asset doesn't vary, or
        the Sharpe ratio is to be maximised and no asset earns more than `risk_free`.
    RangeError
        If there can't be so many clusters.
    ConvergenceError
        If an optimum isn't found.

    Notes
    -----
    The paper finds clusters by k-means from random starts. Here they're cuts of a tree, judged by
    the paper's measure, so equal returns give equal weights; and weights aren't negative.

    References
    ----------
    .. [1] Lopez de Prado (2019), "A robust estimator of the efficient frontier".
    .. [2] Lopez de Prado (2020), "Machine learning for asset managers": chapters 4 and 7.
    """
    if objective not in OBJECTIVES:
        raise ValidationError(
            f"objective must be 'min_variance' or 'max_sharpe', got {objective!r}"
        )
    risk_free = as_float("risk_free", risk_free)
    kind, joined = read_distance(distance), read_linkage(linkage)
    goal = np.int64(OBJECTIVES[objective])
    problem = read_problem(
        returns,
        symbols,
        covariance=covariance,
        mean=mean,
        half_life=half_life,
        shrinkage=shrinkage,
        missing=missing,
        needs=("covariance", "mean") if goal == MAX_SHARPE else ("covariance",),
    )
    check_variances(problem)
    excess = np.zeros(problem.labels.count)
    if goal == MAX_SHARPE:
        excess = problem.mean - risk_free
        if not (certificate or (excess > 0.0).any()):
            raise ValidationError(
                f"risk_free must be below the best mean return, {problem.mean.max()}, for there "
                f"to be a Sharpe ratio to maximise, got {risk_free}"
            )
    count = read_clusters(clusters, problem.covariance, kind, joined, count_by_silhouette)
    problem.notes["clusters"] = int(count)
    weights, numbers = np.empty(excess.size), np.full(FIELDS, np.nan)
    nco_weights(problem.covariance, excess, kind, joined, count, goal, weights, numbers)
    return problem.answer("nco", weights, numbers, certificate)


@njit
def nco_weights(covariance, excess, distance, linkage, clusters, objective, weights, numbers):
    """Fill the weights of nested clustered optimization; they're NaN after a failure.

    ``excess`` holds mean returns over the risk-free one, which a smallest variance has no use
    for. ``distance``, ``linkage`` and ``objective`` are codes, ``clusters`` is at most N; all
    int64. RESIDUAL is the largest, ITERATIONS the sum of the optima put together.
    """
    n = weights.size
    numbers[:] = np.nan
    numbers[ITERATIONS] = 0.0
    tree, heights = np.empty((n - 1, 2), np.int64), np.empty(n - 1)
    numbers[STATUS] = grow_tree(covariance, distance, linkage, tree, heights)
    if numbers[STATUS] != COMPUTED:
        weights[:] = np.nan
        return
    labels, members = np.empty(n, np.int64), np.empty(n, np.int64)
    cut_tree(tree, clusters, labels)
    residual, iterations = 0.0, 0.0
    for cluster in range(clusters):
        count = 0
        for i in range(n):
            if labels[i] == cluster:
                members[count] = i
                count += 1
        matrix, linear = np.empty((count, count)), np.empty(count)
        for a in range(count):
            linear[a] = excess[members[a]]
            for b in range(count):
                matrix[a, b] = covariance[members[a], members[b]]
        inside = np.empty(count)
        status = _optimum(matrix, linear, objective, inside, numbers)
        if status == NO_EXCESS:
            inside[:] = 0.0
        elif status != OPTIMAL:
            weights[:] = np.nan
            numbers[STATUS] = status
            return
        else:
            residual = max(residual, numbers[RESIDUAL])
            iterations += numbers[ITERATIONS]
        for a in range(count):
            weights[members[a]] = inside[a]
    across, means = np.empty((clusters, clusters)), np.zeros(clusters)
    _condense(covariance, excess, labels, weights, across, means)
    over = np.empty(clusters)
    status = _optimum(across, means, objective, over, numbers)
    if status != OPTIMAL:
        weights[:] = np.nan
        numbers[STATUS] = status
        return
    numbers[RESIDUAL] = max(residual, numbers[RESIDUAL])
    numbers[ITERATIONS] += iterations
    numbers[STATUS] = COMPUTED
    total = 0.0
    for i in range(n):
        weights[i] *= over[labels[i]]
        total += weights[i]
    earned = 0.0
    for i in range(n):
        weights[i] /= total
        earned += weights[i] * excess[i]
    numbers[OBJECTIVE] = variance_of(covariance, weights)
    if objective == MAX_SHARPE:
        numbers[OBJECTIVE] = earned / math.sqrt(numbers[OBJECTIVE])


@njit
def _optimum(matrix, excess, objective, weights, numbers):
    """Fill the weights of the smallest variance or the largest Sharpe ratio; return a status."""
    n = weights.size
    if objective == MIN_VARIANCE:
        lower, upper, side = np.zeros(n), np.ones(n), np.full(n, -1, np.int8)
        return solve_budget(matrix, np.zeros(n), lower, upper, weights, side, numbers)
    best = 0.0
    for i in range(n):
        best = max(best, excess[i])
    if not best > 0.0:
        return NO_EXCESS
    for i in range(n):
        excess[i] /= best
    status = solve_nonnegative(matrix, excess, weights, np.zeros(n, np.int8), numbers)
    total = 0.0
    for i in range(n):
        total += weights[i]
    for i in range(n):
        weights[i] /= total
    return status


@njit
def _condense(covariance, excess, labels, weights, across, means):
    """Fill the covariance and the mean excess returns of clusters under the weights inside."""
    n = labels.size
    across[:] = 0.0
    for i in range(n):
        if weights[i] == 0.0:
            continue
        means[labels[i]] += weights[i] * excess[i]
        row = covariance[i]
        for j in range(n):
            across[labels[i], labels[j]] += weights[i] * row[j] * weights[j]
    for a in range(means.size):  # rounding must not make it lopsided
        for b in range(a):
            across[a, b] = across[b, a] = 0.5 * (across[a, b] + across[b, a])
