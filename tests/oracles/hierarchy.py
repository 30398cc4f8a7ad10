"""Portfolios down a tree of assets, in plain Python from the definitions."""

import itertools
import math

import numpy as np


def correlations(covariance):
    """Return the correlation matrix."""
    deviations = np.sqrt(np.diag(covariance))
    return covariance / np.outer(deviations, deviations)


def distances(covariance, kind="correlation"):
    """Return the distances between assets."""
    correlation = np.clip(correlations(covariance), -1.0, 1.0)
    near = np.sqrt(0.5 * (1.0 - correlation))
    np.fill_diagonal(near, 0.0)
    if kind == "correlation":
        return near
    n = len(near)
    return np.array([[math.dist(near[i], near[j]) for j in range(n)] for i in range(n)])


def grow(apart, linkage="single"):
    """Return the tree as nested pairs, and the list of its nodes from the lowest merge up.

    The pair of clusters that's nearest is merged, the first of equally near ones, and stands last
    in the list from then on.
    """
    far = {
        "single": lambda a, b: min(apart[i][j] for i in leaves(a) for j in leaves(b)),
        "complete": lambda a, b: max(apart[i][j] for i in leaves(a) for j in leaves(b)),
        "average": lambda a, b: np.mean([apart[i][j] for i in leaves(a) for j in leaves(b)]),
        "ward": lambda a, b: ward(apart, leaves(a), leaves(b)),
    }[linkage]
    clusters, merged = list(range(len(apart))), []
    while len(clusters) > 1:
        pairs = itertools.combinations(range(len(clusters)), 2)
        a, b = min(pairs, key=lambda pair: far(clusters[pair[0]], clusters[pair[1]]))
        merged.append((clusters[a], clusters[b]))
        clusters = [c for at, c in enumerate(clusters) if at not in (a, b)] + [merged[-1]]
    return clusters[0], merged


def ward(apart, left, right):
    """Return how far apart two clusters are: the root of twice the growth in scatter."""

    def scatter(members):
        return sum(apart[i][j] ** 2 for i in members for j in members) / (2 * len(members))

    return math.sqrt(max(2.0 * (scatter(left + right) - scatter(left) - scatter(right)), 0.0))


def leaves(node):
    """Return the leaves of a tree of nested pairs, from left to right."""
    return leaves(node[0]) + leaves(node[1]) if isinstance(node, tuple) else [node]


def clusters_of(tree, merged, count):
    """Return lists of leaves: what's left of the tree when its highest merges are undone."""
    undone = merged[len(merged) - (count - 1) :]

    def walk(node):
        is_undone = any(node is other for other in undone)
        return walk(node[0]) + walk(node[1]) if is_undone else [leaves(node)]

    return walk(tree)


def inverse_variance_risk(covariance, members):
    """Return the variance of some assets under weights inverse to their variances."""
    part = covariance[np.ix_(members, members)]
    weights = 1.0 / np.diag(part)
    weights /= weights.sum()
    return weights @ part @ weights


def hrp(covariance, kind="correlation", linkage="single"):
    """Return the weights of hierarchical risk parity."""
    tree, _ = grow(distances(covariance, kind), linkage)
    weights = np.ones(len(covariance))

    def bisect(row):
        if len(row) < 2:
            return
        left, right = row[: len(row) // 2], row[len(row) // 2 :]
        a, b = (inverse_variance_risk(covariance, side) for side in (left, right))
        weights[left] *= b / (a + b)
        weights[right] *= a / (a + b)
        bisect(left)
        bisect(right)

    bisect(leaves(tree))
    return weights


def herc(covariance, count, kind="correlation", linkage="ward", risk="variance"):
    """Return the weights of hierarchical equal risk contribution."""
    tree, merged = grow(distances(covariance, kind), linkage)
    clusters = clusters_of(tree, merged, count)
    power = 1.0 if risk == "variance" else 0.5
    weights = np.zeros(len(covariance))
    risks = {}
    for members in clusters:
        part = covariance[np.ix_(members, members)]
        inside = np.diag(part) ** -power
        inside /= inside.sum()
        weights[members] = inside
        risks[tuple(members)] = (inside @ part @ inside) ** power

    def share(node):
        if tuple(leaves(node)) in risks:
            return
        total = [
            sum(value for key, value in risks.items() if set(key) <= set(leaves(side)))
            for side in node
        ]
        weights[leaves(node[0])] *= total[1] / sum(total)
        weights[leaves(node[1])] *= total[0] / sum(total)
        share(node[0])
        share(node[1])

    share(tree)
    return weights


def silhouettes(apart, labels):
    """Return each asset's silhouette."""
    out = []
    for i, own in enumerate(labels):
        mates = [apart[i][j] for j in range(len(labels)) if labels[j] == own and j != i]
        if not mates:
            out.append(0.0)
            continue
        inside = np.mean(mates)
        outside = min(
            np.mean([apart[i][j] for j in range(len(labels)) if labels[j] == other])
            for other in set(labels) - {own}
        )
        out.append((outside - inside) / max(inside, outside))
    return np.array(out)


def dispersion(apart, labels):
    """Return the pooled sum of squares within clusters."""
    total = 0.0
    for cluster in set(labels):
        members = [i for i in range(len(labels)) if labels[i] == cluster]
        total += sum(apart[i][j] ** 2 for i in members for j in members) / (2 * len(members))
    return total


def long_only(covariance, linear):
    """Return weights in proportion to the x >= 0 that minimises x'Cx / 2 - b'x."""
    from scipy.optimize import nnls

    root = np.linalg.cholesky(covariance)
    found, _ = nnls(root.T, np.linalg.solve(root, linear))
    return found / found.sum()


def nco(covariance, count, excess=None, linkage="ward"):
    """Return the weights of nested clustered optimization, of least variance without `excess`."""
    linear = np.ones(len(covariance)) if excess is None else excess
    tree, merged = grow(distances(covariance), linkage)
    columns = []
    for members in clusters_of(tree, merged, count):
        if (linear[members] > 0).any():
            column = np.zeros(len(covariance))
            column[members] = long_only(covariance[np.ix_(members, members)], linear[members])
            columns.append(column)
    inside = np.column_stack(columns)
    return inside @ long_only(inside.T @ covariance @ inside, inside.T @ linear)
