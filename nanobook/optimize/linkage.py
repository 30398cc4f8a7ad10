"""Trees of assets: who's merged with whom, from the nearest pair to the last.

A tree of N leaves is an (N - 1, 2) matrix, a row a merge, in order of height: numbers below N
are leaves, N + i is what row i made, and the smaller number stands left. Merges of one height
stand as SciPy's `linkage` has them.

References
----------
.. [1] Prim (1957), "Shortest connection networks and some generalizations".
.. [2] Murtagh (1983), "A survey of recent advances in hierarchical clustering algorithms": the
   chain of nearest neighbours.
"""

import math

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit

__all__ = ["LINKAGES", "cut_tree", "fill_leaves", "fill_tree", "read_linkage"]

SINGLE, COMPLETE, AVERAGE, WARD = range(4)

#: Their codes by name.
LINKAGES = {"single": SINGLE, "complete": COMPLETE, "average": AVERAGE, "ward": WARD}


def read_linkage(linkage):
    """Return the code of a linkage.

    Parameters
    ----------
    linkage : {"single", "complete", "average", "ward"}
        Its name.

    Returns
    -------
    int64
        What `fill_tree` takes.

    Raises
    ------
    ValidationError
        If it's another one.
    """
    if linkage not in LINKAGES:
        raise ValidationError(
            f"linkage must be 'single', 'complete', 'average' or 'ward', got {linkage!r}"
        )
    return np.int64(LINKAGES[linkage])


@njit
def fill_tree(distances, linkage, tree, heights):
    """Fill the tree of a symmetric matrix of distances, and how far apart each merge's sides are.

    Overwrites the distances, but for single linkage.
    """
    merges = heights.size
    pairs, apart = np.empty((merges, 2), np.int64), np.empty(merges)
    if linkage == SINGLE:
        _nearest_first(distances, pairs, apart)
    else:
        _follow_chains(distances, linkage, pairs, apart)
    order = np.empty(merges, np.int64)
    _sort(apart, order)
    leader = np.empty(2 * merges + 1, np.int64)  # of each cluster, what it has become part of
    for i in range(leader.size):
        leader[i] = i
    for i in range(merges):
        heights[i] = apart[order[i]]
        left = _lead(leader, pairs[order[i], 0])
        right = _lead(leader, pairs[order[i], 1])
        tree[i, 0], tree[i, 1] = min(left, right), max(left, right)
        leader[left] = leader[right] = merges + 1 + i


@njit
def _nearest_first(distances, pairs, apart):
    """Grow a tree from leaf 0, always by the leaf nearest to it.

    The pair is the leaf taken and the one before, which is as good as its neighbour in the tree:
    all leaves between them hang together by shorter distances once this one counts.
    """
    n = apart.size + 1
    nearest = np.full(n, np.inf)
    waiting = np.arange(n)  # leaves outside, in order
    last = np.int64(0)
    for taken in range(n - 1):
        row = distances[last]
        best, least, at = last, np.inf, 0
        for i in range(n - taken):
            leaf = waiting[i]
            if leaf == last:
                continue
            waiting[at] = leaf  # closes the gap
            at += 1
            near = min(nearest[leaf], row[leaf])
            nearest[leaf] = near
            if near < least:
                least = near
                best = leaf
        pairs[taken, 0], pairs[taken, 1], apart[taken] = last, best, least
        last = best


@njit
def _follow_chains(distances, linkage, pairs, apart):
    """Follow nearest neighbours until two name each other, merge them, and go on from before."""
    n = apart.size + 1
    size = np.ones(n)
    chain = np.empty(n, np.int64)
    length, first = 0, np.int64(0)
    for merge in range(n - 1):
        if length == 0:
            while size[first] == 0.0:
                first += 1
            chain[0] = first
            length = 1
        while True:
            tip = chain[length - 1]
            found, least = np.int64(-1), np.inf
            if length > 1:  # the one before wins ties
                found = chain[length - 2]
                least = distances[tip, found]
            for i in range(n):
                if size[i] > 0.0 and i != tip and distances[tip, i] < least:
                    least = distances[tip, i]
                    found = i
            if length > 1 and found == chain[length - 2]:
                break
            chain[length] = found
            length += 1
        length -= 2
        gone, kept = min(tip, found), max(tip, found)
        pairs[merge, 0], pairs[merge, 1], apart[merge] = gone, kept, least
        _merge(distances, size, linkage, gone, kept)


@njit
def _merge(distances, size, linkage, gone, kept):
    """Put one cluster into another: by Lance's and Williams's formula for each linkage."""
    n = size.size
    m, k, between = size[gone], size[kept], distances[gone, kept]
    size[gone] = 0.0
    size[kept] = m + k
    for i in range(n):
        if size[i] == 0.0 or i == kept:
            continue
        a, b = distances[i, gone], distances[i, kept]
        if linkage == COMPLETE:
            far = max(a, b)
        elif linkage == AVERAGE:
            far = (m * a + k * b) / (m + k)
        else:
            s = size[i]
            square = (s + m) * a * a + (s + k) * b * b - s * between * between
            far = math.sqrt(max(square / (s + m + k), 0.0))
        distances[i, kept] = distances[kept, i] = far


@njit
def _sort(values, order):
    """Fill the order in which values rise; equal ones keep theirs."""
    n = values.size
    for i in range(n):
        order[i] = i
    other = np.empty(n, np.int64)
    width = 1
    while width < n:
        start = 0
        while start < n:
            middle, end = min(start + width, n), min(start + 2 * width, n)
            i, j = start, middle
            for at in range(start, end):
                if i < middle and (j >= end or not values[order[j]] < values[order[i]]):
                    other[at] = order[i]
                    i += 1
                else:
                    other[at] = order[j]
                    j += 1
            start = end
        for i in range(n):
            order[i] = other[i]
        width *= 2


@njit
def _lead(leader, node):
    """Return the cluster that a node is part of by now."""
    top = node
    while leader[top] != top:
        top = leader[top]
    while leader[node] != top:  # next time it's one step
        above = leader[node]
        leader[node] = top
        node = above
    return top


@njit
def fill_leaves(tree, order):
    """Fill the leaves from left to right."""
    n = order.size
    stack = np.empty(n, np.int64)
    stack[0] = 2 * n - 2
    depth, at = 1, 0
    while depth:
        depth -= 1
        node = stack[depth]
        if node < n:
            order[at] = node
            at += 1
        else:
            stack[depth] = tree[node - n, 1]
            stack[depth + 1] = tree[node - n, 0]
            depth += 2


@njit
def cut_tree(tree, clusters, labels):
    """Fill the cluster of each leaf, 0 .. clusters - 1 from left to right.

    The merges of the highest ``clusters - 1`` are undone.
    """
    n = labels.size
    stack = np.empty(n, np.int64)
    stack[0] = 2 * n - 2
    depth, found = 1, -1
    inside = n  # while the stack is higher than this, leaves belong to the cluster at hand
    while depth:
        depth -= 1
        node = stack[depth]
        if depth < inside:
            inside = n
        if node < 2 * n - clusters and inside == n:
            found += 1
            inside = depth
        if node < n:
            labels[node] = found
        else:
            stack[depth] = tree[node - n, 1]
            stack[depth + 1] = tree[node - n, 0]
            depth += 2
