"""Into how many clusters a tree of assets falls.

Two answers, both the same each time they're asked: the gap statistic, whose reference points come
from a fixed seed; and the silhouettes' t-statistic over cuts of the tree, which draws nothing.

References
----------
.. [1] Tibshirani, Walther, Hastie (2001), "Estimating the number of clusters in a data set via
   the gap statistic", Journal of the Royal Statistical Society B 63: section 3, reference (b).
.. [2] Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and validation of
   cluster analysis".
.. [3] Lopez de Prado (2020), "Machine learning for asset managers": section 4.4 has the
   t-statistic, there of k-means.
"""

import numpy as np

from nanobook.errors import RangeError
from nanobook.jit import njit
from nanobook.optimize.blas import one_blas_thread
from nanobook.optimize.distances import fill_distances, fill_euclidean
from nanobook.optimize.linkage import cut_tree, fill_tree
from nanobook.panel.arrays import as_integer

__all__ = ["count_by_gap", "count_by_silhouette", "read_clusters"]

#: More clusters aren't looked for.
MOST_CLUSTERS = 10

#: How often reference points are drawn, and from what seed.
REFERENCES, SEED = 20, 0


def read_clusters(clusters, covariance, distance, linkage, count):
    """Return how many clusters to make.

    Parameters
    ----------
    clusters : int or None
        As the caller gave it; None to have them counted.
    covariance : ndarray of shape (N, N)
        With positive variances.
    distance, linkage : int64
        Codes.
    count : callable
        `count_by_gap` or `count_by_silhouette`.

    Returns
    -------
    int64
        Between 1 and N.

    Raises
    ------
    ArgumentTypeError
        If `clusters` isn't an integer.
    RangeError
        If it's below 1 or above N.
    """
    n = len(covariance)
    if clusters is not None:
        asked = as_integer("clusters", clusters)
        if not 1 <= asked <= n:
            raise RangeError(f"clusters must be from 1 to the {n} assets, got {asked}")
        return np.int64(asked)
    if n < 3:
        return np.int64(1)
    distances = np.empty((n, n))
    fill_distances(covariance, distance, distances)
    return np.int64(count(distances, linkage))


def count_by_gap(distances, linkage):
    """Return the number of clusters by the gap statistic.

    The dispersion within clusters is compared with that of points drawn evenly from a box around
    the assets, along their principal axes. The answer is the smallest k whose gap is within a
    standard error of the largest. (The paper stops at the first k that the next one doesn't
    beat by as much, which sees one cluster where several equal ones stand far from each other:
    to part one of them from the rest gains little.)

    Parameters
    ----------
    distances : ndarray of shape (N, N)
        Between the assets.
    linkage : int64
        Its code.

    Returns
    -------
    int
        At most `MOST_CLUSTERS` and below N.
    """
    most = min(MOST_CLUSTERS, len(distances) - 1)
    own = _log_dispersions(distances, linkage, most)
    points = _coordinates(distances)
    low, high = points.min(axis=0), points.max(axis=0)
    generator = np.random.default_rng(SEED)
    drawn = np.empty((REFERENCES, most))
    apart = np.empty_like(distances)
    for at in range(REFERENCES):
        fill_euclidean(generator.uniform(low, high, points.shape), apart)
        drawn[at] = _log_dispersions(apart, linkage, most)
    gaps = drawn.mean(axis=0) - own  # infinite where clusters hold nothing but copies
    best = np.argmax(gaps)
    error = drawn[:, best].std() * np.sqrt(1.0 + 1.0 / REFERENCES)
    return int(np.argmax(gaps >= gaps[best] - error)) + 1


def _coordinates(distances):
    """Return points that are so far apart, along principal axes: classical scaling."""
    squares = distances * distances
    means = squares.mean(axis=0)
    products = -0.5 * (squares - means - means[:, None] + means.mean())
    with one_blas_thread(kernels=False):
        values, vectors = np.linalg.eigh(products)
    kept = values > 1e-12 * values[-1]
    return np.ascontiguousarray(vectors[:, kept] * np.sqrt(values[kept]))


def _log_dispersions(distances, linkage, most):
    """Return the logarithm of the dispersion within 1, 2, .. clusters."""
    n = len(distances)
    tree, heights = np.empty((n - 1, 2), np.int64), np.empty(n - 1)
    fill_tree(distances.copy(), linkage, tree, heights)
    out = np.empty(most)
    _fill_dispersions(distances, tree, out)
    least = 1e-14 * out[0]  # rounding, where a cluster's members are copies
    return np.log(out, out=np.full(most, -np.inf), where=out > least)


@njit
def _fill_dispersions(distances, tree, out):
    """Fill, for 1, 2, .. clusters, the sum over clusters of squared distances over their size."""
    n = distances.shape[0]
    labels, size, sums = np.empty(n, np.int64), np.empty(n), np.empty(n)
    for k in range(1, out.size + 1):
        cut_tree(tree, k, labels)
        size[:k] = 0.0
        sums[:k] = 0.0
        for i in range(n):
            size[labels[i]] += 1.0
            for j in range(i):
                if labels[i] == labels[j]:
                    sums[labels[i]] += distances[i, j] * distances[i, j]
        out[k - 1] = 0.0
        for cluster in range(k):
            out[k - 1] += sums[cluster] / size[cluster]


def count_by_silhouette(distances, linkage):
    """Return the number of clusters whose silhouettes have the largest mean over deviation.

    Parameters
    ----------
    distances : ndarray of shape (N, N)
        Between the assets.
    linkage : int64
        Its code.

    Returns
    -------
    int
        From 2 to `MOST_CLUSTERS`, below N; the smallest of equally good ones.
    """
    n = len(distances)
    tree, heights = np.empty((n - 1, 2), np.int64), np.empty(n - 1)
    fill_tree(distances.copy(), linkage, tree, heights)
    best, quality = 2, -np.inf
    values, labels = np.empty(n), np.empty(n, np.int64)
    for k in range(2, min(MOST_CLUSTERS, n - 1) + 1):
        cut_tree(tree, k, labels)
        _fill_silhouettes(distances, labels, k, values)
        mean, deviation = values.mean(), values.std()
        found = mean / deviation if deviation > 0.0 else np.copysign(np.inf, mean)
        if found > quality:
            best, quality = k, found
    return best


@njit
def _fill_silhouettes(distances, labels, clusters, out):
    """Fill how much nearer each asset is to its own cluster than to the next; 0 if it's alone."""
    n = labels.size
    size, sums = np.zeros(clusters), np.empty(clusters)
    for i in range(n):
        size[labels[i]] += 1.0
    for i in range(n):
        sums[:] = 0.0
        for j in range(n):
            sums[labels[j]] += distances[i, j]
        own = labels[i]
        out[i] = 0.0
        if size[own] == 1.0:
            continue
        inside, outside = sums[own] / (size[own] - 1.0), np.inf
        for cluster in range(clusters):
            if cluster != own:
                outside = min(outside, sums[cluster] / size[cluster])
        if max(inside, outside) > 0.0:
            out[i] = (outside - inside) / max(inside, outside)
